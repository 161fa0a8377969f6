package config

import (
	"fmt"
	"iter"
	"log/slog"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// settings iterates over the tags of all settings.
func settings() iter.Seq[reflect.StructTag] {
	return func(yield func(reflect.StructTag) bool) {
		for field := range reflect.TypeFor[Config]().Fields() {
			if !yield(field.Tag) {
				return
			}
		}
	}
}

// TestMain removes all settings from the environment.
func TestMain(m *testing.M) {
	for tag := range settings() {
		os.Unsetenv(tag.Get("envconfig"))
	}
	os.Exit(m.Run())
}

var defaults = Config{
	Port: 8080, HealthPort: 8081, Driver: "auto", LogLevel: LogLevel(slog.LevelInfo), LogFormat: "auto", LogConnections: "all", MaxMessageSize: 64 << 20, MemoryLimit: AutoMemoryLimit,
	HandshakeTimeout: 10 * time.Second, PingInterval: 25 * time.Second, PongTimeout: 20 * time.Second,
	WriteTimeout: 30 * time.Second, CloseTimeout: 5 * time.Second, DrainSpread: time.Second, DrainTimeout: 8 * time.Second,
	AllowedOrigins: Origins{Any: true}, Subprotocols: Subprotocols{Any: true},
	Compression: Compression(wsproto.Stateless), Goodbye: "bye", Controls: true,
}

func TestDefaults(t *testing.T) {
	if got, err := Load(); err != nil || !reflect.DeepEqual(got, defaults) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, defaults)
	}
}

func TestDefaultIgnoresTheEnvironment(t *testing.T) {
	for tag := range settings() {
		t.Setenv(tag.Get("envconfig"), "wrong://")
	}
	if got := Default(); !reflect.DeepEqual(got, defaults) {
		t.Errorf("got  %+v\nwant %+v", got, defaults)
	}
}

