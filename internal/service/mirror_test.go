package service

import (
	"strings"
	"testing"
)

// TestSecretsAreHiddenFromBrowsers: scripts may not read HttpOnly cookies, and a reflection
// of them must not be how they do.
func TestSecretsAreHiddenFromBrowsers(t *testing.T) {
	r := start(t, "portable", nil)
	const request = "GET /x HTTP/1.1\r\nHost: x\r\ncookie: session=1\r\nAuthorization: Basic eA==\r\n"
	values := func(request string) string {
		var list []string
		for _, field := range askEcho(t, r.addr, request+"\r\n").Headers {
			list = append(list, field.Value)
		}
		return strings.Join(list, "|")
	}
	if got := values(request); got != "x|session=1|Basic eA==" {
		t.Errorf("a tool is told %q", got)
	}
	for _, field := range []string{"Origin: http://x", "Sec-Fetch-Site: same-origin"} {
		if got := values(request + field + "\r\n"); !strings.HasPrefix(got, "x|hidden from browsers: 9 bytes|hidden from browsers: 10 bytes|") {
			t.Errorf("a browser is told %q", got)
		}
	}
}

// TestOutsideOfAPod the host says who it is.
func TestOutsideOfAPod(t *testing.T) {
	if got := newIdentity(&Config{}, "v1"); got.Pod == "" || got.Version != "v1" {
		t.Errorf("got %+v", got)
	}
}
