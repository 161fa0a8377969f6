package wsproto

import (
	"slices"
	"strings"
)

// selectSubprotocol selects one of the subprotocols that the client offers (RFC 6455
// section 4.2.2, item 5.5), or "". The offers must be distinct tokens (section 4.1, item
// 10).
func (p *Policy) selectSubprotocol(r *Request) (string, *HandshakeError) {
	selected := ""
	offered := map[string]bool{}
	for list := range r.Values("Sec-WebSocket-Protocol") {
		for name := range strings.SplitSeq(list, ",") {
			name = strings.Trim(name, " \t")
			if name == "" { // RFC 9110 section 5.6.1.2
				continue
			}
			if !IsToken(name) {
				return "", Refuse(statusBadRequest, ReasonSubprotocol, "Sec-WebSocket-Protocol offers %.80q, which is not a token (RFC 6455 section 4.1)", name)
			}
			if offered[name] {
				return "", Refuse(statusBadRequest, ReasonSubprotocol, "Sec-WebSocket-Protocol offers %.80q twice (RFC 6455 section 4.1)", name)
			}
			offered[name] = true
			if selected == "" && (p.AnySubprotocol || slices.Contains(p.Subprotocols, name)) {
				selected = name
			}
		}
	}
	if len(selected) > MaxSubprotocol {
		return "", Refuse(statusFieldsTooLarge, ReasonTooLarge, "Sec-WebSocket-Protocol offers a subprotocol of %d bytes, and the limit of this server is %d", len(selected), MaxSubprotocol)
	}
	return strings.Clone(selected), nil // a clone does not keep the request head in memory
}
