package wsproto

import (
	"slices"
	"strings"
)

// checkOrigin rejects a web page whose origin the policy does not allow (RFC 6455 sections
// 4.2.2, item 4, and 10.2). The text has the Origin and the Host that arrived, because a
// proxy may have rewritten either.
func (p *Policy) checkOrigin(r *Request) *HandshakeError {
	origin, count := r.value("Origin")
	if p.AnyOrigin || count == 0 || count == 1 && p.AllowsOrigin(origin) {
		return nil
	}
	host, _ := r.value("Host")
	return Refuse(statusForbidden, ReasonOrigin, "Origin is %.200q in %d header fields (Host is %.200q); this server allows %s", origin, count, host, strings.Join(p.Origins, ", "))
}

// AllowsOrigin reports whether a web page of that origin is accepted.
func (p *Policy) AllowsOrigin(origin string) bool {
	return p.AnyOrigin || slices.ContainsFunc(p.Origins, func(allowed string) bool { return matchOrigin(allowed, origin) })
}

// matchOrigin reports whether an entry of Policy.Origins allows an origin.
func matchOrigin(allowed, origin string) bool {
	scheme, domain, wildcard := strings.Cut(allowed, "://*.")
	if !wildcard {
		return strings.EqualFold(allowed, origin)
	}
	originScheme, host, ok := strings.Cut(origin, "://")
	if !ok || !strings.EqualFold(scheme, originScheme) {
		return false
	}
	dot := len(host) - len(domain) - 1
	return dot > 0 && host[dot] == '.' && strings.EqualFold(host[dot+1:], domain)
}
