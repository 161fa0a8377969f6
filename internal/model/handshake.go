package model

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Handshake is the request that a client begins with.
type Handshake struct {
	Refusal   string   // what is wrong with the request, by its name among the refusals; empty is nothing
	Nonce     byte     // of which the key is made
	Protocols []string // values of Sec-WebSocket-Protocol
	Offers    []string // values of Sec-WebSocket-Extensions
}

// refusals has the requests that must be refused (RFC 6455 section 4.2.1). Each is a
// valid one in which old is replaced by new.
var refusals = []struct {
	name     string
	old, new string
	status   int
}{
	{"version 8", "Version: 13", "Version: 8", 426},
	{"no version", "Sec-WebSocket-Version: 13\r\n", "", 426},
	{"no key", "Sec-WebSocket-Key: ", "X-Key: ", 400},
	{"short key", "Key: ", "Key: AAAA", 400},
	{"two keys", "Sec-WebSocket-Version: 13\r\n", "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", 400},
	{"no upgrade", "Upgrade: websocket\r\n", "", 400},
	{"another upgrade", "Upgrade: websocket", "Upgrade: h2c", 400},
	{"no connection", "Connection: Upgrade\r\n", "", 400},
	{"connection close", "Connection: Upgrade", "Connection: close", 400},
	{"no host", "Host: localhost\r\n", "", 400},
	{"two hosts", "Host: localhost", "Host: localhost\r\nHost: localhost", 400},
	{"POST", "GET ", "POST ", 405},
	{"HTTP/1.0", "HTTP/1.1", "HTTP/1.0", 400},
	{"target in absolute form", "GET / ", "GET http://localhost/ ", 400},
	{"HTTP/2.0", "HTTP/1.1", "HTTP/2.0", 505},
	{"not HTTP", "GET / HTTP/1.1\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", 400},
	{"space before colon", "Host:", "Host :", 400},
	{"folded field", "Upgrade: websocket", "Upgrade:\r\n websocket", 400},
	{"bare LF", "Host: localhost\r\n", "Host: localhost\n", 400},
	{"body", "Host: localhost\r\n", "Host: localhost\r\nContent-Length: 5\r\n", 400},
	{"protocol twice", "Host: localhost\r\n", "Host: localhost\r\nSec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Protocol: a\r\n", 400},
	{"protocol not a token", "Host: localhost\r\n", "Host: localhost\r\nSec-WebSocket-Protocol: a b\r\n", 400},
	{"extension not a token", "Host: localhost\r\n", "Host: localhost\r\nSec-WebSocket-Extensions: permessage-deflate; =1\r\n", 400},
	{endsEarly, "\r\n\r\n", "\r\n", 400},
}

// endsEarly is the request without its last line. It is refused when the client has shut
// down its sending side.
const endsEarly = "ends early"

// status returns the status code that answers the request.
func (h *Handshake) status() int {
	for _, r := range refusals {
		if r.name == h.Refusal {
			return r.status
		}
	}
	return 101
}

func (h *Handshake) key() string {
	return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{h.Nonce}, 16))
}

// request returns the request.
func (h *Handshake) request() []byte {
	text := "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + h.key() + "\r\n"
	for _, value := range h.Protocols {
		text += "Sec-WebSocket-Protocol: " + value + "\r\n"
	}
	for _, value := range h.Offers {
		text += "Sec-WebSocket-Extensions: " + value + "\r\n"
	}
	text += "\r\n"
	for _, r := range refusals {
		if r.name == h.Refusal {
			text = strings.Replace(text, r.old, r.new, 1)
		}
	}
	return []byte(text)
}

// Params are the parameters of permessage-deflate that a response has (RFC 7692 section
// 7.1). A number of bits is 0 when the parameter is absent.
type Params struct {
	Agreed                             bool
	ServerNoContext, ClientNoContext   bool
	ServerWindowBits, ClientWindowBits int
}

// verbatim reports whether a server may send what the client has compressed: only if the
// client refers back no further than the server may (section 7.1.2).
func (p Params) verbatim() bool {
	client := p.ClientWindowBits
	if client == 0 {
		client = 15
	}
	return p.ServerWindowBits == 0 || client <= p.ServerWindowBits
}

// An offer is an element of Sec-WebSocket-Extensions.
type offer struct {
	Params
	clientBits bool // client_max_window_bits is offered, perhaps without a value
}

// parseOffer reads an element. ok is false when it is not permessage-deflate with
// parameters that section 7.1 allows.
func parseOffer(element string) (o offer, ok bool) {
	fields := strings.Split(element, ";")
	if strings.TrimSpace(fields[0]) != "permessage-deflate" {
		return o, false
	}
	o.Agreed = true
	seen := map[string]bool{}
	for _, field := range fields[1:] {
		name, value, hasValue := strings.Cut(strings.TrimSpace(field), "=")
		value = strings.Trim(value, `"`)
		bits, err := strconv.Atoi(value)
		valid := err == nil && bits >= 8 && bits <= 15 && value == strconv.Itoa(bits)
		switch {
		case seen[name]:
			return o, false
		case name == "server_no_context_takeover" && !hasValue:
			o.ServerNoContext = true
		case name == "client_no_context_takeover" && !hasValue:
			o.ClientNoContext = true
		case name == "server_max_window_bits" && valid:
			o.ServerWindowBits = bits
		case name == "client_max_window_bits" && (valid || !hasValue):
			o.clientBits, o.ClientWindowBits = true, bits
		default:
			return o, false
		}
		seen[name] = true
	}
	return o, true
}

