package config

import (
	"bytes"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestArgumentsTakePrecedenceOverTheEnvironment, and the environment over the default.
func TestArgumentsTakePrecedenceOverTheEnvironment(t *testing.T) {
	for _, test := range []struct {
		name      string
		set       bool
		variable  string
		arguments []Argument
		want      setting
	}{
		{"PORT", false, "", nil, setting{"PORT", "8080", "default"}},
		{"PORT", true, "", nil, setting{"PORT", "8080", "default"}},
		{"PORT", true, "1", nil, setting{"PORT", "1", "environment"}},
		{"PORT", true, "1", []Argument{{"PORT", "2"}}, setting{"PORT", "2", "argument"}},
		{"PORT", true, "1", []Argument{{"PORT", "2"}, {"HOST", "x"}, {"PORT", "3"}}, setting{"PORT", "3", "argument"}},
		{"PORT", true, "1", []Argument{{"PORT", ""}}, setting{"PORT", "1", "environment"}},
		{"GOODBYE", false, "", nil, setting{"GOODBYE", "bye", "default"}},
		{"GOODBYE", true, "", nil, setting{"GOODBYE", "", "environment"}},
		{"GOODBYE", true, "x", []Argument{{"GOODBYE", ""}}, setting{"GOODBYE", "", "argument"}},
		{"HOST", false, "", nil, setting{"HOST", "", "default"}},
	} {
		os.Unsetenv(test.name)
		if test.set {
			t.Setenv(test.name, test.variable)
		}
		field, _ := reflect.TypeFor[Config]().FieldByNameFunc(func(name string) bool { return strings.EqualFold(name, test.name) })
		if got := inForce(field.Tag, test.arguments); got != test.want {
			t.Errorf("%+v: got %+v", test, got)
		}
		os.Unsetenv(test.name)
	}
}

func TestLoadWithArguments(t *testing.T) {
	t.Setenv("PORT", "wrong")
	t.Setenv("GOODBYE", "ciao")
	c, err := Load(Argument{"PORT", "9000"}, Argument{"GOODBYE", ""}, Argument{"PING_INTERVAL", "1m"})
	if err != nil || c.Port != 9000 || c.Goodbye != "" || c.PingInterval.String() != "1m0s" {
		t.Errorf("got %+v, %v", c, err)
	}
	if _, err := Load(Argument{"PORT", "x\x00\"y"}); err == nil || !strings.HasPrefix(err.Error(), `PORT="x\x00\"y" must be a whole number`) {
		t.Errorf("the error is %v", err)
	}
}

func TestFlagNames(t *testing.T) {
	if got := FlagName("MAX_CONNECTIONS"); got != "--max-connections" {
		t.Errorf("got %s", got)
	}
	if !IsSetting("MAX_CONNECTIONS") || IsSetting("MAX_CONNECTION") {
		t.Error("IsSetting is wrong about MAX_CONNECTIONS or MAX_CONNECTION")
	}
}

func TestWriteSettings(t *testing.T) {
	t.Setenv("LOG_LEVEL", "warning")
	t.Setenv("SUBPROTOCOLS", "")
	var out bytes.Buffer
	if err := WriteSettings(&out, Argument{"PORT", "9000"}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != reflect.TypeFor[Config]().NumField() {
		t.Errorf("there are %d lines", len(lines))
	}
	for i := range lines {
		lines[i] = strings.Join(strings.Fields(lines[i]), " ")
	}
	for _, want := range []string{"PORT 9000 argument", "LOG_LEVEL warning environment", "SUBPROTOCOLS (none) environment", "HEALTH_PORT 8081 default", "HOST (all addresses, IPv4 and IPv6) default"} {
		if !slices.Contains(lines, want) {
			t.Errorf("there is no line %q in\n%s", want, &out)
		}
	}
}

func TestWriteHelp(t *testing.T) {
	var help bytes.Buffer
	if err := WriteHelp(&help); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(help.String(), "\n"), "\n")
	for _, want := range []string{
		"  PORT               8080       port for WebSocket connections, the page, /healthz and /readyz; 0: any free port",
		"  HOST                          IP address or host name to listen on, or unix: and the path of a Unix socket; empty: all addresses, IPv4 and IPv6",
		"  PING_INTERVAL      25s        time between pings from the server; 0: no pings",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("there is no line\n%s\nin\n%s", want, &help)
		}
	}
	if got, want := len(lines), reflect.TypeFor[Config]().NumField(); got != want {
		t.Errorf("there are %d lines for %d settings", got, want)
	}
}
