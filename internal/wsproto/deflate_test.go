package wsproto

import (
	"strings"
	"testing"
)

var (
	stateless = Deflate{agreed: true, ServerNoContextTakeover: true, ClientNoContextTakeover: true}
	takeover  = Deflate{agreed: true}
	// smallWindow binds the client to the window of 512 bytes that it wants from the server.
	smallWindow = Deflate{agreed: true, ServerMaxWindowBits: 9, ClientMaxWindowBits: 9}
)

// deflateOffers has values of Sec-WebSocket-Extensions, and the responses without and with
// context takeover. "-" stands for a declined offer.
var deflateOffers = []struct {
	rule, offer, stateless, takeover string
}{
	{"no extension", "", "-", "-"},
	{"another extension", "x-webkit-deflate-frame", "-", "-"},
	{"names are case-sensitive", "Permessage-Deflate", "-", "-"},
	{"section 7.1.3, first example", "permessage-deflate", "S; C", ""},
	{"as browsers offer it", "permessage-deflate; client_max_window_bits", "S; C", ""},
	{"as Safari offered it", "x-webkit-deflate-frame, permessage-deflate", "S; C", ""},
	{"section 7.1.1.1", "permessage-deflate; server_no_context_takeover", "S; C", "S; C"},
	{"section 7.1.1.1 with a value", "permessage-deflate; server_no_context_takeover=1", "-", "-"},
	{"section 7.1.1.1 twice", "permessage-deflate; server_no_context_takeover; server_no_context_takeover", "-", "-"},
	{"section 7.1.1.2", "permessage-deflate; client_no_context_takeover", "S; C", "C"},
	{"section 7.1.1.2 with a value", "permessage-deflate; client_no_context_takeover=true", "-", "-"},
	{"section 7.1.1.2 twice", "permessage-deflate; client_no_context_takeover; client_no_context_takeover", "-", "-"},
	{"both of section 7.1.1", "permessage-deflate; client_no_context_takeover; server_no_context_takeover", "S; C", "S; C"},
	{"section 7.1.2.1 without a value", "permessage-deflate; server_max_window_bits", "-", "-"},
	{"section 7.1.2.1: the largest", "permessage-deflate; server_max_window_bits=15", "S; C; s=15", "s=15"},
	{"section 7.1.2.1: the client can be bound to it", "permessage-deflate; server_max_window_bits=10; client_max_window_bits", "S; C; s=10; c=10", "s=10; c=10"},
	{"section 7.1.2.1: the smallest", "permessage-deflate; client_max_window_bits; server_max_window_bits=8", "S; C; s=8; c=8", "s=8; c=8"},
	{"section 5.1: the client cannot be bound to it", "permessage-deflate; server_max_window_bits=9", "-", "-"},
	{"section 5.1: nor to 14", "permessage-deflate; server_max_window_bits=14; client_no_context_takeover; server_no_context_takeover", "-", "-"},
	{"section 7.1.2.1: 7", "permessage-deflate; server_max_window_bits=7; client_max_window_bits", "-", "-"},
	{"section 7.1.2.1: 16", "permessage-deflate; server_max_window_bits=16; client_max_window_bits", "-", "-"},
	{"section 7.1.2.1: a leading zero", "permessage-deflate; server_max_window_bits=09; client_max_window_bits", "-", "-"},
	{"section 7.1.2.1: a sign", "permessage-deflate; server_max_window_bits=+9; client_max_window_bits", "-", "-"},
	{"section 7.1.2.1: no number", "permessage-deflate; server_max_window_bits=ten; client_max_window_bits", "-", "-"},
	{"section 7.1.2.1 twice", "permessage-deflate; server_max_window_bits=9; server_max_window_bits=9; client_max_window_bits", "-", "-"},
	{"section 7.1.2.1 with a quoted value", `permessage-deflate; server_max_window_bits="10"; client_max_window_bits`, "S; C; s=10; c=10", "s=10; c=10"},
	{"section 7.1.2.2 with a value, which is a hint", "permessage-deflate; client_max_window_bits=10", "S; C", ""},
	{"section 7.1.2.2: smaller than the server's", "permessage-deflate; client_max_window_bits=9; server_max_window_bits=12", "S; C; s=12; c=9", "s=12; c=9"},
	{"section 7.1.2.2: larger than the server's", "permessage-deflate; client_max_window_bits=12; server_max_window_bits=9", "S; C; s=9; c=9", "s=9; c=9"},
	{"section 7.1.2.2: 16", "permessage-deflate; client_max_window_bits=16", "-", "-"},
	{"section 7.1.2.2: 0", "permessage-deflate; client_max_window_bits=0", "-", "-"},
	{"section 7.1.2.2: a leading zero", "permessage-deflate; client_max_window_bits=010", "-", "-"},
	{"section 7.1.2.2: a quoted value", `permessage-deflate; client_max_window_bits="1\0"; server_max_window_bits=11`, "S; C; s=11; c=10", "s=11; c=10"},
	{"section 7.1.2.2 twice", "permessage-deflate; client_max_window_bits; client_max_window_bits=10", "-", "-"},
	{"all four", "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=9", "S; C; s=9; c=9", "S; C; s=9; c=9"},
	{"section 7: an unknown parameter", "permessage-deflate; level=9", "-", "-"},
	{"section 5.1: the next offer", "permessage-deflate; level=9, permessage-deflate; client_no_context_takeover", "S; C", "C"},
	{"section 7.1.3, the example of a fallback", "permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate; client_max_window_bits", "S; C; s=10; c=10", "s=10; c=10"},
	{"section 5.1: the client cannot be bound to the first offer", "permessage-deflate; server_max_window_bits=10, permessage-deflate", "S; C", ""},
	{"section 5.1: the first of two acceptable offers", "permessage-deflate; server_max_window_bits=15, permessage-deflate", "S; C; s=15", "s=15"},
	{"among others", "foo; bar=1, permessage-deflate, baz", "S; C", ""},
}

