package service

import (
	"bytes"
	"log/slog"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// clearEnvironment removes every variable of the table, for the test.
func clearEnvironment(t *testing.T) {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[variables]()) {
		t.Setenv(field.Tag.Get("envconfig"), "") // restores the old value at the end
	}
}

func TestDefaults(t *testing.T) {
	clearEnvironment(t)
	t.Setenv("SUBPROTOCOLS", "*")
	t.Setenv("GOODBYE", "bye")
	got, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Port: 8080, HealthPort: 8081, Driver: "auto", LogFormat: "auto", MaxMessageSize: 64 << 20,
		HandshakeTimeout: 10 * time.Second, PingInterval: 25 * time.Second, PongTimeout: 20 * time.Second,
		WriteTimeout: 30 * time.Second, CloseTimeout: 5 * time.Second, DrainSpread: time.Second, DrainTimeout: 8 * time.Second,
		AnyOrigin: true, AnySubprotocol: true, Compression: wsproto.Stateless, Goodbye: "bye", Controls: true,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestEmptyMeansNoneWhereItCan(t *testing.T) {
	clearEnvironment(t)
	got, err := Load()
	if err != nil || got.AnySubprotocol || got.Subprotocols != nil || got.Goodbye != "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestValues(t *testing.T) {
	tests := []struct {
		name, value string
		get         func(Config) any
		want        any // nil: wrong
	}{
		{"PORT", "0", func(c Config) any { return c.Port }, 0},
		{"PORT", "65535", func(c Config) any { return c.Port }, 65535},
		{"PORT", "65536", nil, nil},
		{"PORT", "-1", nil, nil},
		{"PORT", "http", nil, nil},
		{"HEALTH_PORT", "0", func(c Config) any { return c.HealthPort }, 0},
		{"HOST", "127.0.0.1", func(c Config) any { return c.Host }, "127.0.0.1"},
		{"HOST", "[::1]", func(c Config) any { return c.Host }, "::1"},
		{"HOST", "::", func(c Config) any { return c.Host }, "::"},
		{"HOST", "localhost", func(c Config) any { return c.Host }, "localhost"},
		{"HOST", "localhost:80", nil, nil},
		{"HOST", "http://x", nil, nil},
		{"DRIVER", "Portable", func(c Config) any { return c.Driver }, "portable"},
		{"DRIVER", "fast", nil, nil},
		{"TLS_CERT_FILE", "/tls/tls.crt", nil, nil}, // without a key
		{"TLS_KEY_FILE", "/tls/tls.key", nil, nil},  // without a certificate
		{"LOG_LEVEL", "DEBUG", func(c Config) any { return c.LogLevel.String() }, "DEBUG"},
		{"LOG_LEVEL", "loud", nil, nil},
		{"LOG_LEVEL", "info+1", nil, nil},
		{"LOG_FORMAT", "JSON", func(c Config) any { return c.LogFormat }, "json"},
		{"LOG_FORMAT", "xml", nil, nil},
		{"MAX_CONNECTIONS", "100", func(c Config) any { return c.MaxConnections }, 100},
		{"MAX_CONNECTIONS", "many", nil, nil},
		{"MAX_MESSAGE_SIZE", "0", func(c Config) any { return c.MaxMessageSize }, int64(0)},
		{"MAX_MESSAGE_SIZE", "65536", func(c Config) any { return c.MaxMessageSize }, int64(65536)},
		{"MAX_MESSAGE_SIZE", "64KiB", func(c Config) any { return c.MaxMessageSize }, int64(65536)},
		{"MAX_MESSAGE_SIZE", "1.5 MiB", func(c Config) any { return c.MaxMessageSize }, int64(1572864)},
		{"MAX_MESSAGE_SIZE", "1MB", func(c Config) any { return c.MaxMessageSize }, int64(1000000)},
		{"MAX_MESSAGE_SIZE", "-1", nil, nil},
		{"MAX_MESSAGE_SIZE", "1,5MiB", nil, nil},
		{"MAX_MESSAGE_SIZE", "9EiB", nil, nil},
		{"PING_INTERVAL", "0", func(c Config) any { return c.PingInterval }, time.Duration(0)},
		{"PING_INTERVAL", "1m30s", func(c Config) any { return c.PingInterval }, 90 * time.Second},
		{"PING_INTERVAL", "25", nil, nil},
		{"PING_INTERVAL", "-1s", nil, nil},
		{"HANDSHAKE_TIMEOUT", "0", nil, nil},
		{"WRITE_TIMEOUT", "0s", nil, nil},
		{"CLOSE_TIMEOUT", "never", nil, nil},
		{"DRAIN_SPREAD", "8s", nil, nil},  // not less than DRAIN_TIMEOUT
		{"HEALTH_PORT", "8080", nil, nil}, // the same as PORT
		{"ALLOWED_ORIGINS", "https://a.example, https://*.b.example:8443,null", func(c Config) any { return strings.Join(c.AllowedOrigins, " ") }, "https://a.example https://*.b.example:8443 null"},
		{"ALLOWED_ORIGINS", "https://a.example,*", func(c Config) any { return c.AnyOrigin }, true},
		{"ALLOWED_ORIGINS", " , ", nil, nil},
		{"ALLOWED_ORIGINS", "a.example", nil, nil},
		{"ALLOWED_ORIGINS", "https://a.example/", nil, nil},
		{"ALLOWED_ORIGINS", "https://*", nil, nil},
		{"SUBPROTOCOLS", "chat, mqtt", func(c Config) any { return strings.Join(c.Subprotocols, " ") }, "chat mqtt"},
		{"SUBPROTOCOLS", "a b", nil, nil},
		{"COMPRESSION", "off", func(c Config) any { return c.Compression }, wsproto.NoCompression},
		{"COMPRESSION", "Takeover", func(c Config) any { return c.Compression }, wsproto.Takeover},
		{"COMPRESSION", "gzip", nil, nil},
		{"CONTROLS", "False", func(c Config) any { return c.Controls }, false},
		{"CONTROLS", "1", nil, nil},
		{"GOODBYE", "Auf Wiederhören", func(c Config) any { return c.Goodbye }, "Auf Wiederhören"},
		{"GOODBYE", strings.Repeat("x", 126), nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name+"="+test.value, func(t *testing.T) {
			clearEnvironment(t)
			t.Setenv(test.name, test.value)
			c, err := Load()
			if test.want == nil {
				if err == nil || !strings.Contains(err.Error(), test.name) {
					t.Errorf("the error is %v, want one that names %s", err, test.name)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := test.get(c); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// TestAllWrongVariablesAreNamedAtOnce, each with its value and what is allowed.
func TestAllWrongVariablesAreNamedAtOnce(t *testing.T) {
	clearEnvironment(t)
	t.Setenv("HEALTH_PORT", "tcp://10.0.0.1:80") // what a Service named "health" would set
	t.Setenv("PING_INTERVAL", "soon")
	t.Setenv("MAX_MESSAGE_SIZE", "-1")
	_, err := Load()
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	want := [][]string{
		{`HEALTH_PORT="tcp://10.0.0.1:80"`, "0 to 65535", "enableServiceLinks: false"},
		{`MAX_MESSAGE_SIZE="-1"`, "64KiB"},
		{`PING_INTERVAL="soon"`, "25s"},
	}
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d:\n%v", len(lines), len(want), err)
	}
	for i := range want {
		for _, part := range want[i] {
			if !strings.Contains(lines[i], part) {
				t.Errorf("line %d is %q, which does not say %s", i, lines[i], part)
			}
		}
		if strings.Contains(lines[i], "int") || strings.Contains(lines[i], "strconv") {
			t.Errorf("line %d names Go types: %q", i, lines[i])
		}
	}
}

// TestLoopDoesNotSpeakTLS, and auto chooses the one that does.
func TestLoopDoesNotSpeakTLS(t *testing.T) {
	if !haveLoop {
		t.Skip("there is no loop driver on this system")
	}
	clearEnvironment(t)
	t.Setenv("TLS_CERT_FILE", "a")
	t.Setenv("TLS_KEY_FILE", "b")
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	s := New(c, slog.New(slog.DiscardHandler), "test")
	if d, err := s.newDriver(); err != nil || d.Name() != "portable" {
		t.Errorf("auto with TLS is %v, %v", d, err)
	}
	t.Setenv("DRIVER", "loop")
	if _, err := Load(); err == nil || !strings.Contains(err.Error(), "DRIVER=loop does not speak TLS") {
		t.Errorf("the error is %v", err)
	}
}

// TestHelpHasEveryVariable: the table that is parsed is the table that is printed.
func TestHelpHasEveryVariable(t *testing.T) {
	var help bytes.Buffer
	if err := WriteHelp(&help); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(help.String(), "\n"), "\n")
	fields := reflect.VisibleFields(reflect.TypeFor[variables]())
	if len(lines) != len(fields) {
		t.Fatalf("%d lines for %d variables", len(lines), len(fields))
	}
	for i, field := range fields {
		for _, part := range []string{"  " + field.Tag.Get("envconfig") + " ", field.Tag.Get("default"), field.Tag.Get("desc")} {
			if !strings.Contains(lines[i], part) {
				t.Errorf("line %q does not say %q", lines[i], part)
			}
		}
	}
}

// TestDocsHaveEveryVariable with its default, in the order of help.
func TestDocsHaveEveryVariable(t *testing.T) {
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## Variables\n")
	section, _, _ = strings.Cut(section, "\n## ")
	rows := regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\| ([^ |]*) *\\|").FindAllStringSubmatch(section, -1)
	fields := reflect.VisibleFields(reflect.TypeFor[variables]())
	if len(rows) != len(fields) {
		t.Fatalf("%d rows for %d variables", len(rows), len(fields))
	}
	for i, field := range fields {
		if name, value := field.Tag.Get("envconfig"), field.Tag.Get("default"); rows[i][1] != name || rows[i][2] != value {
			t.Errorf("the row is %q, want %s and %s", rows[i][0], name, value)
		}
	}
}

func TestFormatSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 1: "1", 1023: "1023", 1024: "1KiB", 64 << 20: "64MiB", 1<<20 + 1: "1048577", 5 << 50: "5120TiB"} {
		if got := formatSize(n); got != want {
			t.Errorf("formatSize(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestConnectionsForFiles(t *testing.T) {
	for limit, want := range map[int]int{0: 0, 64: 48, 256: 192, 1024: 940, 20000: 19536} {
		if got := connectionsForFiles(limit); got != want {
			t.Errorf("connectionsForFiles(%d) = %d, want %d", limit, got, want)
		}
	}
}
