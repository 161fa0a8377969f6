package wsproto

import (
	"strconv"
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

// maxWindowBits is the largest LZ77 window that can be agreed, and the default (RFC 7692
// section 7.1.2).
const maxWindowBits = 15

// Compression is a server's use of permessage-deflate.
type Compression uint8

const (
	// NoCompression declines every offer.
	NoCompression Compression = iota
	// Stateless agrees on no context takeover in either direction, so that a connection keeps
	// nothing between two messages.
	Stateless
	// Takeover lets messages refer to earlier ones, unless the client rules that out. A
	// connection keeps up to 32 KiB between two messages.
	Takeover
)

// Deflate is the agreement of a handshake on permessage-deflate. The zero value means that
// the extension is not used.
//
// Every agreement allows the server to send back a client's compressed messages unchanged:
//
//   - If the server's messages must not refer to earlier ones, neither may the client's. The
//     server may demand that without an offer (RFC 7692 section 7.1.1.2).
//   - The client's window is no larger than the server's. The server can demand that only if
//     the client offers client_max_window_bits (section 7.1.2.2), and otherwise declines the
//     offer (section 5.1).
type Deflate struct {
	// ServerNoContextTakeover and ClientNoContextTakeover are set if the messages of that
	// side do not refer to earlier ones (section 7.1.1).
	ServerNoContextTakeover, ClientNoContextTakeover bool
	// ServerMaxWindowBits and ClientMaxWindowBits are the base-2 logarithm, 8 to 15, of how
	// far back the messages of that side refer (section 7.1.2). 0 means that the response
	// does not mention it, so that the window is 15.
	ServerMaxWindowBits, ClientMaxWindowBits uint8

	agreed bool
}

// Agreed reports whether the extension is used.
func (d Deflate) Agreed() bool { return d.agreed }

// String returns the element of Sec-WebSocket-Extensions for the response, or "" if the
// extension is not used.
func (d Deflate) String() string {
	if !d.agreed {
		return ""
	}
	element := deflateName
	if d.ServerNoContextTakeover {
		element += "; " + serverNoContextTakeover
	}
	if d.ClientNoContextTakeover {
		element += "; " + clientNoContextTakeover
	}
	if d.ServerMaxWindowBits != 0 {
		element += "; " + serverMaxWindowBits + "=" + strconv.Itoa(int(d.ServerMaxWindowBits))
	}
	if d.ClientMaxWindowBits != 0 {
		element += "; " + clientMaxWindowBits + "=" + strconv.Itoa(int(d.ClientMaxWindowBits))
	}
	return element
}

// windowBits returns the logarithm of the client's window.
func (d Deflate) windowBits() uint8 {
	if d.ClientMaxWindowBits == 0 {
		return maxWindowBits
	}
	return d.ClientMaxWindowBits
}

// fitsServerWindow reports whether the client's window is no larger than the server's, so
// that the server may send what the client has compressed (RFC 7692 section 7.1.2.1).
func (d Deflate) fitsServerWindow() bool {
	return d.ServerMaxWindowBits == 0 || d.windowBits() <= d.ServerMaxWindowBits
}

// negotiate returns the agreement on the first acceptable offer (RFC 7692 section 5.1), if
// there is one.
func (c Compression) negotiate(offers []extension) Deflate {
	for i := range offers {
		if d, ok := c.accept(&offers[i]); ok {
			return d
		}
	}
	return Deflate{}
}

// accept returns the agreement on one offer. If ok is false, the offer is declined.
func (c Compression) accept(e *extension) (d Deflate, ok bool) {
	if c == NoCompression || e.name != deflateName {
		return d, false
	}
	offer, ok := parseDeflateOffer(e.params)
	if !ok {
		return d, false
	}
	d = Deflate{agreed: true, ServerNoContextTakeover: offer.serverNoContext, ServerMaxWindowBits: offer.serverBits}
	// The server sends the client's bytes, so what binds the server must bind the client.
	d.ClientNoContextTakeover = offer.clientNoContext || offer.serverNoContext
	if c == Stateless {
		d.ServerNoContextTakeover, d.ClientNoContextTakeover = true, true
	}
	if offer.clientBits != 0 && !d.fitsServerWindow() { // section 7.1.2.2
		d.ClientMaxWindowBits = min(offer.serverBits, offer.clientBits)
	}
	if !d.fitsServerWindow() {
		return Deflate{}, false
	}
	return d, true
}

// deflateOffer is an offer of permessage-deflate.
type deflateOffer struct {
	serverNoContext, clientNoContext bool
	serverBits                       uint8 // 0: not offered
	clientBits                       uint8 // 0: not offered; 15: offered with that value or none
}

// parseDeflateOffer parses the parameters of an offer. If ok is false, one of them is
// unknown, occurs twice or has an invalid value, and the offer must be declined (RFC 7692
// section 7.1).
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

// parseWindowBits parses a number from 8 to 15 without a leading zero (RFC 7692 section
// 7.1.2.1).
func parseWindowBits(s string) (bits uint8, ok bool) {
	n, err := strconv.ParseUint(s, 10, 8)
	if err != nil || n < 8 || n > maxWindowBits || s[0] == '0' {
		return 0, false
	}
	return uint8(n), true
}
