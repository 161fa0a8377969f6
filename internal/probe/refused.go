package probe

import (
	"cmp"
	"context"
	"net/url"
	"regexp"
	"strings"
)

// missing recognizes what is missing from a request, by the text of the server's answer. The
// first pattern that matches decides.
var missing = []struct {
	pattern *regexp.Regexp
	id      string
	cause   string
}{
	{regexp.MustCompile(`(?i)PROXY_PROTOCOL=require|expects a PROXY protocol`), "proxy-protocol-not-sent", "the server expects the PROXY protocol from the proxy, and the proxy does not send it"},
	{regexp.MustCompile(`(?i)PROXY protocol|\bsend-proxy\b|PROXY_PROTOCOL|"PROXY |PROXY TCP|PROXY UNKNOWN|begins with byte 0x0[0d]`), "proxy-protocol-unexpected", "a proxy sends a PROXY protocol header, and the server does not expect it"},
	{regexp.MustCompile(`(?i)HTTP/1\.0`), "http10", "the request arrived as HTTP/1.0, which has no upgrade; it was sent as HTTP/1.1"},
	{regexp.MustCompile(`(?i)sec-websocket-key`), "key-removed", "Sec-WebSocket-Key was sent, but never arrived"},
	{regexp.MustCompile(`(?i)sec-websocket-version`), "version-removed", "Sec-WebSocket-Version was sent, but never arrived"},
	{regexp.MustCompile(`(?i)no "?connection: ?upgrade|'connection' header|(missing|invalid) connection header|connection header .* does not contain`), "connection-removed", "Connection: Upgrade was sent, but never arrived"},
	{regexp.MustCompile(`(?i)no "?upgrade: ?websocket|'upgrade' header|(missing|invalid) upgrade header|upgrade header .* does not contain|not a websocket|upgrade required`), "upgrade-removed", "Upgrade: websocket was sent, but never arrived"},
}

// wantsTLS matches the answers to plain HTTP on a port that speaks TLS, of nginx, Go, echosvc
// and Apache.
var wantsTLS = regexp.MustCompile(`sent to HTTPS port|HTTP request to an HTTPS server|use https(,| or) wss|speaking plain HTTP to an SSL-enabled`)

const healthPort = "the request reached the health port of an echosvc, which has no WebSocket"

// diagnoseRefusal explains a response other than 101.
func (t *Target) diagnoseRefusal(ctx context.Context, r *refusal) *Diagnosis {
	page := errorPage(r)
	known := cmp.Or(page, passedThrough(&r.response))
	// proxy is the proxy to change: found by a further request if the answer does not name it.
	proxy := func() string {
		if known == "" {
			known = t.provoke(ctx)
		}
		return known
	}
	own := page == "" && !r.isHTML() && r.body != "" // the server's text, not a page
	switch {
	case r.response.has("Location") && r.status >= 300 && r.status < 400:
		return t.diagnoseRedirect(r, proxy())
	case r.status == 400 && wantsTLS.MatchString(r.body):
		if t.URL.Scheme == "ws" && t.speaksTLS(ctx) {
			return t.tlsPort()
		}
		return diagnose("backend-speaks-tls", t.provoke(ctx), "the proxy speaks plain HTTP to a server that speaks TLS")
	case r.status == 400 && strings.Contains(r.body, "No required SSL certificate was sent"):
		return diagnose("client-certificate", proxy(), "%s requires a client certificate", cmp.Or(page, "the server"))
	case r.status == 431, r.status == 414, r.status == 400 && strings.Contains(r.body, "Header Or Cookie Too Large"):
		return diagnose("header-too-large", proxy(), "the request head is larger than %s accepts (%d bytes in the fields given with -H)", cmp.Or(page, "the server"), t.headerSize())
	case own && strings.Contains(r.body, "HEALTH_PORT"), own && (r.status == 404 || r.status == 400 || r.status == 426 || r.status == 200) && t.isHealthPort(ctx):
		return diagnose("health-port", proxy(), healthPort)
	case r.status == 403 && own && strings.Contains(r.body, "Origin"):
		return diagnose("origin-refused", "", "the server refused the Origin: %s", printable([]byte(r.body)))
	case own && (r.status == 400 || r.status == 405 || r.status == 426 || r.status == 501 || r.status == 505):
		for _, m := range missing {
			if m.pattern.MatchString(r.body) {
				return diagnose(m.id, proxy(), "%s", m.cause)
			}
		}
	case r.status == 426 && known == envoy:
		return diagnose("http10", envoy, "the request reached Envoy as HTTP/1.0")
	}
	if t.headerSize() > 0 && r.status == 400 && t.acceptsBareHandshake(ctx) {
		return diagnose("header-too-large", proxy(), "the fields given with -H (%d bytes) are refused: without them the handshake succeeds", t.headerSize())
	}
	return t.diagnoseStatus(r, page, proxy)
}

