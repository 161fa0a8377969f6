package wsproto

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"testing"
)

// TestRefusalIsAResponseThatCloses reads each refusal with net/http: none is 101, each
// closes the connection, and its body says what was wrong.
func TestRefusalIsAResponseThatCloses(t *testing.T) {
	_, version := anything.Accept(request(t, "Sec-WebSocket-Version: 8"))
	_, method := anything.Accept(request(t, "POST / HTTP/1.1"))
	tests := []struct {
		refusal     *Refusal
		status      int
		field, want string
	}{
		{refuse(400, "bad"), 400, "", ""},
		{method, 405, "Allow", "GET"},
		{version, 426, "Sec-WebSocket-Version", "13"},
		{version, 426, "Upgrade", "websocket"},
		{Timeout("late"), 408, "", ""},
		{Incomplete(), 400, "", ""},
		{Unavailable("full", 5), 503, "Retry-After", "5"},
	}
	for _, test := range tests {
		r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(test.refusal.AppendResponse(nil))), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != test.refusal.Text+"\n" {
			t.Errorf("the body is %q, %v; want %q", body, err, test.refusal.Text)
		}
		if r.StatusCode != test.status || !r.Close || r.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("got status %d, close %v, %v; want %d, closing", r.StatusCode, r.Close, r.Header, test.status)
		}
		if test.field != "" && r.Header.Get(test.field) != test.want {
			t.Errorf("%s is %q, want %q", test.field, r.Header.Get(test.field), test.want)
		}
	}
}

func TestEveryStatusHasItsReasonPhrase(t *testing.T) {
	for status, phrase := range reasonPhrases {
		want := http.StatusText(status)
		if status == statusURITooLong {
			want = "URI Too Long" // net/http keeps the older name; RFC 9110 section 15.5.15
		}
		if phrase != want {
			t.Errorf("%d is %q, want %q", status, phrase, want)
		}
	}
}
