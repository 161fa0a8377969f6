package service

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/wstest"
)

// runUntil runs a service and calls test once it has announced its URLs, which PORT=0 and
// PORT_FILE make it do. Then it ends the service.
func runUntil(t *testing.T, change func(*config.Config), test func(s *Service, stdout string)) {
	t.Helper()
	c := config.Default()
	c.Host, c.HealthHost, c.Port, c.HealthPort, c.MemoryLimit, c.DrainSpread = "127.0.0.1", "127.0.0.1", 0, 0, 0, 0
	c.PortFile = filepath.Join(t.TempDir(), "urls")
	change(&c)
	s := New(c, slog.New(slog.DiscardHandler), "test")
	var stdout syncBuffer
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, nil, &stdout) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	wstest.Eventually(t, "PORT_FILE is written", func() bool {
		_, err := os.Stat(c.PortFile)
		return err == nil || len(ended) > 0
	})
	test(s, stdout.String())
}

// dialUnix opens a WebSocket over a Unix socket.
func dialUnix(t *testing.T, path string) *wstest.Client {
	t.Helper()
	nc, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(wstest.Patience))
	c := wstest.NewClient(t, nc)
	c.Send([]byte(strings.Replace(wstest.Request("X-Forwarded-For: 198.51.100.7"), "GET /", "GET /?greet=1", 1)))
	if r := c.Response(); r.StatusCode != 101 {
		t.Fatalf("the upgrade was answered with %s", r.Status)
	}
	return c
}

// TestUnixSocket: a WebSocket and plain HTTP over it, who may connect, and its removal.
func TestUnixSocket(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		path := filepath.Join(t.TempDir(), "s")
		stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		stale.SetUnlinkOnClose(false)
		stale.Close() // as a process that was killed leaves it
		runUntil(t, func(c *config.Config) {
			c.Driver, c.Host = config.Driver(driver), config.Host("unix:"+path)
			if err := c.TrustedProxies.Decode("unix:"); err != nil {
				t.Fatal(err)
			}
		}, func(s *Service, stdout string) {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != socketMode {
				t.Errorf("the socket has mode %v, %v", info.Mode(), err)
			}
			if got, err := os.ReadFile(s.config.PortFile); err != nil || string(got) != "unix:"+path+" unix:"+path+"\n" {
				t.Errorf("PORT_FILE has %q, %v", got, err)
			}
			c := dialUnix(t, path)
			if greeting, err := c.Frame(); err != nil || !strings.Contains(greeting.Payload, `"remote":"unix","client":"198.51.100.7"`) {
				t.Errorf("the greeting is %v, %v", greeting, err)
			}
			c.Send(wstest.Frame(0x81, "hello"))
			c.Expect(frame(0x81, "hello"))
			c.Send(wstest.Frame(0x88, "\x03\xe8"))
			c.Expect(frame(0x88, "\x03\xe8"))
			c.ExpectEnd()
			c.Close()
			nc, err := net.Dial("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			plain := wstest.NewClient(t, nc)
			plain.Send([]byte("GET /x HTTP/1.1\r\nHost: x\r\nAccept: text/plain\r\nX-Real-IP: 198.51.100.7\r\n\r\n"))
			response := plain.Response()
			if body, err := io.ReadAll(response.Body); err != nil || !strings.Contains(string(body), "\nremote: unix\nclient: 198.51.100.7\n") {
				t.Errorf("the echo is %s, %s, %v", response.Status, body, err)
			}
		})
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the socket is left: %v", err)
		}
	})
}

// TestUnixSocketIsInUse: neither a server's socket nor another file is removed.
func TestUnixSocketIsInUse(t *testing.T) {
	dir := t.TempDir()
	used, file := filepath.Join(dir, "used"), filepath.Join(dir, "file")
	ln, err := net.Listen("unix", used)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		used:                            "another server is listening there",
		file:                            "the file exists and is not a socket",
		filepath.Join(dir, "none", "s"): "no such file",
		filepath.Join(file, "s"):        "not a directory",
	} {
		c := config.Default()
		c.Host, c.HealthPort = config.Host("unix:"+path), 0
		if _, err := listen(&c, 0); err == nil || !strings.HasPrefix(err.Error(), "cannot listen on HOST=unix:"+path+": ") || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one with %q", err, want)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "text" {
		t.Errorf("the file has %q, %v", got, err)
	}
	if nc, err := net.Dial("unix", used); err != nil {
		t.Error(err)
	} else {
		nc.Close()
	}
}

func TestAbstractUnixSocket(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has them")
	}
	c := config.Default()
	c.Host, c.HealthPort = config.Host("unix:@echosvc-test-"+filepath.Base(t.TempDir())), 0
	l, err := listen(&c, 0)
	if err != nil {
		t.Fatal(err)
	}
	l.close()
}

func TestHealthHost(t *testing.T) {
	for _, test := range []struct{ host, healthHost config.Host }{
		{"127.0.0.1", "127.0.0.2"},
		{"127.0.0.1", config.Host("unix:" + filepath.Join(t.TempDir(), "h"))},
	} {
		if runtime.GOOS != "linux" && test.healthHost == "127.0.0.2" {
			continue // only Linux has all of 127.0.0.0/8
		}
		c := config.Default()
		c.Host, c.HealthHost, c.Port, c.HealthPort = test.host, test.healthHost, 0, config.Port(wstest.Port(t, wstest.FreeAddr(t)))
		l, err := listen(&c, 0)
		if err != nil {
			t.Fatal(err)
		}
		want := strings.TrimPrefix(string(test.healthHost), "unix:")
		if got := l.health.Addr().String(); !strings.HasPrefix(got, want) {
			t.Errorf("health listens on %s, want %s", got, want)
		}
		l.close()
	}
}

// TestPortInUse names the settings.
func TestPortInUse(t *testing.T) {
	used := loopback(t)
	defer used.Close()
	port := config.Port(wstest.Port(t, used.Addr().String()))
	c := config.Default()
	c.Host, c.Port, c.HealthPort = "127.0.0.1", port, 0
	if _, err := listen(&c, 0); !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "HOST=127.0.0.1 PORT=") {
		t.Errorf("the error is %v", err)
	}
	c.Port, c.HealthPort = 0, port
	if _, err := listen(&c, 0); !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "HEALTH_HOST=127.0.0.1 HEALTH_PORT=") {
		t.Errorf("the error is %v", err)
	}
}
