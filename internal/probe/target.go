package probe

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"time"
)

// Target is what is probed, and how it is reached.
type Target struct {
	URL     *url.URL
	Header  http.Header   // sent with each handshake
	Host    string        // in place of the URL's, in the request and for TLS; "" is the URL's
	TLS     *tls.Config   // for wss
	Timeout time.Duration // for each answer that is waited for
	// DialContext opens the connection beneath: TCP.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
}

// NewTarget makes a target of a URL. Its connections have no TCP keep-alive, which some
// timers of idle connections count as traffic.
func NewTarget(rawURL string) (*Target, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme != "ws" && u.Scheme != "wss" || u.Hostname() == "" || u.Fragment != "" {
		return nil, fmt.Errorf("%q is no URL of a WebSocket; it must be like ws://localhost:8080/ or wss://example.com/path?query", rawURL)
	}
	dialer := &net.Dialer{KeepAlive: -1}
	return &Target{URL: u, Header: http.Header{}, TLS: &tls.Config{}, Timeout: 10 * time.Second, DialContext: dialer.DialContext}, nil
}

// ofTheHandshake are the header fields that the handshake has to set itself.
var ofTheHandshake = map[string]bool{
	"Connection": true, "Upgrade": true, "Content-Length": true, "Transfer-Encoding": true,
	"Sec-Websocket-Key": true, "Sec-Websocket-Version": true, "Sec-Websocket-Protocol": true, "Sec-Websocket-Extensions": true,
}

// AddHeader adds a line such as "Authorization: Bearer abc". Host is a line like others.
func (t *Target) AddHeader(line string) error {
	name, value, found := strings.Cut(line, ":")
	name, value = textproto.CanonicalMIMEHeaderKey(name), strings.TrimSpace(value)
	switch {
	case !found || name == "" || strings.ContainsAny(name, " \t\r\n") || strings.ContainsAny(value, "\r\n\x00"):
		return fmt.Errorf("%q must be like 'Name: value'", line)
	case ofTheHandshake[name]:
		return fmt.Errorf("%s is set by the handshake itself", name)
	case name == "Host":
		t.Host = value
	default:
		t.Header.Add(name, value)
	}
	return nil
}

// serverName is the name that the certificate has to be for.
func (t *Target) serverName() string {
	if t.Host == "" {
		return t.URL.Hostname()
	}
	return (&url.URL{Host: t.Host}).Hostname()
}

// with is the URL with more in its query.
func (t *Target) with(query url.Values) string {
	u, q := *t.URL, t.URL.Query()
	if len(query) == 0 {
		return u.String() // as it was given, to the byte
	}
	for name, values := range query {
		q[name] = values
	}
	u.RawQuery = q.Encode()
	return u.String()
}
