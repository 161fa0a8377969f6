package wsproto

import (
	"strconv"
	"strings"
)

// Policy is what a server accepts in an opening handshake. It must not change once it is
// used.
type Policy struct {
	// AnyOrigin accepts requests from every origin. Otherwise Origins is the list. A request
	// without an Origin does not come from a web page and is always accepted (RFC 6455
	// section 10.2).
	AnyOrigin bool
	// Origins has the accepted origins in the form of [origin.Canonical]:
	// "https://example.com", "https://*.example.com" for every host below a domain, or "null".
	Origins []string
	// AnySubprotocol selects the first subprotocol that the client offers. Otherwise it is
	// the first one offered that is in Subprotocols, if any.
	AnySubprotocol bool
	Subprotocols   []string
	// Compression decides on offers of permessage-deflate (RFC 7692).
	Compression Compression
}

// Handshake is the outcome of an accepted opening handshake.
type Handshake struct {
	Accept      string // the value of Sec-WebSocket-Accept
	Subprotocol string // the selected subprotocol, or ""
	Deflate     Deflate
}

// IsUpgrade reports whether the client wants a WebSocket, even if the request is not valid.
// A key or a version without "Upgrade: websocket" is enough: most likely a proxy has removed
// the hop-by-hop fields, and its operator should be told.
func (r *Request) IsUpgrade() bool {
	if r.hasToken("Upgrade", "websocket") {
		return true
	}
	_, keys := r.value("Sec-WebSocket-Key")
	_, versions := r.value("Sec-WebSocket-Version")
	return keys > 0 || versions > 0
}

// Accept checks a request by RFC 6455 section 4.2.1 and by the policy, and negotiates the
// subprotocol and compression (section 4.2.2). If the error is nil, the request is accepted.
func (p *Policy) Accept(r *Request) (Handshake, *HandshakeError) {
	if err := r.checkLists(); err != nil {
		return Handshake{}, err
	}
	if err := checkRequest(r); err != nil {
		return Handshake{}, err
	}
	if err := p.checkOrigin(r); err != nil {
		return Handshake{}, err
	}
	subprotocol, err := p.selectSubprotocol(r)
	if err != nil {
		return Handshake{}, err
	}
	var offers []extension
	for value := range r.Values("Sec-WebSocket-Extensions") {
		var ok bool
		if offers, ok = parseExtensions(offers, value); !ok {
			return Handshake{}, Refuse(statusBadRequest, ReasonExtensions, "Sec-WebSocket-Extensions is %.200q, which does not match the grammar (RFC 6455 section 9.1)", value)
		}
	}
	key, _ := r.value("Sec-WebSocket-Key")
	return Handshake{Accept: acceptKey(key), Subprotocol: subprotocol, Deflate: p.Compression.negotiate(offers)}, nil
}

// checkLists rejects a request with lists over the limits.
func (r *Request) checkLists() *HandshakeError {
	for _, list := range []struct {
		name, separator, what string
		most                  int
	}{
		{"Upgrade", ",", "elements", MaxElements},
		{"Connection", ",", "elements", MaxElements},
		{"Sec-WebSocket-Protocol", ",", "subprotocols", MaxElements},
		{"Sec-WebSocket-Extensions", ",", "extensions", MaxExtensions},
		{"Sec-WebSocket-Extensions", ";", "parameters", MaxExtensionParams},
	} {
		n := 0
		for value := range r.Values(list.name) {
			n += strings.Count(value, list.separator)
			if list.separator == "," {
				n++
			}
		}
		if n > list.most {
			return Refuse(statusFieldsTooLarge, ReasonTooLarge, "%s has more than %d %s, the limit of this server", list.name, list.most, list.what)
		}
	}
	return nil
}

