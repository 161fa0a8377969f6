package e2e

import (
	"net/http"
	"os/exec"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// start runs echosvc with the environment of the container, except for its ports.
func start(t *testing.T, m *manifests) *process {
	t.Helper()
	var variables []string
	for name, value := range environment(t, m) {
		if name != "PORT" && name != "HEALTH_PORT" {
			variables = append(variables, name+"="+value)
		}
	}
	return startBinary(t, variables...)
}

// probe sends the request that the kubelet would, and returns the status.
func (p *process) probe(t *testing.T, probe *corev1.Probe) int {
	t.Helper()
	get := probe.HTTPGet
	if get == nil || get.Host != "" || get.Scheme != "" && get.Scheme != corev1.URISchemeHTTP {
		t.Fatalf("the probe is not a plain GET to the pod: %v", probe.ProbeHandler)
	}
	// The WebSocket port answers too, but it may be busy or use TLS.
	if get.Port != intstr.FromString("health") {
		t.Errorf("the probe uses the port %v", &get.Port)
	}
	return p.get(t, get.Port.StrVal, get.Path, nil)
}

// The binary answers the probes as the manifests expect. A drain fails the readiness probe, not the
// liveness probe.
func TestProbesMatchTheBinary(t *testing.T) {
	m := loadBase(t)
	container := m.container()
	p := start(t, m)

	for name, probe := range map[string]*corev1.Probe{
		"startup": container.StartupProbe, "readiness": container.ReadinessProbe, "liveness": container.LivenessProbe,
	} {
		if status := p.probe(t, probe); status != http.StatusOK {
			t.Errorf("the %s probe gets %d from a serving process", name, status)
		}
	}

	// The kubelet's signal. DRAIN_DELAY lasts seconds, so the following requests fall into it.
	p.signal(t, syscall.SIGTERM)
	p.awaitLog(t, "draining")
	if status := p.probe(t, container.ReadinessProbe); status != http.StatusServiceUnavailable {
		t.Errorf("the readiness probe gets %d during the drain", status)
	}
	if status := p.probe(t, container.LivenessProbe); status != http.StatusOK {
		t.Errorf("the liveness probe gets %d during the drain: a restart would cut it short", status)
	}

	p.signal(t, syscall.SIGTERM) // ends the delay early
	p.awaitLog(t, "drained")
	if err := p.wait(); err != nil {
		t.Errorf("echosvc ended with %v", err)
	}
}

func TestServicePortUpgrades(t *testing.T) {
	m := loadBase(t)
	p := start(t, m)
	status := p.get(t, m.service.Spec.Ports[0].TargetPort.StrVal, "/ws", http.Header{
		"Connection":            {"Upgrade"},
		"Upgrade":               {"websocket"},
		"Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key":     {"dGhlIHNhbXBsZSBub25jZQ=="}, // RFC 6455, section 1.3
	})
	if status != http.StatusSwitchingProtocols {
		t.Errorf("an upgrade to WebSocket gets %d", status)
	}
}

// The command of the image's HEALTHCHECK finds the service through the container's environment.
func TestHealthcheckCommand(t *testing.T) {
	p := start(t, loadBase(t))
	check := exec.CommandContext(t.Context(), p.command.Path, "healthcheck")
	check.Env = p.command.Env
	if output, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
	p.signal(t, syscall.SIGKILL)
	if err := p.wait(); err == nil {
		t.Fatal("a killed process has exit status 0")
	}
	check = exec.CommandContext(t.Context(), p.command.Path, "healthcheck")
	check.Env = p.command.Env
	if output, err := check.CombinedOutput(); check.ProcessState == nil || check.ProcessState.ExitCode() != 1 {
		t.Errorf("without a service: %v\n%s", err, output)
	}
}
