package probe

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
)

// diagnosedAs runs a handshake against a target and returns its diagnosis and error.
func diagnosedAs(t *testing.T, target *Target) (*Diagnosis, error) {
	t.Helper()
	_, err := target.dial(t.Context(), offer{})
	if err == nil {
		t.Fatal("the handshake succeeded")
	}
	d := target.diagnoseHandshake(t.Context(), err)
	if d == nil {
		d = &Diagnosis{ID: "none"}
	}
	return d, err
}

// What proxies and servers answer, byte for byte but for Date. page is how the body is described.
func TestRefusalsAreDiagnosed(t *testing.T) {
	html := "Content-Type: text/html\n"
	plain := "Content-Type: text/plain; charset=utf-8\n"
	tests := map[string]struct {
		head, body      string
		id, proxy, page string
	}{
		"nginx 502": {"HTTP/1.1 502 Bad Gateway\nServer: nginx/1.22.1\n" + html, "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n",
			"no-backend", nginx, "the error page of nginx"},
		"nginx 503": {"HTTP/1.1 503 Service Temporarily Unavailable\nServer: nginx\n" + html, "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
			"limited", nginx, "the error page of nginx"},
		"nginx 400, cookie": {"HTTP/1.1 400 Bad Request\nServer: nginx\n" + html, "<html>\r\n<head><title>400 Request Header Or Cookie Too Large</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n<center>Request Header Or Cookie Too Large</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
			"header-too-large", nginx, "the error page of nginx"},
		"nginx 400, TLS": {"HTTP/1.1 400 Bad Request\nServer: nginx\n" + html, "<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>\r\n<body>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
			"backend-speaks-tls", nginx, "the error page of nginx"},
		"OpenResty 504": {"HTTP/1.1 504 Gateway Time-out\nServer: openresty\n" + html, "<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>\r\n<center><h1>504 Gateway Time-out</h1></center>\r\n<hr><center>openresty</center>\r\n</body>\r\n</html>\r\n",
			"backend-silent", "OpenResty", "the error page of OpenResty"},
		"HAProxy 503": {"HTTP/1.1 503 Service Unavailable\ncache-control: no-cache\ncontent-type: text/html\n", "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n",
			"no-backend", haproxy, "the error page of HAProxy"},
		"HAProxy 403": {"HTTP/1.1 403 Forbidden\ncontent-type: text/html\n", "<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>\n",
			"forbidden", haproxy, "the error page of HAProxy"},
		"Traefik 404":        {"HTTP/1.1 404 Not Found\nX-Content-Type-Options: nosniff\n" + plain, "404 page not found\n", "not-found", traefik, "404 page not found"},
		"Traefik 502":        {"HTTP/1.1 502 Bad Gateway\n" + plain, "Bad Gateway", "no-backend", traefik, "the error page of Traefik"},
		"Traefik 503":        {"HTTP/1.1 503 Service Unavailable\n" + plain, "no available server\n", "no-backend", traefik, "the error page of Traefik"},
		"Envoy 503":          {"HTTP/1.1 503 Service Unavailable\nserver: envoy\ncontent-type: text/plain\n", "upstream connect error or disconnect/reset before headers. reset reason: connection failure", "no-backend", envoy, "the error page of Envoy"},
		"Envoy 503, healthy": {"HTTP/1.1 503 Service Unavailable\nserver: istio-envoy\ncontent-type: text/plain\n", "no healthy upstream", "no-backend", envoy, "the error page of Envoy"},
		"Envoy 403, upgrade": {"HTTP/1.1 403 Forbidden\nserver: envoy\n", "", "upgrade-removed", envoy, ""},
		"Envoy 404":          {"HTTP/1.1 404 Not Found\nserver: envoy\n", "", "not-found", envoy, ""},
		"Envoy 426":          {"HTTP/1.1 426 Upgrade Required\nserver: envoy\n", "", "http10", envoy, ""},
		"Apache 503": {"HTTP/1.1 503 Service Unavailable\nServer: Apache/2.4.62 (Debian)\n" + html, "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n<title>503 Service Unavailable</title>\n</head><body>\n<h1>Service Unavailable</h1>\n</body></html>\n",
			"no-backend", apache, "the error page of Apache"},
		"ALB 503": {"HTTP/1.1 503 Service Temporarily Unavailable\nServer: awselb/2.0\n" + html, "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n</body>\r\n</html>\r\n",
			"no-backend", alb, "the error page of AWS Application Load Balancer"},
		"Cloudflare 521":        {"HTTP/1.1 521 <none>\nServer: cloudflare\nCF-RAY: 8f0-FRA\n" + html, "<!DOCTYPE html>\n<title>example.com | 521: Web server is down</title><a href=\"https://www.cloudflare.com/5xx-error-landing\">x</a>", "no-backend", cloudflare, "the error page of Cloudflare"},
		"Cloudflare 522, short": {"HTTP/1.1 522 <none>\nServer: cloudflare\nContent-Type: text/plain\n", "error code: 522", "no-backend", cloudflare, "the error page of Cloudflare"},
		"application":           {"HTTP/1.1 200 OK\n" + html, "<!doctype html>\n<html><head><title>My\n app</title></head></html>", "web-page", "", `a web page with the title "My app"`},
		"page without a title":  {"HTTP/1.1 200 OK\n" + html, "<p>hello</p>", "web-page", "", "a web page without a title"},
		"JSON":                  {"HTTP/1.1 200 OK\nContent-Type: application/json\n", `{"a":1}`, "upgrade-removed", "", `{"a":1}`},
		"origin":                {"HTTP/1.1 403 Forbidden\n" + plain, "Origin https://a.example is not allowed", "origin-refused", "", "Origin https://a.example is not allowed"},
		"own 503":               {"HTTP/1.1 503 Service Unavailable\n" + plain, "the server is shutting down", "unavailable", "", "the server is shutting down"},
		"redirect":              {"HTTP/1.1 308 Permanent Redirect\nLocation: /a/\n", "", "redirect", "", ""},
		"431":                   {"HTTP/1.1 431 Request Header Fields Too Large\n" + plain, "too large", "header-too-large", "", "too large"},
		"429":                   {"HTTP/1.1 429 Too Many Requests\n" + plain, "slow down", "limited", "", "slow down"},
		"401":                   {"HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Bearer\n" + plain, "no", "unauthorized", "", "no"},
		"unknown 400":           {"HTTP/1.1 400 Bad Request\n" + plain, "no such room", "bad-request", "", "no such room"},
		"teapot":                {"HTTP/1.1 418 I'm a teapot\n" + plain, "short and stout", "refused", "", "short and stout"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, err := diagnosedAs(t, scripted(t, "ws://peer.example/path", always(response(test.head, test.body))))
				var r *refusal
				if !errors.As(err, &r) || r.page() != test.page || d.ID != test.id || d.Proxy != test.proxy || d.Fix == "" {
					t.Errorf("%s, %q; want %s, %q, the page %q: %v, %v", d.ID, d.Proxy, test.id, test.proxy, test.page, err, d)
				}
			})
		})
	}
}

