package config

import (
	"fmt"
	"log/slog"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/clientaddr"
	"github.com/echosvc/echosvc/internal/wsproto"
)

func TestAllowedValues(t *testing.T) {
	port := func(c Config) any { return c.Port }
	host := func(c Config) any { return c.Host }
	driver := func(c Config) any { return c.Driver }
	level := func(c Config) any { return c.LogLevel.Level() }
	connections := func(c Config) any { return c.MaxConnections }
	size := func(c Config) any { return c.MaxMessageSize }
	ping := func(c Config) any { return c.PingInterval }
	origins := func(c Config) any { return c.AllowedOrigins }
	subprotocols := func(c Config) any { return c.Subprotocols }
	compression := func(c Config) any { return wsproto.Compression(c.Compression) }
	controls := func(c Config) any { return c.Controls }
	goodbye := func(c Config) any { return c.Goodbye }
	tests := []struct {
		name, value string
		get         func(Config) any
		want        any
	}{
		{"PORT", "0", port, Port(0)},
		{"PORT", "65535", port, Port(65535)},
		{"PORT", "010", port, Port(10)},
		{"HEALTH_PORT", "0", func(c Config) any { return c.HealthPort }, Port(0)},
		{"HOST", "127.0.0.1", host, Host("127.0.0.1")},
		{"HOST", "[::1]", host, Host("::1")},
		{"HOST", "::", host, Host("::")},
		{"HOST", "localhost", host, Host("localhost")},
		{"HOST", "unix:/run/echosvc.sock", host, Host("unix:/run/echosvc.sock")},
		{"HOST", "unix:///run//echosvc.sock", host, Host("unix:/run/echosvc.sock")},
		{"HOST", "unix:@echosvc", host, Host("unix:@echosvc")},
		{"HEALTH_HOST", "unix:health.sock", func(c Config) any { return c.HealthHost.Unix() }, "health.sock"},
		{"HEALTH_HOST", "127.0.0.1", func(c Config) any { return c.HealthAddress() }, Host("127.0.0.1")},
		{"HOST", "192.0.2.1", func(c Config) any { return c.HealthAddress() }, Host("192.0.2.1")},
		{"HOST", "unix:/a", func(c Config) any { return c.HealthAddress() }, Host("127.0.0.1")},
		{"PORT_FILE", "/tmp/port", func(c Config) any { return c.PortFile }, "/tmp/port"},
		{"DRIVER", "Portable", driver, Driver("portable")},
		{"LOG_LEVEL", "DEBUG", level, slog.LevelDebug},
		{"LOG_LEVEL", "info", level, slog.LevelInfo},
		{"LOG_LEVEL", "warn", level, slog.LevelWarn},
		{"LOG_LEVEL", "Warning", level, slog.LevelWarn},
		{"LOG_LEVEL", "error", level, slog.LevelError},
		{"LOG_FORMAT", "JSON", func(c Config) any { return c.LogFormat }, LogFormat("json")},
		{"MAX_CONNECTIONS", "100", connections, Count(100)},
		{"MAX_CONNECTIONS", "2147483647", connections, Count(1<<31 - 1)},
		{"MAX_MESSAGE_SIZE", "0", size, Size(0)},
		{"MAX_MESSAGE_SIZE", "65536", size, Size(65536)},
		{"MAX_MESSAGE_SIZE", "64KiB", size, Size(65536)},
		{"MAX_MESSAGE_SIZE", "1.5 MiB", size, Size(1572864)},
		{"MAX_MESSAGE_SIZE", "1MB", size, Size(1000000)},
		{"PING_INTERVAL", "0", ping, time.Duration(0)},
		{"PING_INTERVAL", "1m30s", ping, 90 * time.Second},
		{"ALLOWED_ORIGINS", "https://a.example, https://*.b.example:8443,null", origins, Origins{Names: []string{"https://a.example", "https://*.b.example:8443", "null"}}},
		{"ALLOWED_ORIGINS", "HTTPS://A.example:443, https://bücher.example", origins, Origins{Names: []string{"https://a.example", "https://xn--bcher-kva.example"}}},
		{"ALLOWED_ORIGINS", "https://a.example,*", origins, Origins{Any: true}},
		{"SUBPROTOCOLS", "chat, mqtt,", subprotocols, Subprotocols{Names: []string{"chat", "mqtt"}}},
		{"SUBPROTOCOLS", "chat,*", subprotocols, Subprotocols{Any: true}},
		{"MEMORY_LIMIT", "Auto", func(c Config) any { return c.MemoryLimit }, AutoMemoryLimit},
		{"MEMORY_LIMIT", "0", func(c Config) any { return c.MemoryLimit }, MemoryLimit(0)},
		{"MEMORY_LIMIT", "256MiB", func(c Config) any { return c.MemoryLimit }, MemoryLimit(256 << 20)},
		{"PROXY_PROTOCOL", "Off", func(c Config) any { return c.ProxyProtocol }, ProxyProtocol(clientaddr.Off)},
		{"TRUSTED_PROXIES", "10.0.0.0/8, ::1,unix:,", func(c Config) any { return fmt.Sprint(c.TrustedProxies) }, "[10.0.0.0/8 ::1/128 unix:]"},
		{"COMPRESSION", "off", compression, wsproto.NoCompression},
		{"COMPRESSION", "stateless", compression, wsproto.Stateless},
		{"COMPRESSION", "Takeover", compression, wsproto.Takeover},
		{"CONTROLS", "1", controls, Bool(true)},
		{"CONTROLS", "t", controls, Bool(true)},
		{"CONTROLS", "T", controls, Bool(true)},
		{"CONTROLS", "TRUE", controls, Bool(true)},
		{"CONTROLS", "true", controls, Bool(true)},
		{"CONTROLS", "True", controls, Bool(true)},
		{"CONTROLS", "tRuE", controls, Bool(true)},
		{"CONTROLS", "yes", controls, Bool(true)},
		{"CONTROLS", "Yes", controls, Bool(true)},
		{"CONTROLS", "Y", controls, Bool(true)},
		{"CONTROLS", "on", controls, Bool(true)},
		{"CONTROLS", "ON", controls, Bool(true)},
		{"CONTROLS", "0", controls, Bool(false)},
		{"CONTROLS", "f", controls, Bool(false)},
		{"CONTROLS", "F", controls, Bool(false)},
		{"CONTROLS", "FALSE", controls, Bool(false)},
		{"CONTROLS", "false", controls, Bool(false)},
		{"CONTROLS", "False", controls, Bool(false)},
		{"CONTROLS", "fAlSe", controls, Bool(false)},
		{"CONTROLS", "no", controls, Bool(false)},
		{"CONTROLS", "No", controls, Bool(false)},
		{"CONTROLS", "N", controls, Bool(false)},
		{"CONTROLS", "off", controls, Bool(false)},
		{"CONTROLS", "OFF", controls, Bool(false)},
		{"GOODBYE", "Auf Wiederhören", goodbye, Goodbye("Auf Wiederhören")},
		{"POD_NAME", "echosvc-0", func(c Config) any { return c.PodName }, Name("echosvc-0")},
	}
	for _, test := range tests {
		t.Run(test.name+"="+test.value, func(t *testing.T) {
			t.Setenv(test.name, test.value)
			c, err := Load()
			if err != nil {
				t.Fatal(err)
			}
			if got := test.get(c); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %#v, want %#v", got, test.want)
			}
		})
	}
}

