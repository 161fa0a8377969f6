package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/coder/websocket"

	"github.com/echosvc/echosvc/internal/wstest"
)

// proxies are the proxies to test with. Each function starts a proxy for backends that need not run
// yet, until the end of the test, and returns its address.
var proxies = map[string]func(t *testing.T, backends []backend) string{
	"balancer": startBalancer,
	"nginx":    startNginx,
	"haproxy":  startHAProxy,
}

// startNginx runs nginx with the configuration in docs/proxies.md. It has no active health checks:
// if a backend answers 503 or does not listen, nginx tries the next.
func startNginx(t *testing.T, backends []backend) string {
	t.Helper()
	return startNginxWith(t, backends, "3600s")
}

// startNginxWith sets proxy_read_timeout.
func startNginxWith(t *testing.T, backends []backend, readTimeout string) string {
	t.Helper()
	return startNginxAt(t, backends, "location / { proxy_pass http://echosvc;", readTimeout)
}

// startNginxAt also sets the location. Its block is left open, and the common settings are added to
// it.
func startNginxAt(t *testing.T, backends []backend, location, readTimeout string) string {
	t.Helper()
	addr := fmt.Sprintf("127.0.0.1:%d", freePort(t, "127.0.0.1"))
	var servers strings.Builder
	for _, b := range backends {
		fmt.Fprintf(&servers, "    server %s:%d max_fails=0;\n", b.host, b.port)
	}
	startProxy(t, "nginx", `daemon off;
error_log stderr crit;
pid "DIR/pid";
worker_processes 1;
events { worker_connections 8192; }
http {
  access_log off;
  client_body_temp_path "DIR"; proxy_temp_path "DIR"; fastcgi_temp_path "DIR"; uwsgi_temp_path "DIR"; scgi_temp_path "DIR";
  upstream echosvc {
`+servers.String()+`  }
  server {
    listen `+addr+`;
    `+location+`
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
      proxy_set_header Host $host;
      proxy_read_timeout `+readTimeout+`;
      proxy_send_timeout 3600s;
      proxy_next_upstream error timeout http_503;
    }
  }
}
`, "-p", "DIR", "-c")
	return addr
}

// startHAProxy runs HAProxy with the configuration in docs/proxies.md. It checks readyz; a check
// that takes longer than inter fails.
func startHAProxy(t *testing.T, backends []backend) string {
	t.Helper()
	const maxConnections = 4096
	wstest.NeedFiles(t, 2*maxConnections+100) // or it does not start
	addr := fmt.Sprintf("127.0.0.1:%d", freePort(t, "127.0.0.1"))
	var servers strings.Builder
	for i, b := range backends {
		fmt.Fprintf(&servers, "  server s%d %s:%d check port %d\n", i, b.host, b.port, b.health)
	}
	startProxy(t, "haproxy", `global
  maxconn `+strconv.Itoa(maxConnections)+`
defaults
  mode http
  timeout connect 5s
  timeout check 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
  retry-on conn-failure empty-response 503
  option redispatch 1
frontend in
  bind `+addr+`
  default_backend echosvc
backend echosvc
  option httpchk GET /readyz
  default-server inter 1s fall 1 rise 1
`+servers.String(), "-db", "-f")
	return addr
}

// startProxy runs a program with a configuration file as its last argument. DIR is replaced by a
// temporary directory. The test is skipped if the program is not installed.
func startProxy(t *testing.T, program, config string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(program)
	if errors.Is(err, exec.ErrNotFound) {
		path, err = exec.LookPath("/usr/sbin/" + program) // Debian's directory, which may not be in PATH
	}
	if err != nil {
		missing(t, program)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, program+".conf")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(config, "DIR", dir)), 0o644); err != nil {
		t.Fatal(err)
	}
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "DIR", dir)
	}
	command := exec.Command(path, append(args, file)...)
	var output strings.Builder
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Signal(syscall.SIGTERM)
		command.Wait() // it was killed, so its exit status does not matter
		if t.Failed() {
			t.Logf("output of %s:\n%s", program, output.String())
		}
	})
}

// awaitProxy waits until an upgrade through the proxy succeeds, and returns the URL.
func awaitProxy(t *testing.T, addr string) string {
	t.Helper()
	return awaitProxyAt(t, "ws://"+addr+"/")
}

