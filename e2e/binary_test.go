package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// patience is how long a process may take, on a busy machine, for what it does at once.
const patience = time.Minute

// buildBinary builds echosvc, and returns the path of the binary.
func buildBinary(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "echosvc")
	build := exec.Command("go", "build", "-o", path, "./cmd/echosvc")
	build.Dir = ".." // the module of echosvc, whose dependencies are its own
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	return path
}

// process is echosvc, run with the environment of the container.
type process struct {
	command *exec.Cmd
	env     []string
	ports   map[string]int // by the name that the container port has
	log     *bufio.Scanner
}

// start runs echosvc, and returns when it serves. Its ports are free ones, and the delay
// of its drain is longer than any test.
func start(t *testing.T, binary string, m *manifests) *process {
	t.Helper()
	variables := environment(t, m)
	health := freePort(t)
	variables["PORT"], variables["HEALTH_PORT"] = "0", strconv.Itoa(health)
	variables["DRAIN_DELAY"] = (2 * patience).String()

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	p := &process{command: exec.CommandContext(ctx, binary)}
	for name, value := range variables {
		p.env = append(p.env, name+"="+value)
	}
	p.command.Env = p.env
	stderr, err := p.command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	err = p.command.Start()
	t.Cleanup(func() {
		cancel()
		p.command.Wait() // an error says that the test has waited, or that cancel killed it
	})
	if err != nil {
		t.Fatal(err)
	}
	p.log = bufio.NewScanner(stderr)
	serving := p.awaitLog(t, "serving")
	_, ws, err := net.SplitHostPort(serving["addr"].(string))
	if err != nil {
		t.Fatal(err)
	}
	p.ports = map[string]int{"health": health}
	if p.ports["ws"], err = strconv.Atoi(ws); err != nil {
		t.Fatal(err)
	}
	return p
}

// freePort finds a port that nobody listens on.
func freePort(t *testing.T) int {
	t.Helper()
	ln, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

// awaitLog reads the log up to the line whose message begins with a text.
func (p *process) awaitLog(t *testing.T, message string) map[string]any {
	t.Helper()
	var seen []string
	for p.log.Scan() {
		seen = append(seen, p.log.Text())
		var line map[string]any
		if err := json.Unmarshal(p.log.Bytes(), &line); err != nil {
			t.Fatalf("the log has a line that is not JSON: %s", p.log.Text())
		}
		if text, _ := line["msg"].(string); strings.HasPrefix(text, message) {
			return line
		}
	}
	t.Fatalf("echosvc ended, or had its %v, before it logged %q:\n%s", patience, message, strings.Join(seen, "\n"))
	return nil
}

// probe does what the kubelet does, and returns the status.
func (p *process) probe(t *testing.T, probe *corev1.Probe) int {
	t.Helper()
	get := probe.HTTPGet
	if get == nil || get.Host != "" || get.Scheme != "" && get.Scheme != corev1.URISchemeHTTP {
		t.Fatalf("not a plain GET to the pod: %v", probe.ProbeHandler)
	}
	// The WebSocket port answers too, but it may be busy or speak TLS.
	if get.Port != intstr.FromString("health") {
		t.Errorf("the probe asks the port %v", &get.Port)
	}
	return p.get(t, get.Port.StrVal, get.Path, nil)
}

// get asks for a path on a port of the container, and returns the status.
func (p *process) get(t *testing.T, port, path string, header http.Header) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://localhost:%d%s", p.ports[port], path), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header
	response, err := (&http.Client{Timeout: patience}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.command.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

func TestBinaryIsWhatTheManifestsSay(t *testing.T) {
	binary, m := buildBinary(t), loadBase(t)
	t.Run("probes", func(t *testing.T) { testProbes(t, start(t, binary, m), m.container()) })
	t.Run("upgrade", func(t *testing.T) { testUpgrade(t, start(t, binary, m), m.service.Spec.Ports[0]) })
	t.Run("healthcheck", func(t *testing.T) { testHealthcheck(t, start(t, binary, m)) })
}

// testProbes checks that probes get the answers that the manifests count on, and that the
// drain turns readiness, not liveness.
func testProbes(t *testing.T, p *process, container *corev1.Container) {
	for name, probe := range map[string]*corev1.Probe{
		"startup": container.StartupProbe, "readiness": container.ReadinessProbe, "liveness": container.LivenessProbe,
	} {
		if status := p.probe(t, probe); status != http.StatusOK {
			t.Errorf("the %s probe gets %d from a process that serves", name, status)
		}
	}

	p.signal(t, syscall.SIGTERM) // as the kubelet does
	p.awaitLog(t, "draining")
	if status := p.probe(t, container.ReadinessProbe); status != http.StatusServiceUnavailable {
		t.Errorf("the readiness probe gets %d during the drain", status)
	}
	if status := p.probe(t, container.LivenessProbe); status != http.StatusOK {
		t.Errorf("the liveness probe gets %d during the drain: a restart would cut it short", status)
	}

	p.signal(t, syscall.SIGTERM) // cuts the delay short
	p.awaitLog(t, "drained")
	if err := p.command.Wait(); err != nil {
		t.Errorf("echosvc ended with %v", err)
	}
}

// testUpgrade checks that the port of the Service leads to WebSocket.
func testUpgrade(t *testing.T, p *process, port corev1.ServicePort) {
	status := p.get(t, port.TargetPort.StrVal, "/ws", http.Header{
		"Connection":            {"Upgrade"},
		"Upgrade":               {"websocket"},
		"Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key":     {"dGhlIHNhbXBsZSBub25jZQ=="}, // RFC 6455, section 1.3
	})
	if status != http.StatusSwitchingProtocols {
		t.Errorf("an upgrade to WebSocket gets %d", status)
	}
}

// testHealthcheck checks that the command of the image's HEALTHCHECK finds the service by
// the environment, and says when there is none.
func testHealthcheck(t *testing.T, p *process) {
	check := exec.CommandContext(t.Context(), p.command.Path, "healthcheck")
	check.Env = p.env
	if output, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
	p.signal(t, syscall.SIGKILL)
	if err := p.command.Wait(); err == nil {
		t.Fatal("a killed process ended well")
	}
	check = exec.CommandContext(t.Context(), p.command.Path, "healthcheck")
	check.Env = p.env
	if output, err := check.CombinedOutput(); check.ProcessState == nil || check.ProcessState.ExitCode() != 1 {
		t.Errorf("with no service: %v\n%s", err, output)
	}
}
