package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/echosvc/echosvc/internal/wstest"
)

// asProgram is a variable that makes the test binary run as echosvc.
const asProgram = "ECHOSVC_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	unsetVariables()
	os.Exit(m.Run())
}

// unsetVariables unsets the variables that configure echosvc.
func unsetVariables() {
	var text strings.Builder
	help(&text)
	wstest.UnsetVariables(text.String())
}

// serveForTest is the configuration that all tests share: free ports on the loopback
// interface, and a log that tests can parse.
var serveForTest = []string{"PORT=0", "HEALTH_PORT=0", "HOST=127.0.0.1", "LOG_FORMAT=json"}

// program is the running program, in this process or in one of its own.
type program struct {
	addr    string         // address of the WebSocket port
	serving map[string]any // the log line "serving"
	stop    context.CancelFunc
	exit    chan int
	stderr  *logBuffer
}

// startProgram starts the program in this process, with variables of the form NAME=value,
// and waits until it serves.
func startProgram(t *testing.T, environment ...string) *program {
	t.Helper()
	return startWith(t, nil, io.Discard, environment...)
}

// startWith is startProgram with arguments and a stdout.
func startWith(t *testing.T, args []string, stdout io.Writer, environment ...string) *program {
	t.Helper()
	goroutines := goleak.IgnoreCurrent()
	for _, variable := range append(slices.Clip(serveForTest), environment...) {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &program{stop: cancel, exit: make(chan int, 1), stderr: &logBuffer{lines: make(chan string, 10000)}}
	go func() { p.exit <- run(ctx, args, os.Getenv, stdout, p.stderr) }()
	t.Cleanup(func() {
		cancel()
		if status := <-p.exit; status != exitOK {
			t.Errorf("the exit status is %d", status)
		}
		// goleak itself waits for less than a second.
		for deadline := time.Now().Add(wstest.Patience); goleak.Find(goroutines) != nil && time.Now().Before(deadline); {
		}
		goleak.VerifyNone(t, goroutines)
	})
	p.serving = p.line(t, "serving")
	p.addr = p.serving["addr"].(string)
	return p
}

// startProcess starts a command that runs the test binary as echosvc. It is killed at the
// end of the test.
func startProcess(t *testing.T, command *exec.Cmd, environment ...string) *program {
	t.Helper()
	p := &program{stderr: &logBuffer{lines: make(chan string, 10000)}}
	command.Stderr = p.stderr
	command.Env = append(wstest.Environment(asProgram+"=1"), append(slices.Clip(serveForTest), environment...)...)
	heedHangups(t)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	return p
}

// heedHangups lets the processes that t starts receive SIGHUP, even if the tests were started
// to ignore it, as by nohup. A process inherits that, unless its parent catches the signal.
func heedHangups(t *testing.T) {
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(caught) })
}

// line waits for the next log line with the message, and returns its fields.
func (p *program) line(t *testing.T, msg string) map[string]any {
	t.Helper()
	timeout := time.After(wstest.Patience)
	for {
		select {
		case line := <-p.stderr.lines:
			var fields map[string]any
			if err := json.Unmarshal([]byte(line), &fields); err != nil {
				t.Fatalf("logged %q: %v", line, err)
			}
			if fields["msg"] == msg {
				return fields
			}
		case <-timeout:
			t.Fatalf("nothing logged %q within %v", msg, wstest.Patience)
		}
	}
}

// logBuffer is a writer that sends each line to a channel.
type logBuffer struct {
	lines   chan string
	partial string
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.partial += string(p)
	for {
		line, rest, whole := strings.Cut(b.partial, "\n")
		if !whole {
			return len(p), nil
		}
		b.lines <- line
		b.partial = rest
	}
}

// runOnce runs the program until it exits.
func runOnce(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(context.Background(), args, os.Getenv, &out, &errs)
	return status, out.String(), errs.String()
}

func TestVariablesAreNotInherited(t *testing.T) {
	names := []string{"PORT", "LOG_LEVEL", "CONTROLS", "COMPRESSION", "MAX_CONNECTIONS", "GOODBYE"}
	for _, name := range names {
		t.Setenv(name, "inherited")
	}
	unsetVariables()
	for _, name := range names {
		if value, set := os.LookupEnv(name); set {
			t.Errorf("%s is still %q", name, value)
		}
	}
}

