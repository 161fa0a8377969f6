package model

import (
	"strings"
	"testing"
)

// TestAccept_RFC7692Section7_1: which extensions of a response answer an offer.
func TestAccept_RFC7692Section7_1(t *testing.T) {
	const deflate = "permessage-deflate"
	tests := []struct {
		offers      []string
		compression string
		answer      string // empty is none
		want        Params
		wrong       bool
	}{
		{nil, "stateless", "", Params{}, false},
		{nil, "stateless", deflate, Params{}, true},
		{[]string{deflate}, "off", "", Params{}, false},
		{[]string{deflate}, "off", deflate, Params{}, true},
		{[]string{deflate}, "takeover", "", Params{}, true},
		{[]string{deflate}, "takeover", deflate, Params{Agreed: true}, false},
		{[]string{deflate}, "stateless", deflate, Params{}, true},
		{[]string{deflate}, "stateless", deflate + "; server_no_context_takeover; client_no_context_takeover", stateless, false},
		{[]string{deflate + "; server_no_context_takeover"}, "takeover", deflate, Params{}, true},
		{[]string{deflate}, "takeover", deflate + "; client_max_window_bits=10", Params{}, true},
		{[]string{deflate + "; client_max_window_bits"}, "takeover", deflate + "; client_max_window_bits=10", Params{Agreed: true, ClientWindowBits: 10}, false},
		{[]string{deflate + "; client_max_window_bits=9"}, "takeover", deflate + "; client_max_window_bits=10", Params{}, true},
		{[]string{deflate + "; server_max_window_bits=9"}, "takeover", deflate, Params{}, true},
		{[]string{deflate + "; server_max_window_bits=9"}, "takeover", "", Params{}, false}, // it could not be kept
		{[]string{deflate + "; server_max_window_bits=9"}, "takeover", deflate + "; server_max_window_bits=9", Params{}, true},
		{[]string{deflate + "; server_max_window_bits=7"}, "takeover", "", Params{}, false},
		{[]string{deflate + "; x", deflate}, "takeover", deflate, Params{Agreed: true}, false},
		{[]string{deflate}, "takeover", "x-unknown", Params{}, true},
	}
	for _, test := range tests {
		h := Handshake{Offers: test.offers}
		r := response{status: 101, fields: map[string][]string{
			"upgrade": {"websocket"}, "connection": {"Upgrade"}, "sec-websocket-accept": {"ICX+Yqv66kxgM0FcWaLWlFLwTAI="},
		}}
		if test.answer != "" {
			r.fields["sec-websocket-extensions"] = []string{test.answer}
		}
		if got, err := h.accept(&r, test.compression); got != test.want || (err != nil) != test.wrong {
			t.Errorf("%q to %q with %s: %+v, %v", test.answer, test.offers, test.compression, got, err)
		}
	}
}

// TestAccept_RFC6455Section4_1: the other header fields of a response.
func TestAccept_RFC6455Section4_1(t *testing.T) {
	good := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\nSec-WebSocket-Protocol: a\r\n\r\n"
	tests := []struct {
		old, new string
		wrong    bool
	}{
		{"", "", false},
		{"websocket", "h2c", true},
		{"ICX", "ACX", true},
		{"Protocol: a", "Protocol: b", true},
		{"Sec-WebSocket-Protocol: a\r\n", "", true},
	}
	for _, test := range tests {
		r, n, err := cutResponse([]byte(strings.Replace(good, test.old, test.new, 1) + "\x81\x00"))
		if err != nil || n == 0 {
			t.Fatal(n, err)
		}
		h := Handshake{Protocols: []string{"a, b"}}
		if _, err := h.accept(&r, "off"); (err != nil) != test.wrong {
			t.Errorf("%q for %q: %v", test.new, test.old, err)
		}
	}
}

// TestRefusals: each changes the request, and is told by its status code.
func TestRefusals(t *testing.T) {
	good := string((&Handshake{}).request())
	for _, r := range refusals {
		h := Handshake{Refusal: r.name}
		if string(h.request()) == good || h.status() == 101 {
			t.Errorf("%s: the request is the same", r.name)
		}
	}
	h := Handshake{Refusal: "no key"}
	tests := []struct {
		received string
		missing  bool
		diff     string
	}{
		{"", true, ""},
		{"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 2\r\n\r\na", true, ""},
		{"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab", false, ""},
		{"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 2\r\n\r\nabc", false, "Content-Length"},
		{"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", false, "Connection: close"},
		{"HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", false, "want 400"},
		{"HTTP/1.0 400 Bad Request\r\n\r\n", false, "status line"},
	}
	for _, test := range tests {
		missing, diff := h.checkRefusal([]byte(test.received))
		if missing != test.missing || (diff == "") != (test.diff == "") || !strings.Contains(diff, test.diff) {
			t.Errorf("%q: missing %v, %q", test.received, missing, diff)
		}
	}
}