// headerSize returns the size of the additional header fields, in bytes.
func (t *Target) headerSize() (size int) {
	for name, values := range t.Header {
		for _, value := range values {
			size += len(name) + len(": \r\n") + len(value)
		}
	}
	return size
}

// diagnoseRedirect suggests the URL that a redirect leads to.
func (t *Target) diagnoseRedirect(r *refusal, proxy string) *Diagnosis {
	d := diagnose("redirect", proxy, "%s redirects, and WebSocket clients do not follow redirects", cmp.Or(errorPage(r), "the server"))
	to, err := t.URL.Parse(r.response.value("Location"))
	if err != nil {
		return d
	}
	if strings.TrimSuffix(to.Path, "/") != strings.TrimSuffix(t.URL.Path, "/") {
		d.Fix = "if that is a login page, send the session with -H 'Cookie: ...'; or: " + d.Fix
		return d
	}
	target := url.URL{Scheme: map[string]string{"http": "ws", "https": "wss"}[to.Scheme], Host: to.Host, Path: to.Path, RawPath: to.RawPath, RawQuery: to.RawQuery}
	if target.Scheme == "" {
		target.Scheme = to.Scheme
	}
	return d.preferably("use " + target.String())
}

// diagnoseStatus explains a refusal by its status and by the server or proxy that made it.
func (t *Target) diagnoseStatus(r *refusal, page string, proxy func() string) *Diagnosis {
	who := cmp.Or(page, "the server")
	between := cmp.Or(page, passedThrough(&r.response), "the proxy")
	switch {
	case r.status == 200 && strings.Contains(r.body, "<title>echosvc"):
		return diagnose("upgrade-removed", proxy(), "the page of an echosvc came back: Upgrade and the Sec-WebSocket fields were sent, but never arrived")
	case r.status == 200 && r.isHTML():
		return diagnose("web-page", proxy(), "a web page answered: the path %s leads to a web application, not to the WebSocket server", t.URL.EscapedPath())
	case r.status == 200:
		return diagnose("upgrade-removed", proxy(), "the request was answered like plain HTTP: Upgrade: websocket was sent, but never arrived, or the path has no WebSocket")
	case r.status == 401:
		return diagnose("unauthorized", proxy(), "%s requires a login (WWW-Authenticate: %s)", who, r.response.value("WWW-Authenticate"))
	case r.status == 403 && page == envoy:
		return diagnose("upgrade-removed", envoy, "Envoy refused the upgrade")
	case r.status == 403:
		return diagnose("forbidden", proxy(), "%s refused the request by a rule", who)
	case r.status == 404 && strings.TrimSpace(r.body) == "404 page not found": // or another Go program
		return diagnose("not-found", traefik, "no router of Traefik matches the path %s of the host %s", t.URL.EscapedPath(), t.host())
	case r.status == 404:
		return diagnose("not-found", proxy(), "%s has nothing at the path %s of the host %s", who, t.URL.EscapedPath(), t.host())
	case r.status == 429:
		return diagnose("limited", proxy(), "%s limits requests", who)
	case r.status == 503 && page == nginx:
		return diagnose("limited", nginx, "nginx refused the request itself: 503 is what limit_req and limit_conn answer")
	case r.status == 502, r.status == 503 && page != "", r.status >= 520 && r.status <= 523:
		return diagnose("no-backend", proxy(), "no server behind %s answers (%d)", between, r.status)
	case r.status == 504, r.status == 524:
		return diagnose("backend-silent", proxy(), "the server behind %s did not answer in time", between)
	case r.status == 503:
		return diagnose("unavailable", "", "the server does not accept connections now: %s", cmp.Or(r.page(), "it gives no reason"))
	case r.status == 400:
		if own := r.page(); page == "" && own != "" && !r.isHTML() {
			return diagnose("bad-request", "", "the server refuses the request as it arrived: %s", own)
		}
		return diagnose("bad-request", proxy(), "%s rejected the request as malformed", who)
	}
	return diagnose("refused", proxy(), "%s answered with %s", who, r.statusLine())
}
