package requestinfo

import (
	"reflect"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// fields returns what a tool is shown.
func fields(r *wsproto.Request) []NameValue {
	list, _ := new(Filter).Fields(r)
	return list
}

func request(fields ...wsproto.Field) *wsproto.Request {
	return &wsproto.Request{Method: "GET", Target: "/a\xff", Proto: "HTTP/1.1", Fields: fields}
}

// TestFieldsAreUnchanged, in their order and spelling.
func TestFieldsAreUnchanged(t *testing.T) {
	r := request(wsproto.Field{Name: "x-B", Value: "2"}, wsproto.Field{Name: "A", Value: "\xff"}, wsproto.Field{Name: "X-b", Value: "1"}, wsproto.Field{Name: "Cookie", Value: "a=b"})
	if got, want := fields(r), []NameValue{{"x-B", "2"}, {"A", `\xff`}, {"X-b", "1"}, {"Cookie", "a=b"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := Line(r); got != `GET /a\xff HTTP/1.1` {
		t.Errorf("the request line is %q", got)
	}
}

// TestSecretsAreHiddenFromBrowsers, whatever they are called.
func TestSecretsAreHiddenFromBrowsers(t *testing.T) {
	secrets := []string{"cookie", "Authorization", "Proxy-Authorization", "X-Forwarded-Access-Token", "X-Auth-Request-Access-Token", "Cf-Access-Jwt-Assertion",
		"X-Amzn-Oidc-Data", "X-Api-Key", "X-Goog-Iap-Jwt-Assertion", "x-anything"}
	for _, sign := range []wsproto.Field{
		{Name: "origin", Value: "http://x"}, {Name: "Sec-Fetch-Site", Value: "same-origin"}, {Name: "sec-ch-ua", Value: "x"}, {Name: "Referer", Value: "http://x/"},
		{Name: "Accept-Language", Value: "en"}, {Name: "User-Agent", Value: "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0"},
	} {
		for _, name := range secrets {
			r := request(wsproto.Field{Name: name, Value: "secret!"}, wsproto.Field{Name: "X-Forwarded-For", Value: "192.0.2.1"}, sign)
			got, hidden := new(Filter).Fields(r)
			want := []NameValue{{name, "hidden from browsers: 7 bytes"}, {"X-Forwarded-For", "192.0.2.1"}, {sign.Name, sign.Value}}
			if !reflect.DeepEqual(got, want) || !strings.Contains(hidden, "1 header fields") || !strings.Contains(hidden, "SHOW_HEADERS") {
				t.Errorf("with %s, a browser is shown %v and told %q", sign.Name, got, hidden)
			}
			for _, f := range []Filter{{ShowAll: true}, {Show: []string{strings.ToUpper(name)}}} {
				if got, hidden := f.Fields(r); got[0].Value != "secret!" || hidden != "" {
					t.Errorf("%+v shows %v and says %q", f, got, hidden)
				}
			}
		}
	}
	tool := request(wsproto.Field{Name: "Cookie", Value: "a=b"}, wsproto.Field{Name: "User-Agent", Value: "curl/8.0"})
	if got, hidden := new(Filter).Fields(tool); got[0].Value != "a=b" || hidden != "" {
		t.Errorf("a tool is shown %v and told %q", got, hidden)
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

// TestVisible: valid UTF-8 stays as it is, and every other byte can be told from the rest.
func TestVisible(t *testing.T) {
	for s, want := range map[string]string{
		"":                  "",
		"h\u00e9llo \ufffd": "h\u00e9llo \ufffd",
		"caf\xe9":           `caf\xe9`, // Latin-1
		"\xff\xfe":          `\xff\xfe`,
		"a\xe2\x82":         `a\xe2\x82`, // a character that is cut
		"\xed\xa0\x80z":     `\xed\xa0\x80z`,
		"\u20ac\x80\u20ac":  "\u20ac" + `\x80` + "\u20ac",
	} {
		if got := Visible(s); got != want {
			t.Errorf("Visible(%q) = %q, want %q", s, got, want)
		}
	}
}
