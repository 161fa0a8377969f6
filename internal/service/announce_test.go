package service

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/wstest"
)

// TestAnnounce: with PORT=0, the line on stdout has the URLs of the echo and of health.
// PORT_FILE has the same line, and goes with the process.
func TestAnnounce(t *testing.T) {
	health := wstest.FreeAddr(t)
	for _, test := range []struct {
		name       string
		change     func(*config.Config)
		echo, more string // the beginnings of the URLs
	}{
		{"one port", func(c *config.Config) {}, "ws://127.0.0.1:", "http://127.0.0.1:"},
		{"two ports", func(c *config.Config) { c.HealthPort = config.Port(wstest.Port(t, health)) }, "ws://127.0.0.1:", "http://" + health + "/healthz"},
		{"a name", func(c *config.Config) { c.Host = "localhost" }, "ws://localhost:", "http://localhost:"},
		{"all addresses", func(c *config.Config) { c.Host = "" }, "ws://localhost:", "http://localhost:"},
		{"TLS", func(c *config.Config) { c.TLSCertFile, c.TLSKeyFile = wstest.WriteCertificate(t, t.TempDir(), "one") }, "wss://127.0.0.1:", "https://127.0.0.1:"},
	} {
		var file string
		runUntil(t, test.change, func(s *Service, stdout string) {
			file = s.config.PortFile
			urls := strings.Fields(stdout)
			if len(urls) != 2 || !strings.HasPrefix(urls[0], test.echo) || !strings.HasSuffix(urls[0], "/") || !strings.HasPrefix(urls[1], test.more) || !strings.HasSuffix(urls[1], "/healthz") || strings.Count(stdout, "\n") != 1 {
				t.Errorf("%s: stdout is %q", test.name, stdout)
			}
			info, err := os.Stat(file)
			if err != nil || info.Mode().Perm() != 0o644 {
				t.Errorf("%s: PORT_FILE has mode %v, %v", test.name, info.Mode(), err)
			}
			if got, err := os.ReadFile(file); err != nil || string(got) != stdout {
				t.Errorf("%s: PORT_FILE has %q, %v", test.name, got, err)
			}
			if entries, _ := os.ReadDir(filepath.Dir(file)); len(entries) != 1 {
				t.Errorf("%s: there is more than PORT_FILE: %v", test.name, entries)
			}
			if test.name != "TLS" {
				if status, body := fetch(t, urls[1]); status != 200 || body != "ok\n" {
					t.Errorf("%s: %s is answered with %d %q", test.name, urls[1], status, body)
				}
			}
		})
		if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: PORT_FILE is left: %v", test.name, err)
		}
	}
}

// TestAnnounceNothing: a script that knows the port expects no line.
func TestAnnounceNothing(t *testing.T) {
	port := config.Port(wstest.Port(t, wstest.FreeAddr(t)))
	runUntil(t, func(c *config.Config) { c.Port = port }, func(s *Service, stdout string) {
		if stdout != "" {
			t.Errorf("stdout is %q", stdout)
		}
	})
}

func TestURLs(t *testing.T) {
	for _, test := range []struct {
		host config.Host
		addr net.Addr
		want string
	}{
		{"", &net.TCPAddr{IP: net.IPv6zero, Port: 1}, "ws://localhost:1/"},
		{"::", &net.TCPAddr{IP: net.IPv6zero, Port: 1}, "ws://localhost:1/"},
		{"0.0.0.0", &net.TCPAddr{IP: net.IPv4zero, Port: 1}, "ws://127.0.0.1:1/"},
		{"::1", &net.TCPAddr{IP: net.IPv6loopback, Port: 1}, "ws://[::1]:1/"},
		{"192.0.2.1", &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1}, "ws://192.0.2.1:1/"},
		{"echo.example", &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1}, "ws://echo.example:1/"},
		{"unix:/a", &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1}, "ws://192.0.2.1:1/"}, // a socket of systemd
		{"unix:/a", &net.UnixAddr{Name: "/a", Net: "unix"}, "unix:/a"},
	} {
		if got := urlOf("ws", test.host, addressed{addr: test.addr}, "/"); got != test.want {
			t.Errorf("HOST=%s at %v has the URL %s, want %s", test.host, test.addr, got, test.want)
		}
	}
}

// addressed is a listener that has an address.
type addressed struct {
	net.Listener
	addr net.Addr
}

func (a addressed) Addr() net.Addr { return a.addr }

// TestPortFileThatCannotBeWritten ends the start, and leaves nothing.
func TestPortFileThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{filepath.Join(dir, "none", "urls"), dir} {
		if err := writeFile(name, "text"); err == nil {
			t.Errorf("%s was written", name)
		}
	}
	if entries, _ := os.ReadDir(filepath.Dir(dir)); len(entries) != 1 {
		t.Errorf("there is more than %s: %v", dir, entries)
	}
	s := New(config.Default(), slog.New(slog.DiscardHandler), "test")
	s.config.Port, s.config.PortFile = 0, filepath.Join(dir, "none", "urls")
	var stdout strings.Builder
	err := s.announce(listeners{ws: addressed{addr: &net.TCPAddr{IP: net.IPv6loopback, Port: 1}}}, &stdout)
	if err == nil || strings.Contains(err.Error(), ".urls.") || stdout.Len() > 0 {
		t.Errorf("the error is %v; stdout is %q", err, stdout.String())
	}
}

// TestPortFileReplacesNothingButAFile: neither a device nor a link to one.
func TestPortFileReplacesNothingButAFile(t *testing.T) {
	dir := t.TempDir()
	socket, link, dangling, old := filepath.Join(dir, "s"), filepath.Join(dir, "l"), filepath.Join(dir, "d"), filepath.Join(dir, "old")
	ln, err := net.Listen("unix", socket)
	if err == nil {
		defer ln.Close()
		err = errors.Join(os.Symlink(socket, link), os.Symlink(filepath.Join(dir, "none"), dangling), os.WriteFile(old, []byte("old"), 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{socket, link, dangling, dir} {
		before, err := os.Lstat(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := writePortFile(name, "text"); err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("%s: the error is %v", name, err)
		}
		if after, err := os.Lstat(name); err != nil || !os.SameFile(before, after) {
			t.Errorf("%s was replaced: %v", name, err)
		}
	}
	if err := writePortFile(old, "new"); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(old); string(got) != "new" || err != nil {
		t.Errorf("the file has %q, %v", got, err)
	}
}
