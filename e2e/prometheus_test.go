package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// read decodes a file of YAML.
func read(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// startPrometheus runs Prometheus with the files of compose.monitoring.yaml, a target of the test and
// shorter intervals. It returns the address of its API.
func startPrometheus(t *testing.T, target string, flags ...string) string {
	t.Helper()
	path, err := exec.LookPath("prometheus")
	if err != nil {
		missing(t, "prometheus")
	}
	dir := t.TempDir()
	service := loadMonitoring(t).Services["prometheus"]
	for name, replacements := range map[string][]string{
		"prometheus.yml":     {"echosvc:8081", target, "15s", "200ms"},
		"echosvc.rules.yaml": nil,
	} {
		text, err := os.ReadFile(mounted(t, service, "/etc/prometheus/"+name))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(replacements); i += 2 {
			if !strings.Contains(string(text), replacements[i]) {
				t.Fatalf("%s has no %s", name, replacements[i])
			}
		}
		changed := strings.NewReplacer(replacements...).Replace(string(text))
		if err := os.WriteFile(filepath.Join(dir, name), []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	addr := fmt.Sprintf("127.0.0.1:%d", freePort(t, "127.0.0.1"))
	flags = append(flags, "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+addr, "--log.level=error")
	prometheus := exec.Command(path, flags...)
	prometheus.Stderr = os.Stderr
	if err := prometheus.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		prometheus.Process.Signal(os.Interrupt)
		prometheus.Wait()
	})
	return "http://" + addr + "/api/v1/"
}

// ask asks Prometheus, and decodes the data of its answer. It reports whether there is one.
func ask(t *testing.T, base, path string, into any) bool {
	t.Helper()
	response, err := http.Get(base + path)
	if err != nil {
		return false // it does not listen yet
	}
	defer response.Body.Close()
	answer := struct {
		Status, Error string
		Data          any
	}{Data: into}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return false
	}
	if answer.Status != "success" && response.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("%s: %s", path, answer.Error)
	}
	return answer.Status == "success"
}

// queryResult is how many series a query has.
func queryResult(t *testing.T, base, query string) int {
	t.Helper()
	var vector struct{ Result []any }
	if !ask(t, base, "query?query="+url.QueryEscape(query), &vector) {
		return 0
	}
	return len(vector.Result)
}

// TestPrometheusScrapes: a real Prometheus scrapes the service, evaluates every rule, answers every
// query of the dashboard, and no alert fires.
func TestPrometheusScrapes(t *testing.T) {
	p := startBinary(t)
	base := startPrometheus(t, fmt.Sprintf("localhost:%d", p.ports["health"]))
	eventually(t, "the rules are evaluated after a scrape", func() bool {
		return queryResult(t, base, "echosvc_build_info") == 1 && queryResult(t, base, "job_le:echosvc_ends:increase1h") > 0
	})
	var rules struct {
		Groups []struct {
			Rules []struct{ Name, Health, LastError, State string }
		}
	}
	eventually(t, "every rule is evaluated", func() bool {
		ask(t, base, "rules", &rules)
		for _, group := range rules.Groups {
			for _, rule := range group.Rules {
				if rule.Health == "unknown" {
					return false
				}
			}
		}
		return len(rules.Groups) > 0
	})
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			// On a machine that stood still, a loop did stall.
			right := rule.Name == "EchosvcLoopStalled" && queryResult(t, base, "max_over_time(echosvc_loop_longest_turn_seconds[1h]) > 1") > 0
			if rule.Health != "ok" || rule.State == "firing" && !right {
				t.Errorf("%s is %s %s %s", rule.Name, rule.Health, rule.State, rule.LastError)
			}
		}
	}
	variables := strings.NewReplacer("$job", ".+", "$instance", ".+")
	for _, query := range dashboardQueries(t) {
		queryResult(t, base, variables.Replace(query))
	}
}

// TestPrometheusScrapesNativeHistograms, which need its binary format.
func TestPrometheusScrapesNativeHistograms(t *testing.T) {
	p := startBinary(t)
	base := startPrometheus(t, fmt.Sprintf("localhost:%d", p.ports["health"]), "--enable-feature=native-histograms")
	eventually(t, "there is a native histogram", func() bool {
		return queryResult(t, base, "histogram_count(echosvc_websocket_connection_duration_seconds)") == 1
	})
}

// TestPromtoolChecksTheMetrics of a service that has just started.
func TestPromtoolChecksTheMetrics(t *testing.T) {
	promtool(t, scrapedText(t), "check", "metrics")
}
