package wsproto

import (
	"crypto/sha1"
	"encoding/base64"
	"slices"
	"strings"
)

// acceptGUID is what the key is hashed with (RFC 6455 section 1.3).
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// Policy is what a server accepts. It is not changed by use and may be shared.
type Policy struct {
	// AnyOrigin accepts a request from every origin. Otherwise Origins says which.
	// A request without an Origin header does not come from a browser's page and is
	// always accepted (RFC 6455 section 10.2).
	AnyOrigin bool
	// Origins are the accepted values of Origin, compared in any case:
	// "https://example.com", "https://*.example.com" for all hosts below a name, or "null".
	Origins []string
	// OriginsSetBy names the setting that Origins came from, for the refusal's text.
	OriginsSetBy string
	// AnySubprotocol chooses the first subprotocol that the client offers. Otherwise
	// the first offered that is among Subprotocols is chosen, or none.
	AnySubprotocol bool
	Subprotocols   []string
	// Compression is what becomes of offers of permessage-deflate (RFC 7692).
	Compression Compression
}

// Agreement is the outcome of an accepted opening handshake.
type Agreement struct {
	Accept      string // the value of Sec-WebSocket-Accept
	Subprotocol string // the chosen subprotocol, or ""
	Deflate     Deflate
}

// IsUpgrade says whether the request means to open a WebSocket, well made or not.
// A key or a version without "Upgrade: websocket" does mean it: a proxy on the way
// has removed the hop-by-hop fields, and whoever sent it should be told.
func (r *Request) IsUpgrade() bool {
	if r.hasToken("Upgrade", "websocket") {
		return true
	}
	_, keys := r.value("Sec-WebSocket-Key")
	_, versions := r.value("Sec-WebSocket-Version")
	return keys > 0 || versions > 0
}

// Accept makes the checks of RFC 6455 section 4.2.1, and those of section 4.2.2 that
// are the server's own. The request is accepted exactly when
// the Refusal is nil.
func (p *Policy) Accept(r *Request) (Agreement, *Refusal) {
	if refusal := checkRequest(r); refusal != nil {
		return Agreement{}, refusal
	}
	if refusal := p.checkOrigin(r); refusal != nil {
		return Agreement{}, refusal
	}
	subprotocol, refusal := p.chooseSubprotocol(r)
	if refusal != nil {
		return Agreement{}, refusal
	}
	var offers []extension
	for value := range r.Values("Sec-WebSocket-Extensions") {
		var ok bool
		if offers, ok = parseExtensions(offers, value); !ok {
			return Agreement{}, refuse(statusBadRequest, "Sec-WebSocket-Extensions is %.200q, which does not follow RFC 6455 section 9.1", value)
		}
	}
	key, _ := r.value("Sec-WebSocket-Key")
	return Agreement{Accept: acceptKey(key), Subprotocol: subprotocol, Deflate: p.Compression.negotiate(offers)}, nil
}

// checkRequest makes the checks that are the same for every server.
func checkRequest(r *Request) *Refusal {
	if r.Method != "GET" {
		return refuse(statusMethodNotAllowed, "the method of an upgrade is GET, not %.20s (RFC 6455 section 4.1)", r.Method).with("Allow", "GET")
	}
	if r.Proto != "HTTP/1.1" {
		return refuse(statusBadRequest, "an upgrade needs HTTP/1.1, and this one came as %s; a proxy in front may need to be told (nginx: proxy_http_version 1.1)", r.Proto)
	}
	if host, count := r.value("Host"); count != 1 || !isHost(host) {
		return refuse(statusBadRequest, "an upgrade has one Host header field with a host and perhaps a port, and this one has %d with %.80q", count, host)
	}
	if !r.hasToken("Upgrade", "websocket") {
		return refuse(statusBadRequest, "the request has WebSocket header fields but no \"Upgrade: websocket\"; a proxy in front may have removed it (nginx: proxy_set_header Upgrade $http_upgrade)")
	}
	if !r.hasToken("Connection", "upgrade") {
		return refuse(statusBadRequest, "the request has \"Upgrade: websocket\" but no \"Connection: Upgrade\"; a proxy in front may have removed it (nginx: proxy_set_header Connection upgrade)")
	}
	if version, count := r.value("Sec-WebSocket-Version"); count != 1 || version != "13" {
		return refuse(statusUpgradeRequired, "Sec-WebSocket-Version is %.20q in %d header fields; this server speaks version 13 (RFC 6455)", version, count).with("Sec-WebSocket-Version", "13")
	}
	if key, count := r.value("Sec-WebSocket-Key"); count != 1 || !isKey(key) {
		return refuse(statusBadRequest, "Sec-WebSocket-Key is %.60q in %d header fields; it must stand once and be 16 bytes in base64 (RFC 6455 section 4.1)", key, count)
	}
	for _, name := range []string{"Content-Length", "Transfer-Encoding"} {
		if value, count := r.value(name); count > 0 {
			return refuse(statusBadRequest, "an upgrade may have neither Content-Length nor Transfer-Encoding, which a proxy could take for a body, and this one has %s: %.60s", name, value)
		}
	}
	return nil
}