func TestWrongValuesSayWhatIsAllowed(t *testing.T) {
	const (
		number   = "must be a whole number from 0 to "
		size     = "must be a number of bytes, with or without a unit"
		duration = "must be a duration with a unit, such as 500ms, 25s or 1m30s, "
		origins  = "must be * or a comma-separated list of origins"
	)
	for _, test := range []struct{ name, value, allowed string }{
		{"PORT", "65536", number + "65535"},
		{"PORT", "-1", number + "65535"},
		{"PORT", "0x50", number + "65535"},
		{"PORT", "http", number + "65535"},
		{"HOST", "localhost:80", "must be an IP address or a host name"},
		{"HOST", "http://x", "must be an IP address or a host name"},
		{"HOST", "*", "must be an IP address or a host name"},
		{"HOST", "[localhost]", "must be an IP address or a host name"},
		{"HOST", "unix:", "must have a path of 1 to 103 bytes after unix:"},
		{"HEALTH_HOST", "unix:/" + strings.Repeat("x", 103), "must have a path of 1 to 103 bytes after unix:"},
		{"DRIVER", "fast", "must be one of auto"},
		{"LOG_LEVEL", "loud", "must be one of debug, info, warn"},
		{"LOG_LEVEL", "info+1", "must be one of debug, info, warn"},
		{"LOG_FORMAT", "xml", "must be one of auto, text, json"},
		{"MAX_CONNECTIONS", "many", number + "2147483647"},
		{"MEMORY_LIMIT", "some", "must be auto, 0, or a number of bytes of at least 32MiB"},
		{"MEMORY_LIMIT", "-1", "must be auto, 0, or a number of bytes of at least 32MiB"},
		{"MEMORY_LIMIT", "31MiB", "must be auto, 0, or a number of bytes of at least 32MiB"},
		{"MAX_CONNECTIONS", "2147483648", number + "2147483647"},
		{"MAX_MESSAGE_SIZE", "-1", size},
		{"MAX_MESSAGE_SIZE", "1,5MiB", size},
		{"MAX_MESSAGE_SIZE", "9EiB", size},
		{"PING_INTERVAL", "25", duration + "or 0"},
		{"PING_INTERVAL", "-1s", duration + "or 0"},
		{"HANDSHAKE_TIMEOUT", "0", duration + "of more than 0"},
		{"WRITE_TIMEOUT", "0s", duration + "of more than 0"},
		{"CLOSE_TIMEOUT", "never", duration + "of more than 0"},
		{"ALLOWED_ORIGINS", " , ", origins},
		{"ALLOWED_ORIGINS", "a.example", origins},
		{"ALLOWED_ORIGINS", "https://a.example/", `"https://a.example/" is not one`},
		{"ALLOWED_ORIGINS", "https://a.example/", "did you mean https://a.example?"},
		{"ALLOWED_ORIGINS", "https://a.example,a.example:8443/app", `"a.example:8443/app" is not one; did you mean https://a.example:8443?`},
		{"ALLOWED_ORIGINS", "https://a.example https://b.example", "did you mean https://a.example, https://b.example?"},
		{"ALLOWED_ORIGINS", "https://a.example;https://b.example", "did you mean https://a.example, https://b.example?"},
		{"ALLOWED_ORIGINS", "wss://a.example", "did you mean https://a.example?"},
		{"ALLOWED_ORIGINS", "https://*", "did you mean *?"},
		{"ALLOWED_ORIGINS", "http://", origins},
		{"SUBPROTOCOLS", "chat,a b", `"a b" is not one`},
		{"TRUSTED_PROXIES", "10.1.0.0/8", `"10.1.0.0/8" is not one: did you mean 10.0.0.0/8?`},
		{"TRUSTED_PROXIES", "*", "must be a comma-separated list of networks"},
		{"PROXY_PROTOCOL", "on", "must be one of off, optional, require"},
		{"COMPRESSION", "gzip", "must be one of off, stateless, takeover"},
		{"CONTROLS", "perhaps", "must be true or false"},
		{"CONTROLS", "2", "must be true or false"},
		{"CONTROLS", " true", "must be true or false"},
		{"GOODBYE", strings.Repeat("x", 126), "must be a UTF-8 text of at most 125 bytes"},
		{"POD_NAME", strings.Repeat("x", 254), "must be a name of at most 253 bytes"},
		{"POD_NAMESPACE", strings.Repeat("x", 254), "must be a name of at most 253 bytes"},
		{"NODE_NAME", strings.Repeat("x", 60<<10), "must be a name of at most 253 bytes"},
		{"IDLE_TIMEOUT", "100000h1ns", "must be a duration of at most 100000h"},
		{"PING_INTERVAL", "2562047h47m16.854775807s", "must be a duration of at most 100000h"},
		{"HANDSHAKE_TIMEOUT", "2562047h", "must be a duration of at most 100000h"},
		{"DRAIN_TIMEOUT", "9999999h", duration + "of more than 0"}, // more than 64 bits
		{"ALLOWED_ORIGINS", "https://a.example, https://" + strings.Repeat("x", 293), "https://*.example.com or null of at most 300 bytes; one has 301"},
		{"GOODBYE", "\xff", "must be a UTF-8 text of at most 125 bytes"},
	} {
		t.Run(test.name+"="+test.value, func(t *testing.T) {
			t.Setenv(test.name, test.value)
			_, err := Load()
			if err == nil || !strings.HasPrefix(err.Error(), test.name+"=") || !strings.Contains(err.Error(), test.allowed) {
				t.Errorf("the error is %v, want one of %s that contains %q", err, test.name, test.allowed)
			}
		})
	}
}

func TestLoopIsForLinux(t *testing.T) {
	t.Setenv("DRIVER", "loop")
	if _, err := Load(); (err == nil) != (runtime.GOOS == "linux") {
		t.Errorf("DRIVER=loop on %s: %v", runtime.GOOS, err)
	}
}

func TestSizeString(t *testing.T) {
	for size, want := range map[Size]string{0: "0", 1: "1", 1023: "1023", 1024: "1KiB", 64 << 20: "64MiB", 1<<20 + 1: "1048577", 5 << 50: "5120TiB"} {
		if got := size.String(); got != want {
			t.Errorf("%d bytes are %s, want %s", int64(size), got, want)
		}
	}
}
