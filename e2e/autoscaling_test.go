package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// connectionsMetric is the metric that the components scale by.
const connectionsMetric = "echosvc_websocket_connections"

// The number of idle connections that docs/limits.md has for a pod with the manifests' memory on a node
// with many processors.
const (
	leastCapacity    = 19545
	leastCapacityTLS = 7210 // with TLS at the pod
)

// scaled builds the base with a component.
func scaled(t *testing.T, component string) *manifests {
	t.Helper()
	m := loadKustomization(t, func(k8s string) string { return withComponent(k8s, "base", component, "") })
	if m.deployment.Spec.Replicas != nil {
		t.Errorf("with replicas: %d, every apply overrides the autoscaler", *m.deployment.Spec.Replicas)
	}
	return m
}

func TestAutoscalers(t *testing.T) {
	for _, component := range []string{"components/hpa-cpu", "components/hpa-connections"} {
		t.Run(component, func(t *testing.T) {
			m := scaled(t, component)
			spec := m.autoscaler.Spec
			if target := spec.ScaleTargetRef; target.APIVersion != m.deployment.APIVersion || target.Kind != m.deployment.Kind {
				t.Errorf("the target is %v", target)
			}
			checkReplicaRange(t, m, *spec.MinReplicas, spec.MaxReplicas)
			checkBehavior(t, m, spec.Behavior)
			if len(spec.Metrics) != 1 {
				t.Fatalf("there are %d metrics", len(spec.Metrics))
			}
		})
	}
}

// Two autoscalers for one Deployment would work against each other.
func TestAutoscalersExcludeEachOther(t *testing.T) {
	for _, other := range []string{"hpa-connections", "keda"} {
		if _, err := buildMine(t, "resources: [../base]\ncomponents: [../components/hpa-cpu, ../components/"+other+"]\n"); err == nil {
			t.Errorf("hpa-cpu and %s can be built together", other)
		}
	}
}

// checkReplicaRange checks that one pod can stop at any time, and that the budget leaves one.
func checkReplicaRange(t *testing.T, m *manifests, least, most int32) {
	t.Helper()
	if least < 2 || most <= least {
		t.Errorf("%d to %d replicas, want a minimum of at least 2", least, most)
	}
	if evicted := m.budget.Spec.MaxUnavailable.IntVal; least <= evicted {
		t.Errorf("the budget allows evicting %d of %d replicas, so none may be left", evicted, least)
	}
}

// checkBehavior checks that pods are removed one at a time, and not in a short lull.
func checkBehavior(t *testing.T, m *manifests, behavior *autoscalingv2.HorizontalPodAutoscalerBehavior) {
	t.Helper()
	down := behavior.ScaleDown
	if down.StabilizationWindowSeconds == nil || *down.StabilizationWindowSeconds < 300 {
		t.Error("a short lull removes pods")
	}
	if len(down.Policies) != 1 {
		t.Fatalf("%d policies, of which the one that removes most pods applies", len(down.Policies))
	}
	p := down.Policies[0]
	if p.Type != autoscalingv2.PodsScalingPolicy || p.Value != 1 || seconds(p.PeriodSeconds) <= gracePeriod(t, m) {
		t.Errorf("%d %s in %d s; the grace period is %v", p.Value, p.Type, p.PeriodSeconds, gracePeriod(t, m))
	}
}

func TestAutoscalerByCPU(t *testing.T) {
	m := scaled(t, "components/hpa-cpu")
	metric := m.autoscaler.Spec.Metrics[0].Resource
	if metric == nil || metric.Name != corev1.ResourceCPU || metric.Target.AverageUtilization == nil {
		t.Error("the metric is not CPU utilization")
	}
}

// checkTarget checks that one of two pods can take the clients of both.
func checkTarget(t *testing.T, target int64) {
	t.Helper()
	if target == 0 || 2*target > leastCapacity {
		t.Errorf("the target is %d connections a pod; one pod holds %d, which must be enough for the clients of two", target, leastCapacity)
	}
}

func TestAutoscalerByConnections(t *testing.T) {
	m := scaled(t, "components/hpa-connections")
	pods := m.autoscaler.Spec.Metrics[0].Pods
	if pods == nil || pods.Metric.Name != connectionsMetric || pods.Target.AverageValue == nil {
		t.Fatalf("the metric is not %s of the pods", connectionsMetric)
	}
	checkTarget(t, pods.Target.AverageValue.Value())
	if up := m.autoscaler.Spec.Behavior.ScaleUp; up.StabilizationWindowSeconds == nil || *up.StabilizationWindowSeconds != 0 {
		t.Error("scaling up waits, although connections stay")
	}
}

