package service

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/clientaddr"
	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/wstest"
)

const (
	proxyV1 = "PROXY TCP4 198.51.100.7 10.0.0.1 56324 443\r\n"
	proxyV2 = "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc6\x33\x64\x07\x0a\x00\x00\x01\xdc\x04\x01\xbb"
)

// overTLS is the end of the name of a transport with TLS.
const overTLS = " over TLS"

// transports are the drivers, over TCP and over TLS.
func transports() []string {
	all := []string{"portable", "portable" + overTLS}
	if haveLoop {
		all = append(all, "loop", "loop"+overTLS)
	}
	return all
}

// startBehindProxy starts a service that trusts the loopback interface.
func startBehindProxy(t *testing.T, transport, protocol, networks string) *running {
	t.Helper()
	change := func(c *config.Config) {
		if err := c.ProxyProtocol.Decode(protocol); err != nil {
			t.Fatal(err)
		}
		if err := c.TrustedProxies.Decode(networks); err != nil {
			t.Fatal(err)
		}
	}
	driver, secure := strings.CutSuffix(transport, overTLS)
	if !secure {
		return start(t, driver, change)
	}
	cert, key := wstest.WriteCertificate(t, t.TempDir(), "one")
	return start(t, driver, func(c *config.Config) {
		change(c)
		c.TLSCertFile, c.TLSKeyFile = cert, key
	})
}

// connectAfter connects and sends a header in pieces of a byte, before TLS if there is TLS.
func connectAfter(t *testing.T, transport, addr, header string) *wstest.Client {
	t.Helper()
	c := wstest.Connect(t, addr)
	for i := range len(header) {
		c.Send([]byte(header[i : i+1]))
	}
	if !strings.HasSuffix(transport, overTLS) {
		return c
	}
	secure := tls.Client(c.Conn, &tls.Config{InsecureSkipVerify: true})
	secure.SetDeadline(time.Now().Add(wstest.Patience))
	return wstest.NewClient(t, secure)
}

// TestClientAddress is shown in the greeting, by /connections, by the echo of plain HTTP and in
// the log.
func TestClientAddress(t *testing.T) {
	for _, transport := range transports() {
		t.Run(transport, func(t *testing.T) {
			r := startBehindProxy(t, transport, "optional", "127.0.0.0/8")
			for _, test := range []struct{ name, header, field, want string }{
				{"none", "", "", ""},
				{"X-Forwarded-For", "", "X-Forwarded-For: 1.1.1.1, 198.51.100.7, 127.0.0.9", "198.51.100.7"},
				{"Forwarded", "", `Forwarded: for="[2001:db8::7]:4711";proto=https`, "2001:db8::7"},
				{"X-Real-IP", "", "X-Real-IP: 198.51.100.7", "198.51.100.7"},
				{"PROXY, version 1", proxyV1, "", "198.51.100.7:56324"},
				{"PROXY, version 2", proxyV2, "X-Forwarded-For: 1.1.1.1", "198.51.100.7:56324"},
			} {
				t.Run(test.name, func(t *testing.T) {
					field := test.field
					if field == "" {
						field = "X-Other: x"
					}
					closed, answered := len(logged(r, "connection closed")), len(logged(r, "http request"))
					c := connectAfter(t, transport, r.addr, test.header)
					c.Send([]byte(strings.Replace(wstest.Request(field), "GET /", "GET /?greet=1", 1)))
					if got := c.Response(); got.StatusCode != 101 {
						t.Fatalf("the upgrade is answered with %s", got.Status)
					}
					greeting, err := c.Frame()
					if err != nil {
						t.Fatal(err)
					}
					expectClient(t, "the greeting", greeting.Payload, test.want)
					_, list := fetch(t, "http://"+r.health+"/connections")
					var connections struct{ Connections []json.RawMessage }
					if err := json.Unmarshal([]byte(list), &connections); err != nil || len(connections.Connections) != 1 {
						t.Fatalf("/connections is %s, %v", list, err)
					}
					expectClient(t, "/connections", string(connections.Connections[0]), test.want)
					c.Send(wstest.Frame(0x88, "\x03\xe8"))
					c.Expect(frame(0x88, "\x03\xe8"))
					c.ExpectEnd()
					c.Close()
					wstest.Eventually(t, "its end is logged", func() bool { return len(logged(r, "connection closed")) > closed })

					for _, accept := range []string{"application/json", "text/plain"} {
						c = connectAfter(t, transport, r.addr, test.header)
						c.Send([]byte("GET /x HTTP/1.1\r\nHost: x\r\nAccept: " + accept + "\r\n" + field + "\r\n\r\n"))
						body, err := io.ReadAll(c.Response().Body)
						if err != nil {
							t.Fatal(err)
						}
						if accept == "application/json" {
							expectClient(t, "the echo", string(body), test.want)
						} else if got := strings.Contains(string(body), "\nclient: "+test.want+"\n"); got != (test.want != "") {
							t.Errorf("the echo as text is %s", body)
						}
					}
					wstest.Eventually(t, "both requests are logged", func() bool { return len(logged(r, "http request")) == answered+2 })
					for _, msg := range []string{"connection opened", "connection closed", "http request"} {
						lines := logged(r, msg)
						expectClient(t, "the log line "+msg, lines[len(lines)-1], test.want)
					}
				})
			}
		})
	}
}

// expectClient checks the client and the remote address of an object in JSON.
func expectClient(t *testing.T, what, object, want string) {
	t.Helper()
	var got struct {
		Remote string
		Client *string
	}
	if err := json.Unmarshal([]byte(object), &got); err != nil || !strings.HasPrefix(got.Remote, "127.0.0.1:") || (got.Client != nil) != (want != "") || want != "" && *got.Client != want {
		t.Errorf("%s has not the client %q: %s, %v", what, want, object, err)
	}
}

// logged returns the lines of the log that have msg, other than those of /connections.
func logged(r *running, msg string) (lines []string) {
	for line := range strings.Lines(r.log.String()) {
		if strings.Contains(line, `"msg":"`+msg+`"`) && !strings.Contains(line, `"path":"/connections"`) {
			lines = append(lines, line)
		}
	}
	return lines
}

// TestProxyHeaderIsRefused with 400 and a text that the client can read, over TLS too.
func TestProxyHeaderIsRefused(t *testing.T) {
	for _, transport := range transports() {
		t.Run(transport, func(t *testing.T) {
			for _, test := range []struct{ protocol, networks, header, want string }{
				{"off", "", proxyV1, "PROXY protocol, version 1, which this server does not expect, because PROXY_PROTOCOL=off; remove send-proxy"},
				{"off", "127.0.0.1", proxyV2, "PROXY protocol, version 2, which this server does not expect, because PROXY_PROTOCOL=off; remove send-proxy"},
				{"optional", "10.0.0.0/8", proxyV1, "is not in TRUSTED_PROXIES"},
				{"require", "127.0.0.1", "", "this server has PROXY_PROTOCOL=require"},
			} {
				r := startBehindProxy(t, transport, test.protocol, test.networks)
				c := connectAfter(t, transport, r.addr, test.header)
				c.Send([]byte(wstest.Request()))
				response := c.Response()
				if body, err := io.ReadAll(response.Body); response.StatusCode != 400 || err != nil || !strings.Contains(string(body), test.want) {
					t.Errorf("with %s and %q the answer is %s, %s, %v", test.protocol, test.networks, response.Status, body, err)
				}
				if line := r.line("request refused"); line["reason"] != string(clientaddr.ReasonProxyProtocol) {
					t.Errorf("logged %v", line)
				}
			}
		})
	}
}
