package e2e

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
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

func TestPodMonitorAsksWhatTheBinaryServes(t *testing.T) {
	m := loadManifests(t, filepath.Join(manifestsDir, "monitoring"))
	endpoint := scrape(t, m)
	response := start(t, m).fetch(t, *endpoint.Port, endpoint.Path, http.Header{"Accept": {string(expfmt.FmtText)}})
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("GET %s on the port %s gets %s", endpoint.Path, *endpoint.Port, response.Status)
	}
	// Prometheus goes by the type, and since version 3 refuses an answer that has none.
	if format := expfmt.ResponseFormat(response.Header); format.FormatType() != expfmt.TypeTextPlain {
		t.Errorf("Content-Type %q is not Prometheus's text format", response.Header.Get("Content-Type"))
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	for name := range families {
		if strings.HasPrefix(name, "echosvc_") {
			return
		}
	}
	t.Errorf("none of %d metrics is echosvc's own", len(families))
}