// isHost says whether s can be a host, with or without a port (RFC 9112 section 3.2).
func isHost(s string) bool {
	return s != "" && isVisible(s) && !strings.ContainsAny(s, `/\?#@,"<>^`+"`{|}")
}

// isKey says whether s is 16 bytes in base64.
func isKey(s string) bool {
	var key [18]byte // what 24 characters without padding decode to
	if len(s) != 24 {
		return false
	}
	n, err := base64.StdEncoding.Decode(key[:], []byte(s))
	return n == 16 && err == nil
}

// acceptKey is the answer to a key (RFC 6455 section 4.2.2, step 5.4).
func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + acceptGUID))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// checkOrigin refuses a page from an origin that is not allowed (RFC 6455 section
// 4.2.2, step 4). The text says what arrived: behind a proxy that rewrites Host or
// Origin it is not what the browser sent.
func (p *Policy) checkOrigin(r *Request) *Refusal {
	origin, count := r.value("Origin")
	if p.AnyOrigin || count == 0 || count == 1 && p.AllowsOrigin(origin) {
		return nil
	}
	host, _ := r.value("Host")
	return refuse(statusForbidden, "Origin %.200q in %d header field(s) is not allowed (Host was %.200q); %s of this server allows %s", origin, count, host, p.OriginsSetBy, strings.Join(p.Origins, ", "))
}

// AllowsOrigin says whether a page of that origin is accepted.
func (p *Policy) AllowsOrigin(origin string) bool {
	return p.AnyOrigin || slices.ContainsFunc(p.Origins, func(allowed string) bool { return matchOrigin(allowed, origin) })
}

// matchOrigin compares an origin with an entry of Policy.Origins.
func matchOrigin(allowed, origin string) bool {
	scheme, domain, wildcard := strings.Cut(allowed, "://*.")
	if !wildcard {
		return strings.EqualFold(allowed, origin)
	}
	originScheme, host, ok := strings.Cut(origin, "://")
	if !ok || !strings.EqualFold(scheme, originScheme) {
		return false
	}
	below := len(host) - len(domain) - 1
	return below > 0 && host[below] == '.' && strings.EqualFold(host[below+1:], domain)
}

// chooseSubprotocol chooses one of the subprotocols that the client offers
// (RFC 6455 section 4.2.2, step 5.5), after checking that the offer is well made:
// tokens, each of them once (section 4.1).
func (p *Policy) chooseSubprotocol(r *Request) (string, *Refusal) {
	chosen := ""
	offered := map[string]bool{}
	for list := range r.Values("Sec-WebSocket-Protocol") {
		for name := range listElements(list) {
			if !IsToken(name) {
				return "", refuse(statusBadRequest, "Sec-WebSocket-Protocol offers %.80q, which is not a token (RFC 6455 section 4.1)", name)
			}
			if offered[name] {
				return "", refuse(statusBadRequest, "Sec-WebSocket-Protocol offers %.80q twice (RFC 6455 section 4.1)", name)
			}
			offered[name] = true
			if chosen == "" && (p.AnySubprotocol || slices.Contains(p.Subprotocols, name)) {
				chosen = name
			}
		}
	}
	return strings.Clone(chosen), nil
}

// AppendResponse appends the 101 response to dst (RFC 6455 section 4.2.2, step 5).
func (a *Agreement) AppendResponse(dst []byte) []byte {
	dst = append(dst, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	dst = append(dst, a.Accept...)
	if a.Subprotocol != "" {
		dst = append(dst, "\r\nSec-WebSocket-Protocol: "...)
		dst = append(dst, a.Subprotocol...)
	}
	if a.Deflate.Agreed() {
		dst = append(dst, "\r\nSec-WebSocket-Extensions: "...)
		dst = append(dst, a.Deflate.String()...)
	}
	return append(dst, "\r\n\r\n"...)
}
