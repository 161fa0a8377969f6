package query

import "testing"

func TestRequiredFields_RFC9110Section15_5(t *testing.T) {
	for status, want := range map[int]string{401: "WWW-Authenticate", 405: "Allow", 407: "Proxy-Authenticate", 426: "Sec-WebSocket-Version", 400: "", 503: "", 200: ""} {
		if f, ok := RequiredField(status); f.Name != want || ok != (want != "") {
			t.Errorf("%d needs %+v, %v; want %q", status, f, ok, want)
		}
	}
}