// An empty variable means the default, unless empty has a meaning.
func TestEmptyMeansTheDefault(t *testing.T) {
	for tag := range settings() {
		t.Setenv(tag.Get("envconfig"), "")
	}
	want := defaults
	want.Subprotocols, want.Goodbye = Subprotocols{}, ""
	if got, err := Load(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
}

// setenv sets variables, "NAME=value", for the test.
func setenv(t *testing.T, variables ...string) {
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
}

// Each wrong setting has a line, in the order of declaration, and so has each conflict between
// settings that are right by themselves.
func TestAllErrorsAreReported(t *testing.T) {
	tests := []struct {
		name      string
		variables []string
		want      []string
	}{
		{"no error", []string{"PORT=0", "HEALTH_PORT=0", "TLS_CERT_FILE=a", "TLS_KEY_FILE=b", "DRIVER=auto", "DRAIN_SPREAD=7s"}, nil},
		{"settings", []string{"PING_INTERVAL=soon", "MAX_MESSAGE_SIZE=-1", "HEALTH_PORT=health"}, []string{
			`HEALTH_PORT="health" must be a whole number from 0 to 65535`,
			`MAX_MESSAGE_SIZE="-1" must be a number of bytes, with or without a unit, such as 65536, 64KiB or 1GiB`,
			`PING_INTERVAL="soon" must be a duration with a unit, such as 500ms, 25s or 1m30s, or 0`,
		}},
		{"conflicts", []string{"PORT=8081", "DRIVER=portable", "TLS_CERT_FILE=a", "DRAIN_TIMEOUT=1s"}, []string{
			`PORT and HEALTH_PORT are both 8081; they must differ`,
			`TLS_CERT_FILE="a" and TLS_KEY_FILE="" must be set together`,
			`DRAIN_SPREAD=1s must be less than DRAIN_TIMEOUT=1s, so that every connection gets a close frame in time`,
		}},
		{"settings and conflicts", []string{"HEALTH_PORT=8080", "TLS_KEY_FILE=b", "CONTROLS=perhaps"}, []string{
			`CONTROLS="perhaps" must be true or false; 1, t, yes, on, 0, f, no and off mean the same`,
			`PORT and HEALTH_PORT are both 8080; they must differ`,
			`TLS_CERT_FILE="" and TLS_KEY_FILE="b" must be set together`,
		}},
		{"PROXY_PROTOCOL alone", []string{"PROXY_PROTOCOL=require"}, []string{"PROXY_PROTOCOL needs TRUSTED_PROXIES, because only the proxies that it lists are trusted"}},
		{"PROXY_PROTOCOL with TRUSTED_PROXIES", []string{"PROXY_PROTOCOL=optional", "TRUSTED_PROXIES=10.0.0.1"}, nil},
		{"one socket", []string{"HOST=unix:/a", "HEALTH_HOST=unix:/a"}, []string{"HOST and HEALTH_HOST are both unix:/a; they must differ"}},
		{"one socket, no health port", []string{"HOST=unix:/a", "HEALTH_HOST=unix:/a", "HEALTH_PORT=0"}, nil},
		{"one port of two hosts", []string{"HOST=192.0.2.1", "HEALTH_HOST=127.0.0.1", "PORT=8081"}, nil},
		{"one port and a socket", []string{"HOST=unix:/a", "PORT=8081"}, nil},
		{"no conflicts of wrong settings", []string{"PROXY_PROTOCOL=require", "TRUSTED_PROXIES=x", "PORT=x", "HEALTH_PORT=8080", "DRAIN_SPREAD=9s", "DRAIN_TIMEOUT=0"}, []string{
			`PORT="x" must be a whole number from 0 to 65535`,
			`DRAIN_TIMEOUT="0" must be a duration with a unit, such as 500ms, 25s or 1m30s, of more than 0`,
			`TRUSTED_PROXIES="x" must be a comma-separated list of networks such as 10.0.0.0/8 or 2001:db8::/32, of addresses, or unix:; "x" is not one: it is neither a prefix nor an address`,
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			setenv(t, test.variables...)
			_, err := Load()
			if got, want := fmt.Sprint(err), strings.Join(test.want, "\n"); got != want && (err != nil || want != "") {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// A Service named "health" makes Kubernetes set HEALTH_PORT.
func TestVariablesOfKubernetesAreExplained(t *testing.T) {
	t.Setenv("HEALTH_PORT", "tcp://10.0.0.1:80")
	_, err := Load()
	if err == nil || !strings.Contains(err.Error(), "Kubernetes") || !strings.Contains(err.Error(), "enableServiceLinks: false") {
		t.Errorf("the error is %v", err)
	}
}

func TestEveryDriverSupportsTLS(t *testing.T) {
	c := Default()
	for _, c.Driver = range []Driver{"auto", "loop", "portable"} {
		c.TLSCertFile, c.TLSKeyFile = "a", "b"
		if errs := c.conflicts(nil); errs != nil {
			t.Errorf("with DRIVER=%s, the conflicts are %v", c.Driver, errs)
		}
	}
}

// Every setting has a description, which includes the meaning of empty unless there is a
// default.
func TestEverySettingIsExplained(t *testing.T) {
	for tag := range settings() {
		if tag.Get("envconfig") == "" || tag.Get("desc") == "" || tag.Get("default") == "" && tag.Get("empty") == "" {
			t.Errorf("the tags of a setting are %s", tag)
		}
	}
}

// documentation has a table of the settings.
const documentation = "../../docs/configuration.md"

// The documentation has a row for each setting, in the order and the words of help. It may add
// links and code marks.
func TestDocumentationHasEverySetting(t *testing.T) {
	text, err := os.ReadFile(documentation)
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Join(regexp.MustCompile("(?m)^\\| `[A-Z_]+` \\|.*$").FindAllString(string(text), -1), "\n")
	got := strings.ReplaceAll(regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`).ReplaceAllString(rows, "$1"), "`", "")
	var table []string
	for tag := range settings() {
		value := tag.Get("default")
		if value != "" {
			value += " "
		}
		table = append(table, fmt.Sprintf("| %s | %s| %s |", tag.Get("envconfig"), value, meaning(tag)))
	}
	if want := strings.Join(table, "\n"); got != want {
		t.Errorf("the table is\n%s\nwant\n%s", got, want)
	}
}
