package requestinfo

import (
	"reflect"
	"testing"

	"github.com/echosvc/echosvc/internal/wsproto"
)

func request(fields ...wsproto.Field) *wsproto.Request {
	return &wsproto.Request{Method: "GET", Target: "/a\xff", Proto: "HTTP/1.1", Fields: fields}
}

// TestFieldsAreUnchanged, in their order and spelling.
func TestFieldsAreUnchanged(t *testing.T) {
	r := request(wsproto.Field{Name: "x-B", Value: "2"}, wsproto.Field{Name: "A", Value: "\xff"}, wsproto.Field{Name: "X-b", Value: "1"}, wsproto.Field{Name: "Cookie", Value: "a=b"})
	if got, want := Fields(r), []NameValue{{"x-B", "2"}, {"A", "\ufffd"}, {"X-b", "1"}, {"Cookie", "a=b"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := Line(r); got != "GET /a\ufffd HTTP/1.1" {
		t.Errorf("the request line is %q", got)
	}
}

// TestSecretsAreHiddenFromBrowsers: the server must not show a page what its browser hides.
func TestSecretsAreHiddenFromBrowsers(t *testing.T) {
	for _, sign := range []wsproto.Field{{Name: "origin", Value: "http://x"}, {Name: "Sec-Fetch-Site", Value: "same-origin"}} {
		got := Fields(request(wsproto.Field{Name: "cookie", Value: "session=1"}, wsproto.Field{Name: "Authorization", Value: "Basic eA=="},
			wsproto.Field{Name: "Proxy-Authorization", Value: "x"}, sign))
		want := []NameValue{{"cookie", "hidden from browsers: 9 bytes"}, {"Authorization", "hidden from browsers: 10 bytes"},
			{"Proxy-Authorization", "hidden from browsers: 1 bytes"}, {sign.Name, sign.Value}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("with %s: got %v, want %v", sign.Name, got, want)
		}
	}
}

func TestIdentityWithoutAPod(t *testing.T) {
	if got := NewIdentity("", "", "", "v1"); got.Pod == "" || got.Version != "v1" {
		t.Errorf("got %+v", got)
	}
	if got, want := NewIdentity("p", "n", "ns", "v1"), (Identity{"p", "n", "ns", "v1"}); got != want {
		t.Errorf("got %+v", got)
	}
}