// Servers word it differently when a field is missing.
func TestFieldsThatServersMissAreDiagnosed(t *testing.T) {
	for body, want := range map[string]string{
		`the request has WebSocket header fields but no "Upgrade: websocket" (RFC 6455 section 4.1)`:                               "upgrade-removed",
		`the request has "Upgrade: websocket" but no "Connection: Upgrade" (RFC 6455 section 4.1)`:                                 "connection-removed",
		`the request arrived as HTTP/1.0; a WebSocket upgrade needs HTTP/1.1`:                                                      "http10",
		`Sec-WebSocket-Version is "" in 0 header fields; this server supports version 13`:                                          "version-removed",
		`Sec-WebSocket-Key is "", which is not 16 bytes in base64`:                                                                 "key-removed",
		`Bad Request: websocket: the client is not using the websocket protocol: 'upgrade' token not found in 'Connection' header`: "connection-removed", // gorilla
		`websocket: the client is not using the websocket protocol: 'websocket' token not found in 'Upgrade' header`:               "upgrade-removed",    // gorilla
		`WebSocket protocol violation: Connection header "close" does not contain Upgrade`:                                         "connection-removed", // coder
		`WebSocket protocol violation: Upgrade header "" does not contain websocket`:                                               "upgrade-removed",    // coder
		"Failed to open a WebSocket connection: missing Connection header.":                                                        "connection-removed", // websockets
		"Failed to open a WebSocket connection: missing Sec-WebSocket-Key header.":                                                 "key-removed",        // websockets
		"Invalid Upgrade header":                                                                             "upgrade-removed", // ws
		"Missing or invalid Sec-WebSocket-Version header":                                                    "version-removed", // ws
		"this server has PROXY_PROTOCOL=require, but no header arrived from this proxy":                      "proxy-protocol-not-sent",
		"this is a PROXY protocol header (send-proxy), and PROXY_PROTOCOL is off":                            "proxy-protocol-unexpected",
		"this is not an HTTP request: it begins with byte 0x0d (TLS on a port without TLS begins with 0x16)": "proxy-protocol-unexpected",
		"this is not an HTTP request: it begins with byte 0x00":                                              "proxy-protocol-unexpected", // version 2, after its CRLFs
	} {
		synctest.Test(t, func(t *testing.T) {
			d, _ := diagnosedAs(t, scripted(t, "ws://peer.example/", always(response("HTTP/1.1 400 Bad Request\nContent-Type: text/plain\n", body))))
			if d.ID != want {
				t.Errorf("%q: %s, want %s", body, d.ID, want)
			}
		})
	}
}