// checkRequest makes the checks that do not depend on the policy (section 4.2.1).
func checkRequest(r *Request) *HandshakeError {
	if r.Method != "GET" { // item 1
		return Refuse(statusMethodNotAllowed, ReasonMethod, "the method is %.20s; a WebSocket upgrade needs GET (RFC 6455 section 4.1)", r.Method).with("Allow", "GET")
	}
	if r.Proto == "HTTP/1.0" { // item 1: HTTP/1.1 or higher
		return Refuse(statusBadRequest, ReasonHTTPVersion, "the request arrived as HTTP/1.0; a WebSocket upgrade needs HTTP/1.1 (RFC 6455 section 4.1)")
	}
	if !strings.HasPrefix(r.Target, "/") { // the resource name of section 3, which has a path
		return Refuse(statusBadRequest, ReasonTarget, "the target is %.80q; that of a WebSocket upgrade must begin with / (RFC 6455 section 3)", r.Target)
	}
	if host, count := r.value("Host"); count != 1 || !isHost(host) { // item 2
		return Refuse(statusBadRequest, ReasonHost, "Host is %.80q%s; it must occur once and be a host with an optional port (RFC 9112 section 3.2)", host, inFields(count))
	}
	if !r.hasToken("Upgrade", "websocket") { // item 3
		return Refuse(statusBadRequest, ReasonUpgrade, "the request has WebSocket header fields but no \"Upgrade: websocket\" (RFC 6455 section 4.1); a proxy may have removed it")
	}
	if !r.hasToken("Connection", "upgrade") { // item 4
		return Refuse(statusBadRequest, ReasonConnection, "the request has \"Upgrade: websocket\" but no \"Connection: Upgrade\" (RFC 6455 section 4.1); a proxy may have removed it")
	}
	if version, count := r.value("Sec-WebSocket-Version"); count != 1 || version != "13" { // item 6
		return Refuse(statusUpgradeRequired, ReasonVersion, "Sec-WebSocket-Version is %.20q%s; this server supports version 13 (RFC 6455 section 4.1)", version, inFields(count)).with("Sec-WebSocket-Version", "13")
	}
	if err := checkKey(r); err != nil { // item 5
		return err
	}
	return checkNoBody(r)
}

// inFields returns in how many header fields a value was found, if that is not one, for an error.
func inFields(count int) string {
	if count == 1 {
		return ""
	}
	return " in " + strconv.Itoa(count) + " header fields"
}

// checkNoBody rejects a request with a body, since a proxy could mistake frames for the body.
// Some clients send Content-Length: 0.
func checkNoBody(r *Request) *HandshakeError {
	if value, count := r.value("Content-Length"); count > 1 || count == 1 && value != "0" {
		return Refuse(statusBadRequest, ReasonBody, "Content-Length is %.60q%s; a WebSocket upgrade must not have a body, so the field must be absent, or occur once and be 0", value, inFields(count))
	}
	if value, count := r.value("Transfer-Encoding"); count > 0 {
		return Refuse(statusBadRequest, ReasonBody, "the request has Transfer-Encoding: %.60q; a WebSocket upgrade must not have a body", value)
	}
	return nil
}

// isHost reports whether s can be a host with an optional port (RFC 9112 section 3.2).
func isHost(s string) bool {
	return s != "" && isVisible(s) && !strings.ContainsAny(s, `/\?#@,"<>^`+"`{|}")
}

// AppendResponse appends the 101 response to dst (RFC 6455 section 4.2.2, item 5). date is the
// value of its Date field (RFC 9110 section 6.6.1).
func (h *Handshake) AppendResponse(dst []byte, date string) []byte {
	dst = append(dst, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	dst = append(dst, h.Accept...)
	dst = append(dst, "\r\nDate: "...)
	dst = append(dst, date...)
	if h.Subprotocol != "" {
		dst = append(dst, "\r\nSec-WebSocket-Protocol: "...)
		dst = append(dst, h.Subprotocol...)
	}
	if h.Deflate.Agreed() {
		dst = append(dst, "\r\nSec-WebSocket-Extensions: "...)
		dst = append(dst, h.Deflate.String()...)
	}
	return append(dst, "\r\n\r\n"...)
}