func TestCommands(t *testing.T) {
	tests := []struct {
		args           []string
		status         int
		stdout, stderr string // a part of each
	}{
		{[]string{"help"}, 0, "PING_INTERVAL", ""},
		{[]string{"help"}, 0, "close_after=N", ""},
		{[]string{"--help"}, 0, "echosvc healthcheck", ""},
		{[]string{"version"}, 0, "go1.", ""},
		{[]string{"dance"}, 2, "", `no command "dance"`},
		{[]string{"--help"}, 0, "echosvc probe URL", ""},
		{[]string{"-h"}, 0, "echosvc probe URL", ""},
		{[]string{"serve", "--help"}, 0, "echosvc probe URL", ""},
		{[]string{"serve", "help"}, 0, "echosvc probe URL", ""},
		{[]string{"-p", "9000", "--help"}, 0, "echosvc probe URL", ""},
		{[]string{"config", "-h"}, 0, "echosvc probe URL", ""},
		{[]string{"version", "--help"}, 0, "echosvc probe URL", ""},
		{[]string{"help", "serve"}, 0, "echosvc probe URL", ""},
		{[]string{"help", "version"}, 0, "echosvc probe URL", ""},
		{[]string{"help", "--help"}, 0, "echosvc probe URL", ""},
		{[]string{"help", "probe"}, 0, "Usage: echosvc probe [flags]", ""},
		{[]string{"probe", "--help"}, 0, "Usage: echosvc probe [flags]", ""},
		{[]string{"probe", "help"}, 0, "Usage: echosvc probe [flags]", ""},
		{[]string{"healthcheck", "help"}, 0, "Usage: echosvc healthcheck", ""},
		{[]string{"help", "dance"}, 2, "", `no command "dance"`},
		{[]string{"-v"}, 0, "go1.", ""},
		{[]string{"-V"}, 0, "go1.", ""},
		{[]string{"--version"}, 0, "go1.", ""},
		{[]string{"-version"}, 0, "go1.", ""},
		{[]string{"serve", "--version"}, 0, "go1.", ""},
		{[]string{"version", "now"}, 2, "", "takes no arguments"},
		{[]string{"serve", "now"}, 2, "", `"now" is not a setting; settings are flags such as -p 9000`},
		{[]string{"9000"}, 2, "", `"echosvc -p 9000" listens on that port`},
		{[]string{"-p"}, 2, "", "-p needs a value: -p VALUE sets PORT"},
		{[]string{"-p", "many"}, 2, "", `PORT="many" must be a whole number`},
		{[]string{"-x"}, 2, "", "there is no flag -x; each setting is a flag"},
		{[]string{"--max-connection", "5"}, 2, "", "did you mean --max-connections?"},
		{[]string{"config", "-p", "9000"}, 0, "9000", ""},
		{[]string{"config", "--max-connections=77"}, 0, "77", ""},
		{[]string{"config", "PING_INTERVAL=7s"}, 0, "7s", ""},
		{[]string{"config", "--ping-interval", "soon"}, 2, "", `PING_INTERVAL="soon" must be a duration`},
	}
	for _, test := range tests {
		status, stdout, stderr := runOnce(t, test.args...)
		if status != test.status || !strings.Contains(stdout, test.stdout) || !strings.Contains(stderr, test.stderr) {
			t.Errorf("%v: status %d, stdout %q, stderr %q", test.args, status, stdout, stderr)
		}
	}
}

func TestInvalidVariables(t *testing.T) {
	t.Setenv("PORT", "tcp://10.0.0.1:80")
	t.Setenv("PING_INTERVAL", "soon")
	t.Setenv("MAX_MESSAGE_SIZE", "-1")
	for _, args := range [][]string{nil, {"healthcheck"}} {
		want := exitUsage
		if args != nil {
			want = exitFailed // Docker reserves 2
		}
		status, _, stderr := runOnce(t, args...)
		if status != want || strings.Count(stderr, "\n") != 4 {
			t.Errorf("%v: status %d, stderr %q", args, status, stderr)
		}
		for _, want := range []string{"PORT=", "PING_INTERVAL=", "MAX_MESSAGE_SIZE=", "must be"} {
			if !strings.Contains(stderr, want) {
				t.Errorf("%v: stderr %q lacks %s", args, stderr, want)
			}
		}
	}
}

func TestPortInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	for _, ports := range [][2]string{{port, "0"}, {"0", port}} {
		t.Setenv("HOST", "127.0.0.1")
		t.Setenv("PORT", ports[0])
		t.Setenv("HEALTH_PORT", ports[1])
		status, _, stderr := runOnce(t)
		if status != exitFailed || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "PORT="+port) || !strings.Contains(stderr, "in use") {
			t.Errorf("status %d, stderr %q", status, stderr)
		}
	}
}