// A redirect to https means wss.
func TestRedirectNamesTheURL(t *testing.T) {
	for location, want := range map[string]string{
		"https://login.example/signin": "if that is a login page", "https://peer.example/path?a=1": "use wss://peer.example/path?a=1, or", "/path/": "use ws://peer.example/path/, or",
		"http://other.example/path": "use ws://other.example/path, or", "wss://other.example/path": "use wss://other.example/path, or",
	} {
		synctest.Test(t, func(t *testing.T) {
			d, _ := diagnosedAs(t, scripted(t, "ws://peer.example/path", always(response("HTTP/1.1 301 Moved Permanently\nLocation: "+location+"\n", ""))))
			if d.ID != "redirect" || !strings.HasPrefix(d.Fix, want) {
				t.Errorf("%s: %v, want %s", location, d, want)
			}
		})
	}
}

// Other Go programs without a WebSocket answer alike, but have none of these metrics.
func TestHealthPortIsKnownByItsMetrics(t *testing.T) {
	for metrics, want := range map[string]string{
		"# HELP a b\n# TYPE echosvc_draining gauge\n": "health-port", "# HELP a b\n# TYPE other gauge\n": "not-found",
	} {
		synctest.Test(t, func(t *testing.T) {
			d, _ := diagnosedAs(t, scripted(t, "ws://peer.example/", func(request string) string {
				if strings.HasPrefix(request, "GET /metrics ") {
					return response("HTTP/1.1 200 OK\n", metrics)
				}
				return response("HTTP/1.1 404 Not Found\nContent-Type: text/plain; charset=utf-8\n", "404 page not found\n")
			}))
			if d.ID != want {
				t.Errorf("%q: %s, want %s", metrics, d.ID, want)
			}
		})
	}
}

func TestFieldsAreToBlameIfTheHandshakeSucceedsWithoutThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := scripted(t, "ws://peer.example/", func(request string) string {
			if strings.Contains(request, "Cookie:") {
				return response("HTTP/1.1 400 Bad request\nContent-Type: text/html\n", "<html><body><h1>400 Bad request</h1>\nYour browser sent an invalid request.\n</body></html>\n")
			}
			return response("HTTP/1.1 101 Switching Protocols\n", "")
		})
		target.AddHeader("Cookie: a=b")
		if d, _ := diagnosedAs(t, target); d.ID != "header-too-large" || d.Proxy != haproxy || !strings.Contains(d.Cause, "(13 bytes)") {
			t.Errorf("%+v", d)
		}
	})
}
