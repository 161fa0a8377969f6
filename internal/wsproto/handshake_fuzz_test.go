package wsproto

import (
	"slices"
	"testing"
)

// FuzzHead checks that a request head has the same end or is rejected however it is cut, and
// that ParseRequest and Accept take every head.
func FuzzHead(f *testing.F) {
	f.Add([]byte(exampleRequest+"\x81\x80abcd"), []byte{0, 1, 2})
	f.Add([]byte("GET / HTTP/1.1\r\nA: b\r\n\r\n"), []byte{})
	f.Add([]byte("GET / HTTP/1.1\r\nSec-WebSocket-Extensions: a; b=\"c\\d\"\r\nOrigin: null\r\n\r\n"), []byte{9})
	f.Fuzz(func(t *testing.T, in, cuts []byte) {
		var whole Head
		n, err := whole.Scan(in)
		if n > len(in) || n > MaxHead {
			t.Fatalf("a head of %d bytes in %d", n, len(in))
		}
		var pieces Head
		for arrived := 0; ; {
			m, piecesErr := pieces.Scan(in[:arrived])
			if piecesErr != nil {
				if err == nil {
					t.Fatalf("rejected in pieces only: %v", piecesErr)
				}
				break
			}
			if m != 0 || arrived == len(in) {
				if m != n || err != nil {
					t.Fatalf("Scan = %d in pieces; %d, %v whole", m, n, err)
				}
				break
			}
			arrived += nextCut(&cuts, len(in)-arrived)
		}
		if err != nil || n == 0 {
			return
		}
		r, err := ParseRequest(in[:n])
		if err != nil {
			return
		}
		policy := Policy{Origins: []string{"https://*.example.com"}, AnySubprotocol: true}
		handshake, err := policy.Accept(&r)
		if err == nil && (!r.IsUpgrade() || len(handshake.Accept) != 28 || handshake.Subprotocol != "" && !IsToken(handshake.Subprotocol)) {
			t.Fatalf("accepted %q with %+v", in[:n], handshake)
		}
		if len(handshake.AppendResponse(nil, date)) >= n+Headroom/2 {
			t.Fatalf("the response to %d bytes does not fit in their place", n)
		}
	})
}

// FuzzExtensions checks that what parseExtensions accepts means the same when it is written
// in its simplest form.
func FuzzExtensions(f *testing.F) {
	f.Add(`permessage-deflate; client_max_window_bits; server_max_window_bits="10", x`)
	f.Add(`a;b="c\"`)
	f.Fuzz(func(t *testing.T, value string) {
		offers, ok := parseExtensions(nil, value)
		if !ok {
			return
		}
		var plain []byte
		for _, offer := range offers {
			plain = append(plain, offer.name...)
			for _, param := range offer.params {
				plain = append(append(plain, ';'), param.name...)
				if param.hasValue {
					plain = append(append(plain, '='), param.value...)
				}
			}
			plain = append(plain, ',')
		}
		again, ok := parseExtensions(nil, string(plain))
		if !ok || len(again) != len(offers) {
			t.Fatalf("%q became %q, which means %+v, %v", value, plain, again, ok)
		}
		for i := range offers {
			if again[i].name != offers[i].name || !slices.Equal(again[i].params, offers[i].params) {
				t.Fatalf("%q became %q, which means %+v", value, plain, again)
			}
		}
	})
}

// FuzzDeflateOffers checks that an agreement has what the offer demands, asks for nothing
// that was not offered, and binds the client wherever it binds the server.
func FuzzDeflateOffers(f *testing.F) {
	for _, test := range deflateOffers {
		f.Add(test.offer)
	}
	f.Fuzz(func(t *testing.T, value string) {
		offers, ok := parseExtensions(nil, value)
		if !ok {
			return
		}
		for _, mode := range []Compression{NoCompression, Stateless, Takeover} {
			d := mode.negotiate(offers)
			if !d.agreed {
				continue
			}
			answer, ok := parseExtensions(nil, d.String())
			if !ok || len(answer) != 1 || mode == NoCompression {
				t.Fatalf("%q gets %q", value, d)
			}
			kept := false // by one of the offers
			for _, offer := range offers {
				o, ok := parseDeflateOffer(offer.params)
				kept = kept || ok && offer.name == deflateName &&
					(d.ServerNoContextTakeover || !o.serverNoContext) &&
					(d.ServerMaxWindowBits == o.serverBits) &&
					(d.ClientMaxWindowBits == 0 || o.clientBits >= d.ClientMaxWindowBits)
			}
			noContext := d.ClientNoContextTakeover || !d.ServerNoContextTakeover
			if !kept || !noContext || !d.fitsServerWindow() {
				t.Fatalf("%q gets %q", value, d)
			}
		}
	})
}
