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
// An Origin that equals the host of the request is not enough: the owner of a name can serve a
// page from it, and then point the name at this server (DNS rebinding). An IP address and
// localhost cannot be pointed elsewhere. Browsers send Sec-Fetch-Site only over TLS and to
// localhost, so same-origin in it is proof as well. Other clients, such as curl, send no Origin
// and may use any name.
func foreignPage(r *http.Request) string {
	origin, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
	switch {
	case http.NewCrossOriginProtection().Check(r) != nil:
		return fmt.Sprintf("A page of another origin may not do this: Origin is %.100q, Sec-Fetch-Site %.20q.", origin, site)
	case origin != "" && site == "" && !cannotBeRebound(r.Host):
		return fmt.Sprintf("A page of %.100q must not do this, because the owner of a name can point it at this server. Open the page at an IP address or localhost, or use curl.", origin)
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
