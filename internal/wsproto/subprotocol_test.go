package wsproto

import (
	"strings"
	"testing"
)

func TestSubprotocol_Section4_2_2(t *testing.T) {
	tests := []struct {
		name   string
		policy Policy
		fields []string
		want   string
	}{
		{"none offered", Policy{AnySubprotocol: true}, nil, ""},
		{"any: the first", Policy{AnySubprotocol: true}, []string{"b, a"}, "b"},
		{"any: the first of several fields", Policy{AnySubprotocol: true}, []string{" ,", "c", "a"}, "c"},
		{"empty elements and white space (RFC 9110 section 5.6.1)", Policy{Subprotocols: []string{"b"}}, []string{"", ",, ,", " a ,\tb,,d"}, "b"},
		{"list: the client's order decides", Policy{Subprotocols: []string{"a", "b"}}, []string{"x, b", "a"}, "b"},
		{"list: none is on it", Policy{Subprotocols: []string{"a"}}, []string{"b"}, ""},
		{"list: case matters", Policy{Subprotocols: []string{"a"}}, []string{"A"}, ""},
		{"no list", Policy{}, []string{"a"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var changes []string
			for _, field := range test.fields {
				changes = append(changes, "+Sec-WebSocket-Protocol: "+field)
			}
			policy := test.policy
			policy.AnyOrigin = true
			handshake, err := policy.Accept(request(t, changes...))
			if err != nil || handshake.Subprotocol != test.want {
				t.Errorf("got %q, %v; want %q", handshake.Subprotocol, err, test.want)
			}
			response := string(handshake.AppendResponse(nil, date))
			if strings.Contains(response, "Sec-WebSocket-Protocol") != (test.want != "") {
				t.Errorf("the response is %q", response)
			}
		})
	}
}

// TestLongSubprotocols: one that is selected is repeated in the response, which must fit into a
// buffer. Others, such as tokens, are of any length.
func TestLongSubprotocols(t *testing.T) {
	longest := strings.Repeat("a", MaxSubprotocol)
	for _, test := range []struct {
		policy Policy
		offers string
		status int // 0 if it is accepted
	}{
		{Policy{AnySubprotocol: true}, longest, 0},
		{Policy{AnySubprotocol: true}, longest + "a", 431},
		{Policy{AnySubprotocol: true}, "chat, " + longest + "a", 0},
		{Policy{Subprotocols: []string{"chat"}}, longest + "a, chat", 0},
		{Policy{}, longest + "a", 0},
	} {
		test.policy.AnyOrigin = true
		_, err := test.policy.Accept(request(t, "+Sec-WebSocket-Protocol: "+test.offers))
		if err == nil != (test.status == 0) || err != nil && (err.Status != test.status || !strings.Contains(err.Text, "4097 bytes, and the limit of this server is 4096")) {
			t.Errorf("%.10s...%s: %v", test.offers, test.offers[len(test.offers)-6:], err)
		}
	}
}
