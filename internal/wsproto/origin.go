package wsproto

import (
	"fmt"
	"slices"
	"strings"

	"github.com/echosvc/echosvc/internal/origin"
)

// checkOrigin rejects a web page whose origin the policy does not allow (RFC 6455 sections
// 4.2.2, item 4, and 10.2). The text quotes the Origin and the Host, because a proxy may
// have rewritten either.
func (p *Policy) checkOrigin(r *Request) *HandshakeError {
	value, count := r.value("Origin")
	if p.AnyOrigin || count == 0 || count == 1 && p.AllowsOrigin(value) {
		return nil
	}
	host, _ := r.value("Host")
	return Refuse(statusForbidden, ReasonOrigin, "Origin is %.200q%s (Host is %.200q); this server allows %s", value, inFields(count), host, p.allowed())
}

// maxListed is how many of the accepted origins a refusal lists, so that it fits into a buffer.
const maxListed = 32

// allowed lists the accepted origins.
func (p *Policy) allowed() string {
	list := strings.Join(p.Origins[:min(len(p.Origins), maxListed)], ", ")
	if more := len(p.Origins) - maxListed; more > 0 {
		return fmt.Sprintf("%s and %d more", list, more)
	}
	return list
}

// AllowsOrigin reports whether a web page with that Origin is accepted.
func (p *Policy) AllowsOrigin(value string) bool {
	canonical, ok := origin.Canonical(value)
	return p.AnyOrigin || ok && slices.ContainsFunc(p.Origins, func(allowed string) bool { return origin.Matches(allowed, canonical) })
}