func TestNegotiateDeflate_RFC7692Section7_1(t *testing.T) {
	short := strings.NewReplacer("S", serverNoContextTakeover, "C", clientNoContextTakeover, "s=", serverMaxWindowBits+"=", "c=", clientMaxWindowBits+"=")
	for _, test := range deflateOffers {
		for mode, want := range map[Compression]string{NoCompression: "-", Stateless: test.stateless, Takeover: test.takeover} {
			offers, ok := parseExtensions(nil, test.offer)
			if !ok {
				t.Fatalf("%s: %q does not match the grammar", test.rule, test.offer)
			}
			switch want {
			case "-":
				want = ""
			case "":
				want = deflateName
			default:
				want = deflateName + "; " + short.Replace(want)
			}
			d := mode.negotiate(offers)
			if got := d.String(); got != want || d.Agreed() != (want != "") {
				t.Errorf("%s: %q in mode %d gets %q, want %q", test.rule, test.offer, mode, got, want)
			}
		}
	}
}

// TestDeflateResponse_Section4_2_2 checks that the 101 has the agreement and nothing else.
func TestDeflateResponse_Section4_2_2(t *testing.T) {
	request := func(extensions string) string {
		return strings.Replace(exampleRequest, "\r\n\r\n", "\r\nSec-WebSocket-Extensions: "+extensions+"\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n", 1)
	}
	for offer, want := range map[string]string{
		"permessage-deflate; server_max_window_bits=9; client_max_window_bits": "\r\nSec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9; client_max_window_bits=9\r\n\r\n",
		"foo": "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n", // from the second field
	} {
		r, err := ParseRequest([]byte(request(offer)))
		if err != nil {
			t.Fatal(err)
		}
		policy := Policy{AnyOrigin: true, Compression: Takeover}
		handshake, err := policy.Accept(&r)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(handshake.AppendResponse(nil, date)); !strings.HasSuffix(got, want) || strings.Count(got, "Extensions") != 1 {
			t.Errorf("%s: the response is %q", offer, got)
		}
	}
}
