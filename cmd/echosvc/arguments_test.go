package main

import (
	"errors"
	"flag"
	"net"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/wstest"
)

func TestParseSettings(t *testing.T) {
	port := []config.Argument{{Name: "PORT", Value: "9000"}}
	for _, test := range []struct {
		args string
		want []config.Argument
		err  error
	}{
		{"", nil, nil},
		{"-p 9000", port, nil},
		{"-p=9000", port, nil},
		{"-p9000", port, nil},
		{"--p 9000", port, nil},
		{"-port 9000", port, nil},
		{"--port 9000", port, nil},
		{"--port=9000", port, nil},
		{"PORT=9000", port, nil},
		{"--Max_Connections 5", []config.Argument{{Name: "MAX_CONNECTIONS", Value: "5"}}, nil},
		{"--goodbye= --port=1 -p 9000", []config.Argument{{Name: "GOODBYE"}, {Name: "PORT", Value: "1"}, {Name: "PORT", Value: "9000"}}, nil},
		{"--subprotocols a=b", []config.Argument{{Name: "SUBPROTOCOLS", Value: "a=b"}}, nil},
		{"--goodbye -h", []config.Argument{{Name: "GOODBYE", Value: "-h"}}, nil},
		{"-p 9000 -h", nil, flag.ErrHelp},
		{"-p 9000 -v", nil, errVersion},
	} {
		got, err := parseSettings(strings.Fields(test.args))
		if !errors.Is(err, test.err) || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got %v, %v", test.args, got, err)
		}
	}
	for args, want := range map[string]string{
		"port=9000":              `"port" is not a setting; did you mean PORT=VALUE?`,
		"Max_Connection=5":       `"Max_Connection" is not a setting; did you mean MAX_CONNECTIONS=VALUE?`,
		"-p 9000 config":         `"config" is a command; it must come before the settings`,
		"PORT=9000 serve":        `"serve" is a command; it must come before`,
		"-px":                    "there is no flag -px",
		"-p9000x":                "there is no flag -p9000x",
		"now":                    `"now" is not a setting`,
		"--port":                 "--port needs a value: --port VALUE sets PORT",
		"--max-conections 5":     "there is no flag --max-conections; did you mean --max-connections?",
		"--loglevel debug":       "did you mean --log-level?",
		"--daemon":               "there is no flag --daemon; each setting is a flag",
		"-":                      "there is no flag -; each setting is a flag",
		"--allowed-origin=a,b=c": "did you mean --allowed-origins?",
	} {
		if got, err := parseSettings(strings.Fields(args)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v; want an error with %q", args, got, err, want)
		}
	}
}

func TestCommandThatWasMeant(t *testing.T) {
	for command, want := range map[string]string{
		"9000":                        `; "echosvc -p 9000" listens on that port`,
		":9000":                       `; "echosvc -p 9000" listens on that port`,
		"127.0.0.1:9000":              `; "echosvc --host 127.0.0.1 -p 9000" listens there`,
		"[::1]:9000":                  `; "echosvc --host ::1 -p 9000" listens there`,
		"70000":                       "",
		"localhost:http":              "",
		"server":                      `; "echosvc serve" serves`,
		"start":                       `; "echosvc serve" serves`,
		"serv":                        `; did you mean "echosvc serve"?`,
		"porbe":                       `; did you mean "echosvc probe"?`,
		"healtcheck":                  `; did you mean "echosvc healthcheck"?`,
		"health":                      "",
		"dance":                       "",
		"":                            "",
		"a-long-word-that-is-nothing": "",
	} {
		if got := meantBy(command); got != want {
			t.Errorf("%q: got %q, want %q", command, got, want)
		}
	}
}

func TestDurationsNeedAUnit(t *testing.T) {
	for _, args := range [][]string{{"healthcheck", "-wait", "10"}, {"probe", "-idle=60", "localhost:1"}, {"probe", "-timeout", "soon", "localhost:1"}} {
		if _, _, stderr := runOnce(t, args...); !strings.Contains(stderr, "it must have a unit, such as 500ms, 10s or 1m30s") {
			t.Errorf("%v: stderr %q", args, stderr)
		}
	}
}

// TestConfigBesideErrors: the list shows where a wrong value comes from.
func TestConfigBesideErrors(t *testing.T) {
	t.Setenv("PING_INTERVAL", "soon")
	status, stdout, stderr := runOnce(t, "config", "-p", "x")
	for _, want := range []string{`PORT\s+x\s+argument`, `PING_INTERVAL\s+soon\s+environment`, `CONTROLS\s+true\s+default`} {
		if !regexp.MustCompile(want).MatchString(stdout) {
			t.Errorf("stdout has no %s: %s", want, stdout)
		}
	}
	if status != exitUsage || !strings.Contains(stderr, `PORT="x" must`) || !strings.Contains(stderr, `PING_INTERVAL="soon" must`) {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
}

// TestServeOnThePortThatWasMeant: an argument takes precedence over the environment.
func TestServeOnThePortThatWasMeant(t *testing.T) {
	addr := wstest.FreeAddr(t)
	_, port, _ := net.SplitHostPort(addr)
	for _, args := range [][]string{{"-p", port}, {"serve", "--port=" + port}, {"PORT=" + port}} {
		t.Run(args[0], func(t *testing.T) {
			p := startWith(t, args, &logBuffer{lines: make(chan string, 10)})
			if p.addr != addr {
				t.Errorf("%v serves on %s, want %s", args, p.addr, addr)
			}
			wstest.Dial(t, addr).Close()
		})
	}
}

// TestURLsOnStdout: with PORT=0, at every log level.
func TestURLsOnStdout(t *testing.T) {
	stdout := &logBuffer{lines: make(chan string, 10)}
	p := startWith(t, nil, stdout)
	if got, want := <-stdout.lines, "ws://"+p.addr+"/ http://"+p.addr+"/healthz"; got != want {
		t.Errorf("stdout has %q, want %q", got, want)
	}
}

// TestNearMissesAreReported in the log, by config, and together with errors.
func TestNearMissesAreReported(t *testing.T) {
	t.Setenv("MAX_CONNECTION", "5")
	const want = "MAX_CONNECTION is not a setting of this server; did you mean MAX_CONNECTIONS?\n"
	if status, stdout, stderr := runOnce(t, "config"); status != exitOK || stderr != want || !strings.Contains(stdout, "MAX_CONNECTIONS") {
		t.Errorf("config: status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
	if status, _, stderr := runOnce(t, "-p", "x"); status != exitUsage || !strings.HasSuffix(stderr, want) {
		t.Errorf("serve: status %d, stderr %q", status, stderr)
	}
	t.Setenv("PORT_FILE", "/nowhere/urls") // which ends the start
	for _, variable := range serveForTest {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	if status, _, stderr := runOnce(t); status != exitFailed || !strings.Contains(stderr, `"variable":"MAX_CONNECTION","meant":"MAX_CONNECTIONS"`) || !strings.Contains(stderr, "cannot write PORT_FILE=/nowhere/urls: no such file") {
		t.Errorf("serve: status %d, stderr %q", status, stderr)
	}
}
