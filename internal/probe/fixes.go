package probe

import "strings"

// fixes are the fixes for each diagnosis, by proxy. The entry "" is for all others, and comes
// first if the proxy is not known.
var fixes = map[string]map[string]string{
	"upgrade-removed": {
		nginx:   nginxUpgrade,
		haproxy: "remove the http-request del-header or set-header that changes Upgrade; HAProxy forwards upgrades by default",
		traefik: "remove Upgrade from customRequestHeaders of the headers middleware; Traefik forwards upgrades by default",
		envoy:   "upgrade_configs: [{upgrade_type: websocket}] in the HTTP connection manager",
		apache:  "ProxyPass / http://HOST:PORT/ upgrade=websocket",
	},
	"connection-removed": {
		nginx:   nginxUpgrade,
		haproxy: "remove the http-request del-header or set-header that changes Connection",
		traefik: "remove Connection from customRequestHeaders of the headers middleware",
		envoy:   "upgrade_configs: [{upgrade_type: websocket}] in the HTTP connection manager",
		apache:  "ProxyPass / http://HOST:PORT/ upgrade=websocket",
	},
	"http10": {
		nginx:   nginxUpgrade,
		haproxy: "remove the http-request or option that changes the version; HAProxy keeps HTTP/1.1",
		envoy:   "send HTTP/1.1 to Envoy from the hop before it",
		apache:  "remove SetEnv force-proxy-request-1.0 and proxy-nokeepalive",
	},
	"key-removed":         removed("Sec-WebSocket-Key"),
	"version-removed":     removed("Sec-WebSocket-Version"),
	"subprotocol-removed": removed("Sec-WebSocket-Protocol"),
	"extensions-removed":  removed("Sec-WebSocket-Extensions"),
	"field-removed":       removed("NAME"),
	"field-changed": {
		nginx:   "correct the proxy_set_header NAME line",
		haproxy: "correct the http-request set-header NAME line",
		traefik: "correct NAME in customRequestHeaders of the headers middleware",
		envoy:   "correct NAME in request_headers_to_add of the route",
	},
	"subprotocol-removed-from-response": removedFromResponse("Sec-WebSocket-Protocol"),
	"extensions-removed-from-response":  removedFromResponse("Sec-WebSocket-Extensions"),
	"response-field-removed":            removedFromResponse("NAME"),
	"host-rewritten": {
		nginx:   "proxy_set_header Host $http_host;",
		haproxy: "remove the http-request set-header Host line",
		traefik: "passHostHeader: true in the service's loadBalancer",
		envoy:   "remove host_rewrite_literal and auto_host_rewrite from the route",
		apache:  "ProxyPreserveHost On",
	},
	"path-rewritten": {
		nginx:   "proxy_pass without a path after the host (proxy_pass http://NAME;), and no rewrite",
		haproxy: "remove the http-request set-path, replace-path or set-uri line",
		traefik: "remove the stripPrefix, addPrefix or replacePath middleware",
		envoy:   "remove prefix_rewrite and regex_rewrite from the route",
	},
	"subprotocol-not-offered": {"": "let the server select one of the subprotocols that the client offered, or none"},
	"extensions-not-offered":  {"": "let the server select only extensions that the client offered"},
	"tcp-left-open": {
		nginx: "limit_rate 0; for this location (it does not slow down WebSockets, but delays the end of TCP)",
		"":    "close TCP after both close frames (RFC 6455 section 7.1.1)",
	},
	"accept-wrong": removed("Sec-WebSocket-Key"),
	"health-port": {
		nginx:   "proxy_pass (or server in upstream) must name PORT of echosvc, 8080 by default, not HEALTH_PORT",
		haproxy: "server must name PORT of echosvc, 8080 by default; HEALTH_PORT belongs after check port",
		traefik: "the service's server url must have PORT of echosvc, 8080 by default",
		envoy:   "port_value of the cluster's endpoint must be PORT of echosvc, 8080 by default",
		"":      "use PORT of echosvc, 8080 by default, not HEALTH_PORT",
	},
	"no-backend": {
		nginx:   "start the server, and name its scheme, host and port in proxy_pass (or server in upstream); error_log has the reason",
		haproxy: "start the server, name its host and port in the server line (without ssl and proto h2, unless the server has them), and make sure that its check passes; the log has the reason",
		traefik: "start the server, and name its host and port in the service's server url",
		envoy:   "start the server, and name its host and port in the cluster's endpoints; response_flags in the access log have the reason",
		alb:     "register a target that passes the health check of the target group (/readyz)",
		"":      "start the server behind the proxy, and make sure that the proxy can reach it",
	},
	"backend-silent": {
		nginx:   "find out why the server does not answer, or check the port in proxy_pass; nginx waits for proxy_read_timeout",
		haproxy: "find out why the server does not answer, or check the port in the server line; HAProxy waits for timeout server",
		envoy:   "find out why the server does not answer; Envoy waits for the timeout of the route",
		"":      "find out why the server behind the proxy does not answer",
	},
	"limited": {
		nginx:   "raise limit_req (rate, burst) or limit_conn for this location",
		haproxy: "raise the limit of the stick-table rule (http-request deny deny_status 429), or maxconn",
		traefik: "raise average and burst of the rateLimit middleware, or amount of inFlightReq",
		envoy:   "raise the rate limit of the route (local_ratelimit)",
		"":      "raise the limit, or send fewer handshakes",
	},
	"request-rate-limited": {
		nginx:   "raise rate or burst of limit_req for this location",
		haproxy: "raise the http_req_rate or conn_rate limit of the stick-table rule",
		traefik: "raise average and burst of the rateLimit middleware",
		envoy:   "raise the rate limit of the route (local_ratelimit)",
		"":      "raise the limit on the rate of requests",
	},
	"connections-limited": {
		nginx:   "raise limit_conn for this location",
		haproxy: "raise maxconn, or the conn_cur limit of the stick-table rule",
		traefik: "raise amount of the inFlightReq middleware",
		envoy:   "raise max_connections and max_requests of the cluster's circuit_breakers",
		"":      "raise the limit on concurrent connections",
	},
	"transfer-rate-limited": {
		nginx:   "raise limit_rate, or proxy_download_rate and proxy_upload_rate in stream",
		haproxy: "raise the limit of filter bwlim-in and bwlim-out",
		envoy:   "raise limit_kbps of bandwidth_limit",
		"":      "raise the bandwidth of the path",
	},
	"web-page": {
		nginx:   "add a location for this path with proxy_pass to the server, before the try_files of the application",
		haproxy: "add use_backend with an acl for this path, before default_backend",
		traefik: "add a router whose rule has this path, with a higher priority",
		envoy:   "add a route with this prefix before the application's",
		"":      "route this path to the WebSocket server, or use its path",
	},
	"unauthorized": {
		nginx:   "send -H 'Authorization: Basic ...', or auth_basic off; (auth_request off;) for this location",
		haproxy: "send -H 'Authorization: Basic ...', or exempt this path from http-request auth",
		traefik: "send -H 'Authorization: ...', or remove the basicAuth or forwardAuth middleware from the router",
		"":      "send the credentials with -H 'Authorization: ...' or -H 'Cookie: ...'",
	},
	"forbidden": {
		nginx:   "correct allow, deny or the if that returns 403 for this location",
		haproxy: "correct the http-request deny rule",
		traefik: "correct the ipAllowList middleware of the router",
		envoy:   "correct the RBAC filter, or upgrade_configs",
		"":      "correct the rule that refuses the request, or send what it requires with -H or -origin",
	},
	"not-found": {
		nginx:   "add a location for this path, or a server_name for this host",
		haproxy: "add a use_backend rule for this path and host",
		traefik: "add a router whose rule matches this host and path",
		envoy:   "add a route for this path, and the host to the domains of the virtual host",
		"":      "use a path and a host that the server has",
	},
	"header-too-large": {
		nginx:   "raise large_client_header_buffers (4 8k by default)",
		haproxy: "raise tune.bufsize (16384 by default, less tune.maxrewrite)",
		traefik: "raise http.maxHeaderBytes of the entry point",
		envoy:   "raise max_request_headers_kb of the HTTP connection manager",
		"":      "raise the limit on the request head, or send smaller cookies",
	},
	"proxy-protocol-unexpected": {
		nginx:   "remove proxy_protocol on; or make the server accept it (echosvc: PROXY_PROTOCOL=optional and TRUSTED_PROXIES)",
		haproxy: "remove send-proxy (or send-proxy-v2) from the server line, or make the server accept it (echosvc: PROXY_PROTOCOL=optional and TRUSTED_PROXIES)",
		traefik: "remove proxyProtocol from the service's loadBalancer, or make the server accept it (echosvc: PROXY_PROTOCOL=optional and TRUSTED_PROXIES)",
		envoy:   "remove the proxy_protocol transport socket, or make the server accept it (echosvc: PROXY_PROTOCOL=optional and TRUSTED_PROXIES)",
	},
	"proxy-protocol-not-sent": {
		nginx:   "proxy_protocol on; (in stream), or make the server not require it (echosvc: PROXY_PROTOCOL=optional)",
		haproxy: "add send-proxy (or send-proxy-v2) to the server line, or make the server not require it (echosvc: PROXY_PROTOCOL=optional)",
		traefik: "add proxyProtocol to the service's loadBalancer, or make the server not require it (echosvc: PROXY_PROTOCOL=optional)",
		envoy:   "add the proxy_protocol transport socket to the cluster, or make the server not require it (echosvc: PROXY_PROTOCOL=optional)",
	},
	"proxy-protocol-missing": {
		nginx:   "remove proxy_protocol from listen, or make the load balancer send it",
		haproxy: "remove accept-proxy from bind, or make the load balancer send it (server ... send-proxy)",
		traefik: "remove proxyProtocol from the entry point, or make the load balancer send it",
		envoy:   "remove the proxy_protocol listener filter, or make the load balancer send it",
		"":      "make the load balancer send the PROXY protocol, or disable it on this port (echosvc: PROXY_PROTOCOL=optional)",
	},
	"http2-only": {
		nginx:   "remove http2 from listen (http2 on; needs TLS to keep HTTP/1.1 too)",
		haproxy: "remove proto h2 from bind, and add http/1.1 to its alpn",
		envoy:   "codec_type: AUTO in the HTTP connection manager",
		"":      "enable HTTP/1.1 on this port (alpn h2,http/1.1)",
	},
	"tls-refused": {
		nginx:   "check ssl_protocols and ssl_ciphers, and the name (-H 'Host: NAME')",
		haproxy: "check ssl-min-ver and ciphers, and strict-sni with the name (-H 'Host: NAME')",
		"":      "check the name (-H 'Host: NAME'), the TLS versions and the ciphers of the server",
	},
	"client-certificate": {
		nginx:   "ssl_verify_client off; or optional for this server: the probe has no client certificate",
		haproxy: "remove verify required from bind: the probe has no client certificate",
		"":      "do not require a client certificate on this port: the probe has none",
	},
	"backend-speaks-tls": {
		nginx:   "proxy_pass https://NAME;",
		haproxy: "add ssl (with ca-file, or verify none) to the server line",
		traefik: "begin the service's server url with https",
		envoy:   "add a TLS transport_socket to the cluster",
		"":      "make the proxy use https to the server, or unset TLS_CERT_FILE of the server",
	},
	"tls-port": {"": "use wss://"},
	"plain-port": {
		nginx:   "listen ... ssl; with ssl_certificate",
		haproxy: "bind ... ssl crt FILE",
	},
	"redirect": {
		nginx:   "exempt this location from return 301 or rewrite",
		haproxy: "exempt this path from http-request redirect",
		traefik: "remove the redirectScheme or redirectRegex middleware from the router",
		envoy:   "remove redirect (https_redirect) from the route",
		"":      "exempt this path from the redirect",
	},
	"idle-timeout": {
		nginx:   "proxy_read_timeout 3600s; proxy_send_timeout 3600s; (in stream: proxy_timeout), or a smaller PING_INTERVAL of the server",
		haproxy: "timeout tunnel 1h, or a smaller PING_INTERVAL of the server",
		traefik: "respondingTimeouts.idleTimeout of the entry point, or a smaller PING_INTERVAL of the server",
		envoy:   "timeout: 0s of the route and stream_idle_timeout: 0s, or a smaller PING_INTERVAL of the server",
		"":      "raise the idle time-out of the proxy, or make the server ping more often (echosvc: PING_INTERVAL)",
	},
	"bad-request": {
		haproxy: "see \"show errors\" on the statistics socket: a head over tune.bufsize, or bytes that are not HTTP, such as a PROXY header without accept-proxy",
		nginx:   "see error_log at level info: a wrong Host, or bytes that are not HTTP, such as a PROXY header without listen ... proxy_protocol",
		"":      "see the log of the server: a hop may send the PROXY protocol, or a field that is not valid",
	},
	"refused":             {"": "see the log of the server or proxy that answered"},
	"no-answer":           {"": "make sure that the server behind the port runs and answers, or wait longer with -timeout"},
	"malformed-response":  {"": "make the server or proxy that answered send valid HTTP/1.1 (RFC 9112 sections 4 and 5)"},
	"not-http":            {"": "check the port: another service listens there"},
	"origin-refused":      {"": "add the origin to ALLOWED_ORIGINS of the server, or send the one that browsers send, with -origin"},
	"unavailable":         {"": "wait until it is ready (-wait 30s), or raise its limits (MAX_CONNECTIONS, MEMORY_LIMIT)"},
	"certificate-unknown": {"": "-cafile FILE with the certificate of its authority, or -insecure"},
	"certificate-name":    {"": "use a name that is in the certificate, or set it with -H 'Host: NAME'"},
	"certificate-expired": {"": "renew the certificate, or correct this machine's clock"},
	"name-unknown":        {"": "check the name in the URL, and the resolver of this machine"},
	"nothing-listens":     {"": "start the server, or check host and port; -wait 30s waits for a server that is starting"},
	"unreachable":         {"": "check the address, the firewall, and the network policy"},
}

