package e2e

import (
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"
)

// rulesFile is for Prometheus without the operator. prometheusRuleFile is generated from it.
const (
	rulesFile          = "../k8s/monitoring/rules/echosvc.rules.yaml"
	prometheusRuleFile = "../k8s/monitoring/rules/prometheusrule.yaml"
)

// parseRules parses rules as Prometheus does.
func parseRules(t *testing.T, text []byte) []rulefmt.RuleGroup {
	t.Helper()
	groups, errs := rulefmt.Parse(text, false, model.LegacyValidation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return groups.Groups
}

func loadRules(t *testing.T) []rulefmt.RuleGroup {
	t.Helper()
	text, err := os.ReadFile(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	return parseRules(t, text)
}

// alerts are those among the rules.
func alerts(t *testing.T) (alerts []rulefmt.Rule) {
	t.Helper()
	for _, group := range loadRules(t) {
		for _, rule := range group.Rules {
			if rule.Alert != "" {
				alerts = append(alerts, rule)
			}
		}
	}
	return alerts
}

// prometheusRule wraps a file of rules into an object of the Prometheus operator.
func prometheusRule(rules string) string {
	var b strings.Builder
	b.WriteString(`# Made from echosvc.rules.yaml, which says how. Change that file.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: echosvc
  namespace: echosvc
  labels:
    app.kubernetes.io/name: echosvc
    app.kubernetes.io/part-of: echosvc
    # Whatever your Prometheus's ruleSelector requires. For the chart kube-prometheus-stack that is
    # the name of its Helm release by default: release: kube-prometheus-stack
spec:
`)
	for line := range strings.Lines(rules[strings.Index(rules, "groups:"):]) {
		if line != "\n" {
			b.WriteString("  ")
		}
		b.WriteString(line)
	}
	return b.String()
}

func TestPrometheusRule(t *testing.T) {
	rules, err := os.ReadFile(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	generated(t, prometheusRuleFile, []byte(prometheusRule(string(rules))))
}

// TestPrometheusRuleIsDecodedToTheSame groups as the file that Prometheus reads.
func TestPrometheusRuleIsDecodedToTheSame(t *testing.T) {
	text, err := os.ReadFile(prometheusRuleFile)
	if err != nil {
		t.Fatal(err)
	}
	var object monitoringv1.PrometheusRule
	if err := yaml.UnmarshalStrict(text, &object); err != nil {
		t.Fatal(err)
	}
	operators, err := yaml.Marshal(object.Spec)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := parseRules(t, operators), loadRules(t); !reflect.DeepEqual(got, want) {
		t.Errorf("the operator reads\n%+v\nand Prometheus\n%+v", got, want)
	}
}

// TestAlertsAreDescribed: each has a severity that Alertmanager's usual routes know, texts, and a
// section of docs/operate.md.
func TestAlertsAreDescribed(t *testing.T) {
	page := readDocument(t, "docs/operate.md")
	const runbook = "https://github.com/echosvc/echosvc/blob/main/docs/operate.md#"
	for _, alert := range alerts(t) {
		if !slices.Contains([]string{"critical", "warning", "info"}, alert.Labels["severity"]) {
			t.Errorf("%s has the severity %q", alert.Alert, alert.Labels["severity"])
		}
		for _, name := range []string{"summary", "description"} {
			if text := alert.Annotations[name]; !strings.HasSuffix(text, ".") {
				t.Errorf("%s has the %s %q, which is no sentence", alert.Alert, name, text)
			}
		}
		anchor, ok := strings.CutPrefix(alert.Annotations["runbook_url"], runbook)
		if !ok || anchor != slug(alert.Alert) || !slices.Contains(page.anchors(), anchor) {
			t.Errorf("%s has the runbook %s, which leads to no section of its own", alert.Alert, alert.Annotations["runbook_url"])
		}
	}
}

// promtool runs promtool, and fails the test if promtool fails.
func promtool(t *testing.T, stdin string, args ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		missing(t, "promtool")
	}
	command := exec.CommandContext(t.Context(), path, args...)
	command.Stdin = strings.NewReader(stdin)
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, output)
	}
}

func TestPromtoolChecksTheRules(t *testing.T) {
	promtool(t, "", "check", "rules", "--lint=all", "--lint-fatal", filepath.Clean(rulesFile))
}