func awaitProxyAt(t *testing.T, url string) string {
	t.Helper()
	eventually(t, "an upgrade through the proxy succeeds", func() bool {
		c, _, err := websocket.Dial(t.Context(), url, nil)
		if err == nil {
			c.Close(websocket.StatusNormalClosure, "")
		}
		return err == nil
	})
	return url
}

// newBackends chooses addresses for n processes. Each has its own IP address: outgoing connections
// use ports of 127.0.0.1, and could take a backend's port before its process has started.
func newBackends(t *testing.T, n int) []backend {
	t.Helper()
	backends := make([]backend, n)
	for i := range backends {
		host := fmt.Sprintf("127.0.1.%d", 1+i)
		backends[i] = backend{host, freePort(t, host), freePort(t, host)}
	}
	return backends
}

// Messages and close codes pass through each proxy unchanged, in both directions.
func TestEchoAndCloseThroughProxies(t *testing.T) {
	for name, startProxy := range proxies {
		t.Run(name, func(t *testing.T) {
			backends := newBackends(t, 1)
			addr := startProxy(t, backends)
			p := backends[0].start(t)
			url := awaitProxy(t, addr)
			dial := func() *websocket.Conn {
				t.Helper()
				c, _, err := websocket.Dial(t.Context(), url, nil)
				if err != nil {
					t.Fatal(err)
				}
				c.SetReadLimit(-1)
				return c
			}
			expect := func(c *websocket.Conn, code websocket.StatusCode, reason string) {
				t.Helper()
				var closed websocket.CloseError
				if _, _, err := c.Read(t.Context()); !errors.As(err, &closed) || closed != (websocket.CloseError{Code: code, Reason: reason}) {
					t.Errorf("read %v, want a close frame with %d %q", err, code, reason)
				}
			}

			c := dial()
			for kind, payload := range map[websocket.MessageType]string{
				websocket.MessageText: "Hello, κόσμε", websocket.MessageBinary: strings.Repeat("\x00\xff", 1<<19),
			} {
				written := make(chan error)
				go func() { written <- c.Write(t.Context(), kind, []byte(payload)) }()
				gotKind, got, err := c.Read(t.Context())
				if err = errors.Join(err, <-written); err != nil || gotKind != kind || string(got) != payload {
					t.Fatalf("%d bytes came back as %d: %v", len(payload), len(got), err)
				}
			}
			if err := c.Close(4001, "the client's reason"); err != nil {
				t.Errorf("closing handshake: %v", err)
			}
			eventually(t, "the server has seen the client's code", func() bool {
				p.mu.Lock()
				defer p.mu.Unlock()
				return strings.Contains(strings.Join(p.log, "\n"), `"code":4001,"initiator":"client","clean":true`)
			})

			c = dial()
			c.Write(t.Context(), websocket.MessageText, []byte("bye"))
			c.Read(t.Context()) // the echo
			expect(c, websocket.StatusNormalClosure, "goodbye")

			c = dial()
			p.signal(t, syscall.SIGTERM)
			expect(c, websocket.StatusGoingAway, "the server is shutting down")
		})
	}
}

// TestRolloutRehearsal replaces two processes behind each proxy one after the other, as a rollout in
// a cluster does.
func TestRolloutRehearsal(t *testing.T) {
	const clients = 500
	wstest.NeedFiles(t, 8*clients) // for each, the balancer has two sockets and two pipes
	for name, startProxy := range proxies {
		t.Run(name, func(t *testing.T) {
			backends := newBackends(t, 4)
			addr := startProxy(t, backends)
			start := func(i int) *process {
				t.Helper()
				// HAProxy may need a second to see that readyz fails, and longer on a busy machine.
				return backends[i].start(t, "DRAIN_DELAY=5s", "DRAIN_SPREAD=1s", "DRAIN_TIMEOUT=60s", "CLOSE_TIMEOUT=55s")
			}
			old := []*process{start(0), start(1)}
			checkRollout(t, awaitProxy(t, addr), clients, func() {
				for i, p := range old {
					start(2 + i)
					p.signal(t, syscall.SIGTERM)
					if err := p.wait(); err != nil {
						t.Errorf("a process ended with %v", err)
					}
					drained := p.find(t, "drained")
					t.Logf("drained: %v connections, %v clean, %v cut, in %v ms", drained["connections"], drained["clean"], drained["cut"], drained["duration_ms"])
					if drained["cut"] != 0.0 {
						t.Error("a connection was cut")
					}
				}
			})
		})
	}
}
