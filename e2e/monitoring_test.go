package e2e

import (
	"path/filepath"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
)

// scrape returns the only endpoint that the PodMonitor has: a plain GET to a port by name.
func scrape(t *testing.T, m *manifests) monitoringv1.PodMetricsEndpoint {
	t.Helper()
	if m.podMonitor == nil || len(m.podMonitor.Spec.PodMetricsEndpoints) != 1 {
		t.Fatal("there is not one PodMonitor with one endpoint")
	}
	endpoint := m.podMonitor.Spec.PodMetricsEndpoints[0]
	if endpoint.Port == nil {
		t.Fatal("the endpoint has no port by name")
	}
	if endpoint.Scheme != nil && *endpoint.Scheme != monitoringv1.SchemeHTTP {
		t.Errorf("the scheme is %s", *endpoint.Scheme)
	}
	return endpoint
}

// checkPodMonitor checks that Prometheus looks for the pods where they are, and that it
// reaches them from its own namespace, and nobody does from another.
func checkPodMonitor(t *testing.T, m *manifests) {
	t.Helper()
	port := m.containerPort(t, *scrape(t, m).Port)
	if !admits(t, m.networkPolicy, "monitoring", port) {
		t.Error("monitoring does not reach the port that is scraped")
	}
	// What is scraped is not on the port that everyone reaches.
	if admits(t, m.networkPolicy, "anything", port) {
		t.Error("every namespace reaches the port that is scraped")
	}
	// No selector means the namespace of the PodMonitor itself.
	if s := m.podMonitor.Spec.NamespaceSelector; s.Any || len(s.MatchNames) != 0 || m.podMonitor.Namespace != m.deployment.Namespace {
		t.Errorf("the PodMonitor in %q looks for pods in %+v", m.podMonitor.Namespace, s)
	}
}

func TestPodMonitor(t *testing.T) {
	checkPodMonitor(t, loadManifests(t, filepath.Join(manifestsDir, "monitoring")))
}

func TestPodMonitorJoinsAnyOverlay(t *testing.T) {
	for name := range overlays {
		if name == "monitoring" {
			continue // has it
		}
		t.Run(name, func(t *testing.T) {
			checkPodMonitor(t, loadKustomization(t, func(k8s string) string {
				return "resources: [" + filepath.Join(k8s, name) + "]\ncomponents: [" + filepath.Join(k8s, "monitoring/podmonitor") + "]\n"
			}))
		})
	}
}
