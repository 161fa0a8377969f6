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

// scrape returns the PodMonitor's only endpoint. It must be a plain GET to a named port.
func scrape(t *testing.T, m *manifests) monitoringv1.PodMetricsEndpoint {
	t.Helper()
	if m.podMonitor == nil || len(m.podMonitor.Spec.PodMetricsEndpoints) != 1 {
		t.Fatal("want one PodMonitor with one endpoint")
	}
	endpoint := m.podMonitor.Spec.PodMetricsEndpoints[0]
	if endpoint.Port == nil {
		t.Fatal("the endpoint has no named port")
	}
	if endpoint.Scheme != nil && *endpoint.Scheme != monitoringv1.SchemeHTTP {
		t.Errorf("the scheme is %s", *endpoint.Scheme)
	}
	return endpoint
}

// checkPodMonitor checks that the PodMonitor selects the namespace of the pods, and that only the
// namespace of Prometheus can connect to their port.
func checkPodMonitor(t *testing.T, m *manifests) {
	t.Helper()
	port := m.containerPort(t, *scrape(t, m).Port)
	if !admits(t, m.networkPolicy, "monitoring", port) {
		t.Error("monitoring cannot connect to the scraped port")
	}
	// The scraped port is not the one that everyone can connect to.
	if admits(t, m.networkPolicy, "anything", port) {
		t.Error("every namespace can connect to the scraped port")
	}
	// No selector means the PodMonitor's own namespace.
	if s := m.podMonitor.Spec.NamespaceSelector; s.Any || len(s.MatchNames) != 0 || m.podMonitor.Namespace != m.deployment.Namespace {
		t.Errorf("the PodMonitor in %q selects the namespaces %+v", m.podMonitor.Namespace, s)
	}
}

func TestPodMonitor(t *testing.T) {
	checkPodMonitor(t, loadManifests(t, filepath.Join(manifestsDir, "monitoring")))
}

func TestPodMonitorFitsAnyOverlay(t *testing.T) {
	for name := range overlays {
		if !fits("monitoring/podmonitor", name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			checkPodMonitor(t, loadKustomization(t, func(k8s string) string { return withComponent(k8s, name, "monitoring/podmonitor", "") }))
		})
	}
}

func TestPodMonitorMatchesTheBinary(t *testing.T) {
	m := loadManifests(t, filepath.Join(manifestsDir, "monitoring"))
	endpoint := scrape(t, m)
	response := start(t, m).fetch(t, *endpoint.Port, endpoint.Path, http.Header{"Accept": {string(expfmt.FmtText)}})
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("GET %s on the port %s gets %s", endpoint.Path, *endpoint.Port, response.Status)
	}
	// Prometheus parses by content type, and since version 3 rejects a response without one.
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
	t.Errorf("none of the %d metrics is echosvc's", len(families))
}
