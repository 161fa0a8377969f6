package wsproto

import (
	"reflect"
	"slices"
	"testing"
)

func TestParseRequest_RFC9112(t *testing.T) {
	got, err := ParseRequest([]byte("GET /a?b=c HTTP/1.1\r\nHost: x\r\nEmpty:\r\nx-Spaced: \t a b \t\r\nBytes: \xff\tz\r\nhost:y\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := Request{"GET", "/a?b=c", "HTTP/1.1", []Field{
		{"Host", "x"}, {"Empty", ""}, {"x-Spaced", "a b"}, {"Bytes", "\xff\tz"}, {"host", "y"},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if values := slices.Collect(got.Values("HOST")); !slices.Equal(values, []string{"x", "y"}) {
		t.Errorf("Values = %q", values)
	}
	for value := range got.Values("host") {
		if value != "x" {
			t.Errorf("the first value is %q", value)
		}
		break
	}
}

func TestMalformedRequests_RFC9112Section3(t *testing.T) {
	tests := []struct {
		name   string
		head   string
		status int
	}{
		{"one word", "GET\r\n\r\n", 400},
		{"two words", "GET /\r\n\r\n", 400},
		{"two spaces", "GET  / HTTP/1.1\r\n\r\n", 400},
		{"four words", "GET / x HTTP/1.1\r\n\r\n", 400},
		{"method is not a token", "G(T / HTTP/1.1\r\n\r\n", 400},
		{"control character in the target", "GET /\x01 HTTP/1.1\r\n\r\n", 400},
		{"delete in the target", "GET /\x7f HTTP/1.1\r\n\r\n", 400},
		{"not HTTP", "GET / SIP/2.0\r\n\r\n", 400},
		{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\n", 505},
		{"minor version of two digits", "GET / HTTP/1.10\r\n\r\n", 505},
		{"minor version that is no digit", "GET / HTTP/1.x\r\n\r\n", 505},
		{"no minor version", "GET / HTTP/1.\r\n\r\n", 505},
		{"HTTP/0.9 with a version", "GET / HTTP/0.9\r\n\r\n", 505},
		{"CR in the version", "GET / HTTP/1.1\r\r\n\r\n", 505},
		{"field without a colon", "GET / HTTP/1.1\r\nHost\r\n\r\n", 400},
		{"field without a name", "GET / HTTP/1.1\r\n: x\r\n\r\n", 400},
		{"space before the colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400},
		{"folded line", "GET / HTTP/1.1\r\nA: x\r\n y\r\n\r\n", 400},
		{"NUL in a value", "GET / HTTP/1.1\r\nA: x\x00y\r\n\r\n", 400},
		{"CR in a value", "GET / HTTP/1.1\r\nA: x\ry\r\n\r\n", 400},
		{"delete in a value", "GET / HTTP/1.1\r\nA: x\x7f\r\n\r\n", 400},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := ParseRequest([]byte(test.head))
			want := ReasonMalformed
			if test.status == 505 {
				want = ReasonHTTPVersion
			}
			if err == nil || err.Status != test.status || err.Reason != want {
				t.Errorf("got %v, want %d, %s", err, test.status, want)
			}
		})
	}
}
