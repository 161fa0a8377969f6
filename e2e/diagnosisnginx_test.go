package e2e

import (
	"os"
	"strings"
	"testing"
)

// nginxPass is a location that forwards WebSockets, up to the end of its block.
const nginxPass = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_set_header Host $http_host;"

// atRoot is a server with one location.
func atRoot(directives string) string { return "listen ADDR; location / { " + directives + " }" }

// passes is a server that forwards WebSockets, with further directives.
func passes(directives string) string {
	return atRoot("proxy_pass http://WS; " + nginxPass + " " + directives)
}

// listens is a server that forwards WebSockets and has these parameters of listen.
func listens(parameters string) string {
	return "listen ADDR " + parameters + "; ssl_certificate CERT; ssl_certificate_key KEY; location / { proxy_pass http://WS; " + nginxPass + " }"
}

var cookie = []string{"-H", "Cookie: " + strings.Repeat("0123456789abcdef", 500)}

var nginxMisconfigurations = []misconfiguration{
	{name: "right", config: passes(""), status: 0},
	{name: "proxy_pass alone", config: atRoot("proxy_pass http://WS; proxy_set_header Host $http_host;"), status: 1, id: "http10", cause: "HTTP/1.0", fix: "proxy_http_version 1.1;"},
	{name: "no Upgrade", config: atRoot("proxy_pass http://WS; proxy_http_version 1.1; proxy_set_header Connection upgrade;"), status: 1, id: "upgrade-removed", cause: "never arrived", fix: "proxy_set_header Upgrade $http_upgrade;"},
	{name: "no Connection", config: atRoot("proxy_pass http://WS; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;"), status: 1, id: "connection-removed", cause: "never arrived", fix: "proxy_set_header Connection upgrade;"},
	{name: "HTTP/1.0", config: atRoot("proxy_pass http://WS; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;"), status: 1, id: "http10", cause: "HTTP/1.0", fix: "proxy_http_version 1.1;"},
	{name: "health port", config: atRoot("proxy_pass http://HEALTH; " + nginxPass), status: 1, id: "health-port", cause: "health port", fix: "proxy_pass"},
	{name: "no backend", config: atRoot("proxy_pass http://DEAD; " + nginxPass), status: 1, id: "no-backend", cause: "(502)", fix: "proxy_pass"},
	{name: "backend ends the connection", config: atRoot("proxy_pass http://ENDING; " + nginxPass), status: 1, id: "no-backend", cause: "(502)", fix: "proxy_pass"},
	{name: "backend does not answer", config: atRoot("proxy_pass http://SILENT; proxy_read_timeout 500ms; " + nginxPass), status: 1, id: "backend-silent", cause: "did not answer in time", fix: "proxy_read_timeout"},
	{name: "rate of requests limited", config: passes("limit_req zone=requests;"), status: 1, id: "request-rate-limited", cause: "a second later", fix: "limit_req"},
	{name: "connections limited", config: passes("limit_conn connections 4;"), status: 1, id: "connections-limited", cause: "while this client has", fix: "limit_conn"},
	{name: "connections limited to one", config: passes("limit_conn single 1;"), status: 1, id: "connections-limited", cause: "while this client has", fix: "limit_conn"},
	{name: "web page", config: atRoot("root SITE; try_files $uri /index.html;"), status: 1, id: "web-page", cause: "/path", fix: "location"},
	{name: "401", config: passes("auth_basic closed; auth_basic_user_file PASSWORDS;"), status: 1, id: "unauthorized", cause: `Basic realm="closed"`, fix: "Authorization"},
	{name: "403", config: passes("deny all;"), status: 1, id: "forbidden", cause: "nginx refused", fix: "deny"},
	{name: "path not configured", config: "listen ADDR; location /other { proxy_pass http://WS; }", status: 1, id: "not-found", cause: "/path", fix: "location"},
	{name: "wss to plain", config: passes(""), scheme: "wss", args: []string{"-insecure"}, status: 1, id: "plain-port", cause: "does not speak TLS", fix: "use ws://"},
	{name: "ws to TLS", config: listens("ssl"), status: 1, id: "tls-port", cause: "speaks TLS", fix: "use wss://"},
	{name: "client certificate", config: listens("ssl") + " ssl_verify_client on; ssl_client_certificate CERT;", scheme: "wss", args: []string{"-insecure"}, status: 1, id: "client-certificate", cause: "client certificate", fix: "ssl_verify_client"},
	{name: "plain HTTP to a TLS backend", config: atRoot("proxy_pass http://TLSSERVER; " + nginxPass), status: 1, id: "backend-speaks-tls", cause: "server that speaks TLS", fix: "proxy_pass https://"},
	{name: "TLS to a plain backend", config: atRoot("proxy_pass https://WS; " + nginxPass), status: 1, id: "no-backend", cause: "(502)", fix: "scheme"},
	{name: "own error page", config: atRoot("proxy_pass http://DEAD; error_page 502 /sorry.html;") + " location /sorry.html { root SITE; }", status: 1, id: "no-backend", cause: "no server behind nginx", fix: "proxy_pass"},
	{name: "login page", config: "listen ADDR; location / { return 302 https://login.example/signin; }", status: 1, id: "redirect", cause: "redirects", fix: "Cookie"},
	{name: "429", config: passes("limit_req zone=requests; limit_req_status 429;"), status: 1, id: "request-rate-limited", cause: "a second later", fix: "limit_req"},
	{name: "self-signed", config: listens("ssl"), scheme: "wss", status: 1, id: "certificate-unknown", cause: "self-signed", fix: "-cafile"},
	{name: "TLS", config: listens("ssl"), scheme: "wss", args: []string{"-insecure"}, status: 0},
	{name: "HTTP/2 only", config: listens("http2"), status: 1, id: "http2-only", cause: "HTTP/2 only", fix: "http2"},
	{name: "header buffer too small", config: passes("") + " large_client_header_buffers 1 1k;", args: cookie, status: 1, id: "header-too-large", cause: "larger than nginx accepts", fix: "large_client_header_buffers"},
	{name: "PROXY protocol expected", config: listens("proxy_protocol"), status: 1, id: "proxy-protocol-missing", cause: "expects the PROXY protocol", fix: "listen"},
	{name: "PROXY protocol expected in TLS", config: listens("ssl proxy_protocol"), scheme: "wss", args: []string{"-insecure"}, status: 1, id: "proxy-protocol-missing", cause: "expects the PROXY protocol", fix: "listen"},
	{name: "PROXY protocol not sent", config: atRoot("proxy_pass http://REQUIRING; " + nginxPass), status: 1, id: "proxy-protocol-not-sent", cause: "the proxy does not send it", fix: "proxy_protocol on;"},
	{name: "Sec-WebSocket-Protocol stripped", config: passes(`proxy_set_header Sec-WebSocket-Protocol "";`), status: 1, id: "subprotocol-removed", cause: "was sent, but never arrived", fix: `proxy_set_header Sec-WebSocket-Protocol "";`},
	{name: "Sec-WebSocket-Extensions stripped", config: passes(`proxy_set_header Sec-WebSocket-Extensions "";`), status: 0, id: "extensions-removed", cause: "was sent, but never arrived", fix: "proxy_set_header"},
	{name: "Sec-WebSocket-Key stripped", config: passes(`proxy_set_header Sec-WebSocket-Key "";`), status: 1, id: "key-removed", cause: "was sent, but never arrived", fix: "proxy_set_header"},
	{name: "Sec-WebSocket-Version stripped", config: passes(`proxy_set_header Sec-WebSocket-Version "";`), status: 1, id: "version-removed", cause: "was sent, but never arrived", fix: "proxy_set_header"},
	{name: "response: Sec-WebSocket-Protocol stripped", config: passes("proxy_hide_header Sec-WebSocket-Protocol;"), status: 1, id: "subprotocol-removed-from-response", cause: "selected by the server, and removed by the proxy", fix: "proxy_hide_header"},
	{name: "response: Sec-WebSocket-Extensions stripped", config: passes("proxy_hide_header Sec-WebSocket-Extensions;"), status: 1, id: "extensions-removed-from-response", cause: "selected by the server, and removed by the proxy", fix: "proxy_hide_header"},
	{name: "response: Sec-WebSocket-Accept stripped", config: passes("proxy_hide_header Sec-WebSocket-Accept;"), status: 1, id: "response-field-removed", cause: "without Sec-WebSocket-Accept", fix: "proxy_hide_header Sec-WebSocket-Accept;"},
	{name: "response: Upgrade stripped", config: passes("proxy_hide_header Upgrade;"), status: 1, id: "response-field-removed", cause: "without Upgrade", fix: "proxy_hide_header Upgrade;"},
	{name: "Host rewritten", config: strings.Replace(passes(""), "$http_host", "$proxy_host", 1), status: 0, id: "host-rewritten", cause: "arrived as", fix: "proxy_set_header Host $http_host;"},
	{name: "path rewritten", config: atRoot("proxy_pass http://WS/other/; " + nginxPass), status: 0, id: "path-rewritten", cause: "/other/path", fix: "proxy_pass"},
	{name: "Origin stripped", config: passes(`proxy_set_header Origin "";`), args: []string{"-origin", "https://example.com"}, status: 0, id: "field-removed", cause: "Origin was sent", fix: `proxy_set_header Origin "";`},
	{name: "field with an underscore", config: passes(""), args: []string{"-H", "my_token: x"}, status: 0, id: "field-removed", cause: "was sent", fix: "underscores_in_headers on;"},
	{name: "redirect", config: "listen ADDR; return 301 https://$http_host$request_uri;", status: 1, id: "redirect", cause: "redirects", fix: "use wss://127.0.2."},
	{name: "time-out of 5 s (-idle 6s)", config: passes("proxy_read_timeout 5s;"), args: []string{"-idle", "6s"}, status: 1, id: "idle-timeout", cause: "are idle for", fix: "proxy_read_timeout"},
	{name: "limit_rate", config: passes("limit_rate 20k;"), status: 1, id: "tcp-left-open", cause: "TCP stayed open", fix: "limit_rate"},
}