// The rule serves the metric that the autoscaler requests, with the labels that a PodMonitor
// sets.
func TestPrometheusAdapterRule(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(manifestsDir, "components/hpa-connections/prometheus-adapter.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	type resource struct {
		Resource string `json:"resource"`
	}
	var values struct { // of the chart prometheus-community/prometheus-adapter
		Prometheus struct {
			URL  string `json:"url"`
			Port int    `json:"port"`
		} `json:"prometheus"`
		Rules struct {
			Custom []struct {
				SeriesQuery string `json:"seriesQuery"`
				Resources   struct {
					Overrides map[string]resource `json:"overrides"`
				} `json:"resources"`
				MetricsQuery string `json:"metricsQuery"`
			} `json:"custom"`
		} `json:"rules"`
	}
	if err := yaml.UnmarshalStrict(text, &values); err != nil {
		t.Fatal(err)
	}
	if len(values.Rules.Custom) != 1 {
		t.Fatal("want one rule")
	}
	rule := values.Rules.Custom[0]
	if rule.SeriesQuery != connectionsMetric+`{namespace!="",pod!=""}` {
		t.Errorf("seriesQuery is %s", rule.SeriesQuery)
	}
	if o := rule.Resources.Overrides; o["namespace"].Resource != "namespace" || o["pod"].Resource != "pod" {
		t.Errorf("overrides are %v", o)
	}
	if rule.MetricsQuery != "sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)" {
		t.Errorf("metricsQuery is %s", rule.MetricsQuery)
	}
}

func TestScaledObject(t *testing.T) {
	m := scaled(t, "components/keda")
	fields := m.scaledObject.Object
	checkReplicaRange(t, m, int32(nested(t, fields, "spec", "minReplicaCount").(int64)), int32(nested(t, fields, "spec", "maxReplicaCount").(int64)))

	var behavior autoscalingv2.HorizontalPodAutoscalerBehavior
	written := nested(t, fields, "spec", "advanced", "horizontalPodAutoscalerConfig", "behavior").(map[string]any)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(written, &behavior, true); err != nil {
		t.Fatal(err)
	}
	checkBehavior(t, m, &behavior)

	trigger := nested(t, fields, "spec", "triggers").([]any)[0].(map[string]any)
	if trigger["type"] != "prometheus" || trigger["metricType"] != "AverageValue" {
		t.Errorf("the trigger is %v", trigger)
	}
	metadata := trigger["metadata"].(map[string]any)
	threshold, err := strconv.ParseInt(metadata["threshold"].(string), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	checkTarget(t, threshold)
	if want := "sum(" + connectionsMetric + `{namespace="` + m.deployment.Namespace + `"})`; metadata["query"] != want {
		t.Errorf("the query is %s, want %s", metadata["query"], want)
	}
	if metadata["ignoreNullValues"] != "false" {
		t.Error("a Prometheus without the metric removes pods")
	}
}

// The capacities that the targets are compared with are the documented ones.
func TestCapacitiesAreDocumented(t *testing.T) {
	var documented []string
	for _, row := range sectionRows(t, "docs/limits.md", "Idle connections") {
		documented = append(documented, strings.ReplaceAll(row[3], ",", ""))
	}
	for _, capacity := range []int{leastCapacity, leastCapacityTLS} {
		if !slices.Contains(documented, strconv.Itoa(capacity)) {
			t.Errorf("docs/limits.md has %q connections, and not %d", documented, capacity)
		}
	}
}

// The target that the docs have for TLS leaves room for the clients of a pod that failed.
func TestTargetWithTLS(t *testing.T) {
	match := regexp.MustCompile(`target/averageValue\n +value: "(\d+)"`).FindStringSubmatch(readDocument(t, "docs/kubernetes.md").text)
	if match == nil {
		t.Fatal("docs/kubernetes.md has no target")
	}
	if target, err := strconv.Atoi(match[1]); err != nil || 2*target > leastCapacityTLS {
		t.Errorf("the target is %s connections a pod, which holds %d; %v", match[1], leastCapacityTLS, err)
	}
}
