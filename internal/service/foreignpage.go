package service

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// foreignPage returns why a request must not act if a browser sends it for the page of another
// origin, and otherwise "".
//
// It is not enough that Origin is the host of the request: a page can come from a name that its
// owner then points at this server (DNS rebinding). Nobody can do that to an IP address or to
// localhost. Nor to an origin of which a browser says that it is the same in Sec-Fetch-Site,
// because that field is only sent over TLS and to localhost. Other clients, such as curl, send
// no Origin, so they may use any name.
func foreignPage(r *http.Request) string {
	origin, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
	switch {
	case http.NewCrossOriginProtection().Check(r) != nil:
		return fmt.Sprintf("The page of another origin must not do this: Origin is %.100q, Sec-Fetch-Site %.20q.", origin, site)
	case origin != "" && site == "" && !cannotBeRebound(r.Host):
		return fmt.Sprintf("A page of %.100q must not do this, because a name can be made to lead here by others. Open the page at an IP address or at localhost, or use curl.", origin)
	}
	return ""
}

// cannotBeRebound reports whether the host is an IP address or localhost (RFC 6761 section 6.3).
func cannotBeRebound(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	_, err = netip.ParseAddr(host)
	host = strings.ToLower(host)
	return err == nil || host == "localhost" || strings.HasSuffix(host, ".localhost")
}
