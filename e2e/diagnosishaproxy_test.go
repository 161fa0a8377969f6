package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// through is a frontend and a backend with further lines in each.
func through(frontend, backend, server string) string {
	return "frontend NAME\n  bind ADDR\n  " + frontend + "\n  default_backend NAME\nbackend NAME\n  " + backend + "\n  server s " + server + "\n"
}

// bound is a frontend whose bind line has these parameters.
func bound(parameters string) string {
	return strings.Replace(through("", "", "WS"), "bind ADDR", "bind ADDR "+parameters, 1)
}

var haproxyMisconfigurations = []misconfiguration{
	{name: "right", config: through("", "", "WS"), status: 0},
	{name: "no Upgrade", config: through("http-request del-header Upgrade", "", "WS"), status: 1, id: "upgrade-removed", cause: "never arrived", fix: "http-request del-header"},
	{name: "no Connection", config: through("http-request del-header Connection", "", "WS"), status: 1, id: "connection-removed", cause: "never arrived", fix: "http-request del-header"},
	{name: "health port", config: through("", "", "HEALTH"), status: 1, id: "health-port", cause: "health port", fix: "server must name PORT"},
	{name: "no backend", config: through("", "", "DEAD"), status: 1, id: "no-backend", cause: "(503)", fix: "server line"},
	{name: "check fails", config: through("", "option httpchk GET /nowhere", "WS check port 9 inter 100ms fall 1"), status: 1, id: "no-backend", cause: "(503)", fix: "check"},
	{name: "backend ends the connection", config: through("", "", "ENDING"), status: 1, id: "no-backend", cause: "(502)", fix: "server line"},
	{name: "backend does not answer", config: through("", "timeout server 500ms", "SILENT"), status: 1, id: "backend-silent", cause: "did not answer in time", fix: "timeout server"},
	{name: "rate of requests limited", config: through("stick-table type ip size 1k expire 10s store http_req_rate(1s)\n  http-request track-sc0 src\n  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 1 }", "", "WS"), status: 1, id: "request-rate-limited", cause: "a second later", fix: "http_req_rate"},
	{name: "connections limited", config: through("stick-table type ip size 1k expire 10s store conn_cur\n  http-request track-sc0 src\n  http-request deny deny_status 429 if { sc_conn_cur(0) gt 4 }", "", "WS"), status: 1, id: "connections-limited", cause: "while this client has", fix: "conn_cur"},
	{name: "TCP connections limited", config: through("stick-table type ip size 1k expire 10s store conn_cur\n  tcp-request connection track-sc0 src\n  tcp-request connection reject if { sc_conn_cur(0) gt 4 }", "", "WS"), status: 1, id: "connections-limited", cause: "while this client has", fix: "conn_cur"},
	{name: "web page", config: through(`http-request return status 200 content-type text/html string "<!doctype html><title>My application</title>"`, "", "WS"), status: 1, id: "web-page", cause: "/path", fix: "use_backend"},
	{name: "401", config: through("http-request auth realm closed", "", "WS"), status: 1, id: "unauthorized", cause: "closed", fix: "http-request auth"},
	{name: "403", config: through("http-request deny", "", "WS"), status: 1, id: "forbidden", cause: "HAProxy refused", fix: "http-request deny"},
	{name: "wss to plain", config: through("", "", "WS"), scheme: "wss", args: []string{"-insecure"}, status: 1, id: "plain-port", cause: "does not speak TLS", fix: "bind ... ssl"},
	{name: "ws to TLS", config: bound("ssl crt PEM"), status: 1, id: "tls-port", cause: "speaks TLS", fix: "use wss://"},
	{name: "client certificate", config: bound("ssl crt PEM ca-file CERT verify required"), scheme: "wss", args: []string{"-insecure"}, status: 1, id: "client-certificate", cause: "client certificate", fix: "client certificate"},
	{name: "strict-sni", config: bound("ssl crt PEM strict-sni"), scheme: "wss", args: []string{"-insecure", "-H", "Host: other.example"}, status: 1, id: "tls-refused", cause: "refused the TLS handshake", fix: "-H 'Host: NAME'"},
	{name: "plain HTTP to a TLS backend", config: through("", "", "TLSSERVER"), status: 1, id: "backend-speaks-tls", cause: "server that speaks TLS", fix: "add ssl"},
	{name: "TLS to a plain backend", config: through("", "", "WS ssl verify none"), status: 1, id: "no-backend", cause: "no server behind HAProxy", fix: "without ssl"},
	{name: "HTTP/2 to the backend", config: through("", "", "WS proto h2"), status: 1, id: "no-backend", cause: "no server behind HAProxy", fix: "proto h2"},
	{name: "self-signed", config: bound("ssl crt PEM"), scheme: "wss", status: 1, id: "certificate-unknown", cause: "self-signed", fix: "-cafile"},
	{name: "TLS", config: bound("ssl crt PEM alpn h2,http/1.1"), scheme: "wss", args: []string{"-insecure"}, status: 0},
	{name: "HTTP/2 only", config: bound("proto h2"), status: 1, id: "http2-only", cause: "HTTP/2 only", fix: "proto h2"},
	{name: "HTTP/2 only in TLS", config: bound("ssl crt PEM proto h2"), scheme: "wss", args: []string{"-insecure"}, status: 1, id: "http2-only", cause: "HTTP/2 only", fix: "proto h2"},
	{name: "header buffer too small", config: through("", "", "WS"), args: cookie, status: 1, id: "header-too-large", cause: "without them the handshake succeeds", fix: "tune.bufsize"},
	{name: "PROXY protocol not expected", config: through("", "", "WS send-proxy"), status: 1, id: "proxy-protocol-unexpected", cause: "does not expect it", fix: "send-proxy"},
	{name: "PROXY protocol v2 not expected", config: through("", "", "WS send-proxy-v2"), status: 1, id: "proxy-protocol-unexpected", cause: "does not expect it", fix: "send-proxy-v2"},
	{name: "PROXY protocol expected", config: bound("accept-proxy"), status: 1, id: "proxy-protocol-missing", cause: "expects the PROXY protocol", fix: "accept-proxy"},
	{name: "PROXY protocol not sent", config: through("", "", "REQUIRING"), status: 1, id: "proxy-protocol-not-sent", cause: "the proxy does not send it", fix: "send-proxy"},
	{name: "PROXY protocol sent as expected", config: through("", "", "REQUIRING send-proxy-v2"), status: 0},
	{name: "Sec-WebSocket-Protocol stripped", config: through("http-request del-header Sec-WebSocket-Protocol", "", "WS"), status: 1, id: "subprotocol-removed", cause: "was sent, but never arrived", fix: "http-request del-header Sec-WebSocket-Protocol"},
	{name: "Sec-WebSocket-Extensions stripped", config: through("http-request del-header Sec-WebSocket-Extensions", "", "WS"), status: 0, id: "extensions-removed", cause: "was sent, but never arrived", fix: "http-request del-header"},
	{name: "Sec-WebSocket-Key stripped", config: through("http-request del-header Sec-WebSocket-Key", "", "WS"), status: 1, id: "accept-wrong", cause: "removed or changed Sec-WebSocket-Key", fix: "http-request del-header"},
	{name: "Sec-WebSocket-Version stripped", config: through("http-request del-header Sec-WebSocket-Version", "", "WS"), status: 1, id: "version-removed", cause: "was sent, but never arrived", fix: "http-request del-header"},
	{name: "response: Sec-WebSocket-Protocol stripped", config: through("http-response del-header Sec-WebSocket-Protocol", "", "WS"), status: 1, id: "subprotocol-removed-from-response", cause: "selected by the server, and removed by the proxy", fix: "http-response del-header"},
	{name: "response: Sec-WebSocket-Extensions stripped", config: through("http-response del-header Sec-WebSocket-Extensions", "", "WS"), status: 1, id: "extensions-removed-from-response", cause: "selected by the server, and removed by the proxy", fix: "http-response del-header"},
	{name: "response: Sec-WebSocket-Accept stripped", config: through("http-response del-header Sec-WebSocket-Accept", "", "WS"), status: 0 /* HAProxy adds its own */},
	{name: "response: Upgrade stripped", config: through("http-response del-header Upgrade", "", "WS"), status: 1, id: "response-field-removed", cause: "without Upgrade", fix: "http-response del-header Upgrade"},
	{name: "Host rewritten", config: through("http-request set-header Host other.example", "", "WS"), status: 0, id: "host-rewritten", cause: "arrived as other.example", fix: "http-request set-header Host"},
	{name: "path rewritten", config: through("http-request set-path /other%[path]", "", "WS"), status: 0, id: "path-rewritten", cause: "/other/path", fix: "set-path"},
	{name: "Origin stripped", config: through("http-request del-header Origin", "", "WS"), args: []string{"-origin", "https://example.com"}, status: 0, id: "field-removed", cause: "Origin was sent", fix: "http-request del-header Origin"},
	{name: "redirect", config: through("http-request redirect scheme https", "", "WS"), status: 1, id: "redirect", cause: "redirect", fix: "use wss://127.0.2."},
	{name: "time-out of 5 s (-idle 6s)", config: through("timeout client 5s", "timeout tunnel 5s", "WS"), args: []string{"-idle", "6s"}, status: 1, id: "idle-timeout", cause: "are idle for", fix: "timeout tunnel"},
}

// TestProbeDiagnosesHAProxy: each configuration gives one line with the cause and the fix, and
// the right exit status. -v prints the lines.
func TestProbeDiagnosesHAProxy(t *testing.T) {
	configs, addrs := misconfigured(t, haproxyMisconfigurations)
	var sections strings.Builder
	for i, config := range configs {
		sections.WriteString(strings.ReplaceAll(config, "NAME", fmt.Sprint("n", i)))
	}
	startProxy(t, "haproxy", `global
  maxconn 1000
  tune.bufsize 8192
  tune.ssl.default-dh-param 2048
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
  retries 0
`+sections.String(), "-db", "-f")
	awaitListening(t, addrs)
	checked := slices.IndexFunc(haproxyMisconfigurations, func(m misconfiguration) bool { return m.name == "check fails" })
	eventually(t, "the check has failed", func() bool {
		response, err := http.Get("http://" + addrs[checked])
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusServiceUnavailable
	})
	t.Run("configurations", func(t *testing.T) { diagnosed(t, haproxyMisconfigurations, addrs, 2) })
}