// TestProbeDiagnosesNginx: each configuration gives one line with the cause and the fix, and the
// right exit status. -v prints the lines.
func TestProbeDiagnosesNginx(t *testing.T) {
	configs, addrs := misconfigured(t, nginxMisconfigurations)
	var servers strings.Builder
	for _, config := range configs {
		servers.WriteString("  server { " + config + " }\n")
	}
	startProxy(t, "nginx", `daemon off;
error_log stderr crit;
pid "DIR/pid";
worker_processes 1;
user root;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path "DIR"; proxy_temp_path "DIR"; fastcgi_temp_path "DIR"; uwsgi_temp_path "DIR"; scgi_temp_path "DIR";
  limit_req_zone $server_port zone=requests:1m rate=1r/s;
  limit_conn_zone $server_port zone=connections:1m;
  limit_conn_zone $server_port zone=single:1m;
`+servers.String()+`}
`, "-p", "DIR", "-c")
	awaitListening(t, addrs)
	t.Run("configurations", func(t *testing.T) { diagnosed(t, nginxMisconfigurations, addrs, 1) })
}

// TestProbeDiagnosesNginxStream: misconfigurations of the stream module.
func TestProbeDiagnosesNginxStream(t *testing.T) {
	const module = "/usr/lib/nginx/modules/ngx_stream_module.so" // Debian's
	if _, err := os.Stat(module); err != nil {
		missing(t, module)
	}
	table := []misconfiguration{
		{name: "stream", config: "listen ADDR; proxy_pass WS;", status: 0},
		{name: "PROXY protocol not expected", config: "listen ADDR; proxy_pass WS; proxy_protocol on;", status: 1, id: "proxy-protocol-unexpected", cause: "does not expect it", fix: "proxy_protocol on;"},
		{name: "stream: proxy_download_rate", config: "listen ADDR; proxy_pass WS; proxy_download_rate 100k;", status: 1, id: "transfer-rate-limited", cause: "KB a second", fix: "proxy_download_rate"},
		{name: "stream: no backend", config: "listen ADDR; proxy_pass DEAD;", status: 1, id: "no-answer", cause: "the handshake was not answered", fix: "server"},
		{name: "stream: time-out of 5 s (-idle 6s)", config: "listen ADDR; proxy_pass WS; proxy_timeout 5s;", args: []string{"-idle", "6s"}, status: 1, id: "idle-timeout", cause: "are idle for", fix: "proxy_timeout"},
	}
	configs, addrs := misconfigured(t, table)
	var servers strings.Builder
	for _, config := range configs {
		servers.WriteString("  server { " + config + " }\n")
	}
	startProxy(t, "nginx", "load_module "+module+`;
daemon off;
error_log stderr emerg;
pid "DIR/pid";
events { worker_connections 1024; }
stream {
`+servers.String()+`}
`, "-p", "DIR", "-c")
	awaitListening(t, addrs)
	t.Run("configurations", func(t *testing.T) { diagnosed(t, table, addrs, 1) })
}