// A response is the head of what the server answers the request with.
type response struct {
	status int
	fields map[string][]string // by lower-case name
}

// cutResponse takes the head of a response off p; n is its length, or 0 when it is not
// complete.
func cutResponse(p []byte) (r response, n int, err error) {
	head, _, found := bytes.Cut(p, []byte("\r\n\r\n"))
	if !found {
		return r, 0, nil
	}
	lines := strings.Split(string(head), "\r\n")
	if _, err := fmt.Sscanf(lines[0], "HTTP/1.1 %d ", &r.status); err != nil {
		return r, 0, fmt.Errorf("the status line %q", lines[0])
	}
	r.fields = map[string][]string{}
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			return r, 0, fmt.Errorf("the header line %q", line)
		}
		name = strings.ToLower(name)
		r.fields[name] = append(r.fields[name], value)
	}
	return r, len(head) + 4, nil
}

// accept checks a 101 response (RFC 6455 section 4.1) and returns what was agreed on.
func (h *Handshake) accept(r *response, compression string) (Params, error) {
	sum := sha1.Sum([]byte(h.key() + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	protocol := ""
	if len(h.Protocols) > 0 {
		protocol, _, _ = strings.Cut(h.Protocols[0], ",")
	}
	for _, field := range []struct{ name, value string }{
		{"upgrade", "websocket"},
		{"connection", "Upgrade"},
		{"sec-websocket-accept", base64.StdEncoding.EncodeToString(sum[:])},
		{"sec-websocket-protocol", protocol},
	} {
		if got := strings.Join(r.fields[field.name], ", "); got != field.value {
			return Params{}, fmt.Errorf("%s: %q in the response; want %q", field.name, got, field.value)
		}
	}
	var first offer
	for element := range strings.SplitSeq(strings.Join(h.Offers, ","), ",") {
		if o, ok := parseOffer(element); ok && o.keepable() {
			first = o
			break
		}
	}
	answer := r.fields["sec-websocket-extensions"]
	wants := first.Agreed && compression != "off"
	if !wants && answer == nil {
		return Params{}, nil
	}
	if !wants || len(answer) != 1 {
		return Params{}, fmt.Errorf("sec-websocket-extensions: %q in the response to %q", answer, h.Offers)
	}
	p, ok := parseOffer(answer[0])
	if !ok || !first.allows(p) || !p.verbatim() {
		return Params{}, fmt.Errorf("sec-websocket-extensions: %q does not answer %q", answer, h.Offers)
	}
	stateless := compression == "stateless"
	if server := stateless || first.ServerNoContext; p.ServerNoContext != server || (stateless || first.ClientNoContext) && !p.ClientNoContext {
		return Params{}, fmt.Errorf("sec-websocket-extensions: %q does not answer %q with COMPRESSION=%s", answer, h.Offers, compression)
	}
	return p.Params, nil
}

// keepable reports whether a server can promise the offer that sends back what the client
// has compressed: a small window needs a client that can be bound to one (section 7.1.2).
func (o offer) keepable() bool {
	return o.ServerWindowBits == 0 || o.ServerWindowBits == 15 || o.clientBits
}

// allows reports whether p may answer the offer (RFC 7692 sections 7.1.1 and 7.1.2).
func (o offer) allows(p offer) bool {
	switch {
	case o.ServerNoContext && !p.ServerNoContext,
		o.ServerWindowBits != 0 && (p.ServerWindowBits == 0 || p.ServerWindowBits > o.ServerWindowBits),
		p.clientBits && (!o.clientBits || p.ClientWindowBits == 0),
		p.clientBits && o.ClientWindowBits != 0 && p.ClientWindowBits > o.ClientWindowBits:
		return false
	}
	return true
}

// checkRefusal compares what the server has sent with the refusal of the request.
// missing reports whether there must be more.
func (h *Handshake) checkRefusal(received []byte) (missing bool, diff string) {
	r, n, err := cutResponse(received)
	switch {
	case err != nil:
		return false, "the server sends " + err.Error()
	case n == 0:
		return true, ""
	case r.status != h.status():
		return false, fmt.Sprintf("the server answers %q with %d; want %d", h.Refusal, r.status, h.status())
	case !strings.HasPrefix(strings.Join(r.fields["connection"], ", "), "close"):
		return false, "the refusal does not say Connection: close"
	case r.status == 426 && !slices.Equal(r.fields["sec-websocket-version"], []string{"13"}):
		return false, "the refusal does not name the version"
	}
	length, err := strconv.Atoi(strings.Join(r.fields["content-length"], ", "))
	if err != nil || len(received)-n > length {
		return false, fmt.Sprintf("the refusal has a body of %d bytes and Content-Length: %q", len(received)-n, r.fields["content-length"])
	}
	return len(received)-n < length, ""
}