// nginxUpgrade has the directives that a location for WebSockets needs, which have an effect
// only together.
const nginxUpgrade = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;"

// removed is the fix for a field that was removed from the request.
func removed(name string) map[string]string {
	return map[string]string{
		nginx:   `remove proxy_set_header ` + name + ` "";`,
		haproxy: "remove http-request del-header " + name,
		traefik: "remove " + name + " from customRequestHeaders of the headers middleware",
		envoy:   "remove " + name + " from request_headers_to_remove",
	}
}

// removedFromResponse is the fix for a field that was removed from the response.
func removedFromResponse(name string) map[string]string {
	return map[string]string{
		nginx:   "remove proxy_hide_header " + name + ";",
		haproxy: "remove http-response del-header " + name,
		traefik: "remove " + name + " from customResponseHeaders of the headers middleware",
		envoy:   "remove " + name + " from response_headers_to_remove",
	}
}

// fixFor returns the fix for a diagnosis. If the proxy is not known, it returns those for the
// most common proxies.
func fixFor(id, proxy string) string {
	byProxy := fixes[id]
	if proxy == "OpenResty" {
		proxy = nginx
	}
	if fix := byProxy[proxy]; fix != "" && proxy != "" {
		return fix
	}
	var list []string
	if general := byProxy[""]; general != "" {
		list = append(list, general)
	}
	if proxy == "" || len(list) == 0 {
		for _, name := range []string{nginx, haproxy, traefik, envoy} {
			if fix := byProxy[name]; fix != "" {
				list = append(list, name+": "+fix)
			}
		}
	}
	return strings.Join(list, " | ")
}
