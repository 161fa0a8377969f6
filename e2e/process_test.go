package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/wstest"
)

// waitTimeout is how long a test waits for an event that takes no time on an idle machine.
const waitTimeout = 60 * time.Second

// workDir has the files that all tests share.
var workDir string

func TestMain(m *testing.M) {
	var help strings.Builder
	if err := config.WriteHelp(&help); err != nil {
		panic(err)
	}
	wstest.UnsetVariables(help.String())
	var err error
	if workDir, err = os.MkdirTemp("", "echosvc-e2e-"); err != nil {
		panic(err)
	}
	status := m.Run()
	stopRunning()
	os.RemoveAll(workDir)
	os.Exit(status)
}

// missing skips a test that needs a program which is not installed. If ECHOSVC_E2E_ALL is set,
// as in CI, the test fails.
func missing(t *testing.T, program string) {
	t.Helper()
	if os.Getenv("ECHOSVC_E2E_ALL") != "" {
		t.Fatalf("%s is not installed, and ECHOSVC_E2E_ALL is set", program)
	}
	t.Skipf("%s is not installed", program)
}

// buildBinary builds echosvc once for all tests, and returns the path of the binary.
func buildBinary(t *testing.T) string {
	t.Helper()
	path, err := builtBinary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var builtBinary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(workDir, "echosvc")
	return path, compile(path)
})

// compile builds echosvc, with variables such as GOARCH for the go command.
func compile(path string, variables ...string) error {
	build := exec.Command("go", "build", "-o", path, "./cmd/echosvc")
	build.Dir = ".." // the module of echosvc, whose dependencies are its own
	build.Env = append(os.Environ(), variables...)
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, output)
	}
	return nil
}

// echosvc returns a command of echosvc that inherits none of its variables and ends with the test.
func echosvc(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(t.Context(), buildBinary(t), args...)
	command.Env = wstest.Environment()
	return command
}

// A process is a running echosvc.
type process struct {
	command *exec.Cmd
	ports   map[string]int // by the name of the container port: "ws", "health"
	ended   chan struct{}  // closed when the process has ended; then err is set
	err     error

	mu  sync.Mutex
	log []string // lines on stderr
}

// startBinary runs echosvc on free ports, unless variables set others, and waits until it serves. The
// process ends with the test.
func startBinary(t *testing.T, variables ...string) *process {
	t.Helper()
	return startCommand(t, exec.Command(buildBinary(t)), variables...)
}

// startCommand is startBinary with another command that runs echosvc.
func startCommand(t *testing.T, command *exec.Cmd, variables ...string) *process {
	t.Helper()
	p := &process{command: command, ended: make(chan struct{})}
	p.command.Env = append([]string{"PORT=0", "HEALTH_PORT=" + strconv.Itoa(freePort(t, "localhost")), "LOG_FORMAT=json"}, variables...)
	stderr, err := p.command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		p.readLog(stderr)
		p.err = p.command.Wait()
	}()
	t.Cleanup(func() {
		p.command.Process.Kill()
		<-p.ended
	})
	serving := p.awaitLog(t, "serving")
	p.ports = map[string]int{"ws": wstest.Port(t, serving["addr"].(string)), "health": wstest.Port(t, serving["health"].(string))}
	return p
}

// freePort returns a port of host that nothing listens on.
func freePort(t *testing.T, host string) int {
	t.Helper()
	port, err := wstest.FreePort(host)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func (p *process) readLog(r io.Reader) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		p.mu.Lock()
		p.log = append(p.log, lines.Text())
		p.mu.Unlock()
	}
}

// find returns the first log line whose message starts with message, or nil.
func (p *process) find(t *testing.T, message string) map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, text := range p.log {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("a log line is not JSON: %s", text)
		}
		if msg, _ := line["msg"].(string); strings.HasPrefix(msg, message) {
			return line
		}
	}
	return nil
}

// awaitLog waits for a log line whose message starts with message.
func (p *process) awaitLog(t *testing.T, message string) map[string]any {
	t.Helper()
	var found map[string]any
	eventually(t, fmt.Sprintf("the log has %q", message), func() bool {
		found = p.find(t, message)
		return found != nil
	})
	return found
}

// count returns the number of log lines with a message.
func (p *process) count(message string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, text := range p.log {
		if strings.Contains(text, fmt.Sprintf(`"msg":%q`, message)) {
			n++
		}
	}
	return n
}

// eventually waits until happens returns true.
func eventually(t *testing.T, what string, happens func() bool) {
	t.Helper()
	for deadline := time.Now().Add(waitTimeout); !happens(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", waitTimeout, what)
		}
	}
}

// retried runs a check whose result depends on times, again if it finds problems while the machine
// stands still. The test fails if there are problems in the third run, or while the machine runs.
func retried(t *testing.T, check func() (problems []string)) {
	t.Helper()
	const most, standstill = 3, 300 * time.Millisecond
	for run := 1; ; run++ {
		end := wstest.Standstill()
		problems := check()
		stood := end()
		if len(problems) == 0 {
			return
		}
		t.Logf("run %d, in which the machine stood still for %v:\n%s", run, stood, strings.Join(problems, "\n"))
		if run == most || stood < standstill {
			t.Fatalf("there are problems in run %d", run)
		}
		<-time.After(3 * time.Second) // proxies forget the requests that they have counted
	}
}

// get requests a path on a port of the container, and returns the status.
func (p *process) get(t *testing.T, port, path string, header http.Header) int {
	t.Helper()
	response := p.fetch(t, port, path, header)
	defer response.Body.Close()
	return response.StatusCode
}

// fetch requests a path on a port of the container. The caller closes the body.
func (p *process) fetch(t *testing.T, port, path string, header http.Header) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://localhost:%d%s", p.ports[port], path), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header
	response, err := (&http.Client{Timeout: waitTimeout}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.command.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// wait waits for the process to end and returns its exit error.
func (p *process) wait() error {
	<-p.ended
	return p.err
}
