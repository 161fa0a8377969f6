package wsproto

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestHandshakeErrorResponse reads responses with net/http. Each closes the connection, and
// its body is the text.
func TestHandshakeErrorResponse(t *testing.T) {
	_, version := anything.Accept(request(t, "Sec-WebSocket-Version: 8"))
	_, method := anything.Accept(request(t, "POST / HTTP/1.1"))
	tests := []struct {
		err         *HandshakeError
		status      int
		field, want string
	}{
		{Refuse(400, ReasonMalformed, "bad"), 400, "", ""},
		{method, 405, "Allow", "GET"},
		{version, 426, "Sec-WebSocket-Version", "13"},
		{version, 426, "Upgrade", "websocket"},
		{&HandshakeError{Status: 503, Reason: "full", Text: "full", Fields: []Field{{"Retry-After", "5"}}}, 503, "Retry-After", "5"},
		{&HandshakeError{Status: 499, Text: "a status without a reason phrase"}, 499, "", ""},
		{Refuse(400, ReasonMalformed, "bad"), 400, "Date", date},
	}
	for _, test := range tests {
		r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(test.err.AppendResponse(nil, date))), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != test.err.Error()+"\n" {
			t.Errorf("the body is %q, %v; want %q", body, err, test.err.Text)
		}
		if r.StatusCode != test.status || !r.Close || r.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("got status %d, close %v, %v; want %d, closing", r.StatusCode, r.Close, r.Header, test.status)
		}
		if test.field != "" && r.Header.Get(test.field) != test.want {
			t.Errorf("%s is %q, want %q", test.field, r.Header.Get(test.field), test.want)
		}
	}
}

// TestReasons checks that no two reasons share a name, and that TLS has a reason of its own.
func TestReasons(t *testing.T) {
	seen := map[Reason]bool{}
	for _, reason := range Reasons() {
		if reason == "" || seen[reason] {
			t.Errorf("the reason %q is empty or listed twice", reason)
		}
		seen[reason] = true
	}
	for first, want := range map[byte]Reason{0x16: ReasonTLS, 0x00: ReasonMalformed, 0x80: ReasonMalformed} {
		var head Head
		if _, e := head.Scan([]byte{first, 3, 1}); e == nil || e.Reason != want || e.Status != 400 {
			t.Errorf("a request that begins with 0x%02x is refused with %+v, want %s", first, e, want)
		}
	}
}

// TestNoBodyForHEAD_RFC9110Section9_3_2: the fields are those of the response with a body.
func TestNoBodyForHEAD_RFC9110Section9_3_2(t *testing.T) {
	e := Refuse(405, ReasonMethod, "no")
	whole := string(e.AppendResponse(nil, date))
	e.NoBody = true
	if got := string(e.AppendResponse(nil, date)); got+"no\n" != whole {
		t.Errorf("got %q, and with a body %q", got, whole)
	}
}

// TestPhraseOfOtherStatuses: a phrase of this package is not replaced.
func TestPhraseOfOtherStatuses(t *testing.T) {
	for status, want := range map[int]string{429: "HTTP/1.1 429 Slow Down\r\n", 400: "HTTP/1.1 400 Bad Request\r\n"} {
		e := &HandshakeError{Status: status, Phrase: "Slow Down"}
		if got := string(e.AppendResponse(nil, date)); !strings.HasPrefix(got, want) {
			t.Errorf("got %q", got)
		}
	}
}

func TestReasonPhrases_RFC9110Section15(t *testing.T) {
	for status, phrase := range reasonPhrases {
		want := http.StatusText(status)
		if status == statusURITooLong {
			want = "URI Too Long" // net/http has an older name
		}
		if phrase != want {
			t.Errorf("%d is %q, want %q", status, phrase, want)
		}
	}
}