// TestColorsOfTerminals: NO_COLOR counts unless it is empty.
func TestColorsOfTerminals(t *testing.T) {
	for _, test := range []struct {
		noColor, term string
		without       bool
	}{{"", "xterm", false}, {"1", "xterm", true}, {"0", "", true}, {"", "dumb", true}, {"", "", false}} {
		variables := map[string]string{"NO_COLOR": test.noColor, "TERM": test.term}
		if got := withoutColors(func(name string) string { return variables[name] }); got != test.without {
			t.Errorf("%+v: without colors is %v", test, got)
		}
	}
}

// TestFailuresAreJSON: with LOG_FORMAT=json, stderr has an object a line when the server cannot
// start, whatever else is wrong.
func TestFailuresAreJSON(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	for _, test := range []struct {
		args   []string
		status int
		errors []string // a part of each
	}{
		{[]string{"PORT=many", "LOG_LEVEL=loud\n", "MAX_CONNECTIONS=-1", "LOG_FORMAT=JSON"}, exitUsage, []string{`PORT="many" must be`, `LOG_LEVEL="loud\n" must be`, `MAX_CONNECTIONS="-1" must be`}},
		{[]string{"--port=80", "--health-port=80", "--log-format=json"}, exitUsage, []string{"PORT and HEALTH_PORT are both 80"}},
		{[]string{"LOG_FORMAT=json", "--max-conections", "5"}, exitUsage, []string{"there is no flag --max-conections; did you mean --max-connections?"}},
		{[]string{"--log-format=json", "PORT=many", "extra"}, exitUsage, []string{`"extra" is not a setting`}},
		{[]string{"--log-format", "json", "--port"}, exitUsage, []string{"--port needs a value"}},
		{[]string{"HOST=127.0.0.1", "HEALTH_PORT=0", "LOG_FORMAT=json", "PORT=" + port}, exitFailed, []string{"in use"}},
	} {
		status, _, stderr := runOnce(t, test.args...)
		lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
		if status != test.status || len(lines) != len(test.errors) {
			t.Fatalf("%q: status %d, stderr %q", test.args, status, stderr)
		}
		for i, line := range lines {
			var fields struct{ Time, Level, Msg, Error string }
			if err := json.Unmarshal([]byte(line), &fields); err != nil || fields.Time == "" || fields.Level != "ERROR" || fields.Msg == "" || !strings.Contains(fields.Error, test.errors[i]) {
				t.Errorf("%q: %s, %v, want %s", test.args, line, err, test.errors[i])
			}
		}
	}
}

// TestHealthcheck: it checks the service of the same environment.
func TestHealthcheck(t *testing.T) {
	_, port, _ := net.SplitHostPort(wstest.FreeAddr(t))
	p := startProgram(t, "HEALTH_PORT="+port)
	if status, stdout, stderr := runOnce(t, "healthcheck"); status != exitOK || stdout != "healthy\n" {
		t.Errorf("status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
	p.stop()
	p.line(t, "drained")
	p.exit <- <-p.exit // wait for the end, and leave the status for the clean-up
	if status, _, stderr := runOnce(t, "healthcheck"); status != exitFailed || !strings.Contains(stderr, "unhealthy") {
		t.Errorf("without a service: status %d, stderr %q", status, stderr)
	}
}

// TestBuildInfo: the metric has the version and the revision apart.
func TestBuildInfo(t *testing.T) {
	_, port, _ := net.SplitHostPort(wstest.FreeAddr(t))
	startProgram(t, "HEALTH_PORT="+port)
	version, revision := source()
	want := fmt.Sprintf("\nechosvc_build_info{goversion=%q,revision=%q,version=%q} 1\n", runtime.Version(), revision, version)
	response, err := http.Get("http://127.0.0.1:" + port + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || !strings.Contains(string(body), want) {
		t.Errorf("/metrics has no line %q, %v", want, err)
	}
}

// TestServingLine: the log line "serving" has the settings in use.
func TestServingLine(t *testing.T) {
	p := startProgram(t, "MAX_CONNECTIONS=77", "MAX_MESSAGE_SIZE=1MiB", "DRIVER=portable")
	for key, want := range map[string]any{"health": "off", "driver": "portable", "max_connections": 77.0, "max_message_size": "1MiB", "ping_interval_ms": 25000.0} {
		if got := p.serving[key]; got != want {
			t.Errorf("logged %s=%v, want %v", key, got, want)
		}
	}
	response, err := http.Get("http://" + p.addr + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != 200 {
		t.Errorf("readyz is %s", response.Status)
	}
}
