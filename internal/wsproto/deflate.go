package wsproto

import (
	"strconv"
	"strings"
)

// deflateName is the extension's name (RFC 7692 section 7).
const deflateName = "permessage-deflate"

// The parameters of permessage-deflate (RFC 7692 section 7.1).
const (
	serverNoContextTakeover = "server_no_context_takeover"
	clientNoContextTakeover = "client_no_context_takeover"
	serverMaxWindowBits     = "server_max_window_bits"
	clientMaxWindowBits     = "client_max_window_bits"
)

// Compression is how far a server goes with permessage-deflate.
type Compression uint8

const (
	// NoCompression declines every offer.
	NoCompression Compression = iota
	// Stateless has both sides forget each message, so that nothing is kept between two.
	Stateless
	// Takeover lets the client's messages refer to those before them, unless the client
	// offers otherwise.
	Takeover
)

// Deflate is what was agreed on about permessage-deflate. The zero value is that it is
// not used.
//
// A compressed message goes back as it came: the client's bytes are what it can itself
// inflate. That the server may send them needs two things. Whenever the server must not
// refer to earlier messages, neither may the client, which every agreement has. And the
// client's window is no larger than the server's; where a client wants a small one of the
// server and cannot be bound to it, its messages are answered without compression.
type Deflate struct {
	// ServerNoContextTakeover and ClientNoContextTakeover: no message of that side refers
	// to an earlier one (RFC 7692 section 7.1.1).
	ServerNoContextTakeover, ClientNoContextTakeover bool
	// ServerMaxWindowBits and ClientMaxWindowBits, 8 to 15, are the logarithm of how far
	// back the messages of that side refer (section 7.1.2). 0 is that it was not
	// spoken of, which means 15.
	ServerMaxWindowBits, ClientMaxWindowBits uint8

	agreed bool
}

// Agreed says whether permessage-deflate is used.
func (d Deflate) Agreed() bool { return d.agreed }

// String is the element of Sec-WebSocket-Extensions that says so, or "".
func (d Deflate) String() string {
	if !d.agreed {
		return ""
	}
	var b strings.Builder
	b.WriteString(deflateName)
	for _, flag := range []struct {
		set  bool
		name string
	}{{d.ServerNoContextTakeover, serverNoContextTakeover}, {d.ClientNoContextTakeover, clientNoContextTakeover}} {
		if flag.set {
			b.WriteString("; " + flag.name)
		}
	}
	for _, window := range []struct {
		bits uint8
		name string
	}{{d.ServerMaxWindowBits, serverMaxWindowBits}, {d.ClientMaxWindowBits, clientMaxWindowBits}} {
		if window.bits != 0 {
			b.WriteString("; " + window.name + "=" + strconv.Itoa(int(window.bits)))
		}
	}
	return b.String()
}

// windowBits is the client's window.
func (d Deflate) windowBits() uint8 {
	if d.ClientMaxWindowBits == 0 {
		return maxWindowBits
	}
	return d.ClientMaxWindowBits
}

// verbatim says whether the client's compressed bytes may be sent back: only where its window
// is no larger than what the server may use (RFC 7692 section 7.1.2.1).
func (d Deflate) verbatim() bool {
	return d.ServerMaxWindowBits == 0 || d.windowBits() <= d.ServerMaxWindowBits
}

// negotiate accepts the first of the offers that can be kept (RFC 7692 section 5.1), or none.
func (c Compression) negotiate(offers []extension) Deflate {
	for i := range offers {
		if d, ok := c.accept(&offers[i]); ok {
			return d
		}
	}
	return Deflate{}
}

// accept answers one offer; ok is false when it is declined.
func (c Compression) accept(e *extension) (d Deflate, ok bool) {
	if c == NoCompression || e.name != deflateName {
		return d, false
	}
	offer, ok := parseDeflateOffer(e.params)
	if !ok {
		return d, false
	}
	d = Deflate{agreed: true, ServerNoContextTakeover: offer.serverNoContext, ServerMaxWindowBits: offer.serverBits}
	// The server may ask for this unasked (section 7.1.1.2), and must where its own
	// messages, which are the client's, have to do without.
	d.ClientNoContextTakeover = offer.clientNoContext || offer.serverNoContext
	if c == Stateless {
		d.ServerNoContextTakeover, d.ClientNoContextTakeover = true, true
	}
	if offer.clientBits != 0 && !d.verbatim() { // it may be bound only then (section 7.1.2.2)
		d.ClientMaxWindowBits = min(offer.serverBits, offer.clientBits)
	}
	return d, true
}

// deflateOffer is an offer of permessage-deflate.
type deflateOffer struct {
	serverNoContext, clientNoContext bool
	serverBits                       uint8 // 0: not offered
	clientBits                       uint8 // 0: not offered; 15: offered, without a value too
}

// parseDeflateOffer reads the parameters of an offer. ok is false when there is an unknown
// one, one twice, or one with a value that it must not have (RFC 7692 section 7.1).
func parseDeflateOffer(params []extensionParam) (offer deflateOffer, ok bool) {
	for _, p := range params {
		switch {
		case p.name == serverNoContextTakeover && !offer.serverNoContext:
			offer.serverNoContext, ok = true, !p.hasValue
		case p.name == clientNoContextTakeover && !offer.clientNoContext:
			offer.clientNoContext, ok = true, !p.hasValue
		case p.name == serverMaxWindowBits && offer.serverBits == 0:
			offer.serverBits, ok = parseWindowBits(p.value)
		case p.name == clientMaxWindowBits && offer.clientBits == 0 && !p.hasValue:
			offer.clientBits, ok = maxWindowBits, true
		case p.name == clientMaxWindowBits && offer.clientBits == 0:
			offer.clientBits, ok = parseWindowBits(p.value)
		default:
			ok = false
		}
		if !ok {
			return deflateOffer{}, false
		}
	}
	return offer, true
}

// parseWindowBits reads 8 to 15, without a leading zero (RFC 7692 section 7.1.2).
func parseWindowBits(s string) (bits uint8, ok bool) {
	n, err := strconv.ParseUint(s, 10, 8)
	if err != nil || n < 8 || n > maxWindowBits || s[0] == '0' {
		return 0, false
	}
	return uint8(n), true
}
