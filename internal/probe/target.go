package probe

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A Target is a server to probe and the way to reach it.
type Target struct {
	URL     *url.URL
	Header  http.Header   // sent with every handshake
	Host    string        // overrides the URL's host in the request and for TLS; "" keeps it
	TLS     *tls.Config   // used for wss
	Timeout time.Duration // for each answer
	// DialContext opens the TCP connection.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
}

// NewTarget returns a Target for a ws or wss URL. http and https mean the same as ws and wss,
// and a host without a scheme means ws, or wss on port 443. Its connections do not use TCP
// keep-alive, because some idle timers count the keep-alive probes as traffic.
func NewTarget(rawURL string) (*Target, error) {
	full := strings.TrimSpace(rawURL)
	bare := !strings.Contains(full, "://")
	if bare {
		full = "ws://" + full
	}
	u, err := url.Parse(full)
	if err == nil && bare && u.Port() == "443" {
		u.Scheme = "wss"
	}
	if err == nil {
		if scheme, is := map[string]string{"http": "ws", "https": "wss"}[u.Scheme]; is {
			u.Scheme = scheme
		}
	}
	if err != nil || u.Scheme != "ws" && u.Scheme != "wss" || !isHost(u) || u.Fragment != "" || u.Opaque != "" {
		return nil, fmt.Errorf("%q is not the URL of a WebSocket; it must be like ws://localhost:8080/, https://example.com/path?query or localhost:8080", rawURL)
	}
	dialer := &net.Dialer{KeepAlive: -1}
	return &Target{URL: u, Header: http.Header{}, TLS: &tls.Config{}, Timeout: 10 * time.Second, DialContext: dialer.DialContext}, nil
}

// isHost reports whether a URL has a host, and a port that is one. url.Parse takes ::1 and
// ws:localhost:80 for hosts, and a port alone is the name of none.
func isHost(u *url.URL) bool {
	host := u.Hostname()
	if host == "" || strings.Trim(host, "0123456789") == "" || strings.Contains(host, ":") && !strings.HasPrefix(u.Host, "[") {
		return false
	}
	_, err := strconv.ParseUint(cmp.Or(u.Port(), "80"), 10, 16)
	return err == nil
}

// handshakeFields are the header fields that the handshake sets itself.
var handshakeFields = map[string]bool{
	"Connection": true, "Upgrade": true, "Content-Length": true, "Transfer-Encoding": true,
	"Sec-Websocket-Key": true, "Sec-Websocket-Version": true, "Sec-Websocket-Protocol": true, "Sec-Websocket-Extensions": true,
}

// AddHeader adds a header field given as a line, such as "Authorization: Bearer abc". A Host
// line sets [Target.Host].
func (t *Target) AddHeader(line string) error {
	name, value, found := strings.Cut(line, ":")
	name, value = textproto.CanonicalMIMEHeaderKey(name), strings.TrimSpace(value)
	switch {
	case !found || name == "" || strings.ContainsAny(name, " \t\r\n") || strings.ContainsAny(value, "\r\n\x00"):
		return fmt.Errorf("%q must be like 'Name: value'", line)
	case handshakeFields[name]:
		return fmt.Errorf("%s is set by the handshake itself", name)
	case name == "Host":
		t.Host = value
	default:
		t.Header.Add(name, value)
	}
	return nil
}

// serverName returns the name that the server's certificate must be valid for.
func (t *Target) serverName() string {
	if t.Host == "" {
		return t.URL.Hostname()
	}
	return (&url.URL{Host: t.Host}).Hostname()
}

// urlWith returns the URL with query merged into its own query.
func (t *Target) urlWith(query url.Values) string {
	u, q := *t.URL, t.URL.Query()
	if len(query) == 0 {
		return u.String() // exactly as given
	}
	maps.Copy(q, query)
	u.RawQuery = q.Encode()
	return u.String()
}
