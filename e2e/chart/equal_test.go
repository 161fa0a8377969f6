package chart

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/e2e/manifest"
)

// TestChartEqualsKustomization: the chart has the objects of the base, of each overlay and of each
// component, field by field.
func TestChartEqualsKustomization(t *testing.T) {
	for name, test := range map[string]struct {
		kustomization string
		values        []string
		noProbe       bool
	}{
		"base":            {kustomization: "resources: [K8S/base]", noProbe: true},
		"gateway":         {kustomization: "resources: [K8S/gateway]\ncomponents: [K8S/components/probe]", values: []string{"gateway"}},
		"gatewayTimeouts": {kustomization: "resources: [K8S/gateway-timeouts]", values: []string{"gateway", "gateway-timeouts"}, noProbe: true},
		"ingress":         {kustomization: "resources: [K8S/ingress]\ncomponents: [K8S/components/probe]", values: []string{"ingress"}},
		"monitoring":      {kustomization: "resources: [K8S/monitoring]", values: []string{"monitoring"}, noProbe: true},
		"local":           {kustomization: "resources: [K8S/local]", values: []string{"local"}, noProbe: true},
		"tls":             {kustomization: "resources: [K8S/base]\ncomponents: [K8S/components/tls]", values: []string{"tls"}, noProbe: true},
		"cpu":             {kustomization: "resources: [K8S/base]\ncomponents: [K8S/components/hpa-cpu]", values: []string{"hpa-cpu"}, noProbe: true},
		"connections":     {kustomization: "resources: [K8S/base]\ncomponents: [K8S/components/hpa-connections]", values: []string{"hpa-connections"}, noProbe: true},
		"keda":            {kustomization: "resources: [K8S/base]\ncomponents: [K8S/components/keda]", values: []string{"keda"}, noProbe: true},
		"everything": {
			kustomization: "resources: [K8S/ingress]\ncomponents: [K8S/monitoring/podmonitor, K8S/monitoring/rules, K8S/monitoring/dashboard, K8S/components/keda, K8S/components/probe]",
			values:        []string{"ingress", "monitoring", "dashboard", "keda"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			set := values(t, test.values...)
			if test.noProbe {
				set["probe"] = map[string]any{"enabled": false}
			} else {
				set["probe"] = values(t, "probe")["probe"]
			}
			want, got := byKind(buildKustomization(t, test.kustomization)), byKind(release{"echosvc", "echosvc", set}.objects(t))
			if want, got := slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)); !slices.Equal(got, want) {
				t.Fatalf("the chart has %v, want %v", got, want)
			}
			for kind := range want {
				compare(t, kind, got[kind], want[kind])
			}
		})
	}
}

// buildKustomization builds a text in which K8S stands for the path to k8s/.
func buildKustomization(t *testing.T, text string) []manifest.Object {
	t.Helper()
	dir, err := manifest.WriteKustomization(t.TempDir(), manifestsDir, func(k8s string) string { return strings.ReplaceAll(text, "K8S", k8s) })
	if err != nil {
		t.Fatal(err)
	}
	_, objects, err := manifest.Kustomize(dir)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// byKind returns objects by kind and name. helm test runs a Pod, and kubectl a Job that makes one.
func byKind(objects []manifest.Object) map[string]manifest.Object {
	all := map[string]manifest.Object{}
	for _, o := range objects {
		kind := o.GetKind()
		if kind == "Job" {
			kind = "Pod"
		}
		all[kind+" "+o.GetName()] = o
	}
	return all
}

// compare compares an object of the chart with the same one of a kustomization.
func compare(t *testing.T, kind string, got, want manifest.Object) {
	t.Helper()
	withoutHelms(t, got)
	if want.GetKind() == "Job" {
		compareProbe(t, got, want)
		return
	}
	if kind == "ScaledObject echosvc" {
		compareQuery(t, got, want)
	}
	sortEnvironment(got.Object)
	sortEnvironment(want.Object)
	if !reflect.DeepEqual(got.Object, want.Object) {
		t.Errorf("%s: the chart has\n%s\nthe kustomization\n%s", kind, fields(got), fields(want))
	}
}

// withoutHelms removes what Helm adds: the labels of a release, also from selectors, and the
// annotations of hooks. The labels must be there.
func withoutHelms(t *testing.T, o manifest.Object) {
	t.Helper()
	for label, want := range map[string]string{
		"app.kubernetes.io/instance": "echosvc", "app.kubernetes.io/managed-by": "Helm",
		"app.kubernetes.io/version": loadChart(t).AppVersion(), "helm.sh/chart": "echosvc-" + loadChart(t).Metadata.Version,
	} {
		if got := o.GetLabels()[label]; got != want {
			t.Errorf("%s has the label %s=%q, want %q", o.GetKind(), label, got, want)
		}
		removeKey(o.Object, label)
	}
	annotations := o.GetAnnotations()
	maps.DeleteFunc(annotations, func(name, _ string) bool { return strings.HasPrefix(name, "helm.sh/hook") })
	if len(annotations) == 0 {
		annotations = nil
	}
	o.SetAnnotations(annotations)
}

// removeKey removes a key wherever it is.
func removeKey(value any, key string) {
	switch value := value.(type) {
	case map[string]any:
		delete(value, key)
		for _, v := range value {
			removeKey(v, key)
		}
	case []any:
		for _, v := range value {
			removeKey(v, key)
		}
	}
}

// compareProbe compares the pod of helm test with the one that the Job makes.
func compareProbe(t *testing.T, pod, job manifest.Object) {
	t.Helper()
	template := job.PodTemplate()
	if !reflect.DeepEqual(pod.GetLabels(), template.Labels) {
		t.Errorf("the pod has the labels %v, the Job's %v", pod.GetLabels(), template.Labels)
	}
	got, want := pod.PodTemplate().Spec, template.Spec
	if got.ActiveDeadlineSeconds == nil {
		t.Error("the pod has no deadline")
	}
	got.ActiveDeadlineSeconds = nil // the Job has it, and there it covers every run
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the pod is\n%v\nthe Job's\n%v", got, want)
	}
}

// compareQuery removes the query of KEDA's trigger after looking at it. Helm knows the name of the
// release, and a kustomization does not know its own prefix.
func compareQuery(t *testing.T, got, want manifest.Object) {
	t.Helper()
	const selectPods = `,pod=~"echosvc-[a-z0-9]+(-[a-z0-9]+)?"`
	var queries []string
	for _, o := range []manifest.Object{got, want} {
		trigger := o.Object["spec"].(map[string]any)["triggers"].([]any)[0].(map[string]any)["metadata"].(map[string]any)
		queries = append(queries, trigger["query"].(string))
		delete(trigger, "query")
	}
	if strings.Replace(queries[0], selectPods, "", 1) != queries[1] || !strings.Contains(queries[0], selectPods) {
		t.Errorf("the chart's query is %s, the kustomization's %s", queries[0], queries[1])
	}
}

// sortEnvironment sorts environment variables by name. None refers to another one.
func sortEnvironment(value any) {
	switch value := value.(type) {
	case map[string]any:
		if env, ok := value["env"].([]any); ok {
			slices.SortFunc(env, func(a, b any) int {
				return strings.Compare(a.(map[string]any)["name"].(string), b.(map[string]any)["name"].(string))
			})
		}
		for _, v := range value {
			sortEnvironment(v)
		}
	case []any:
		for _, v := range value {
			sortEnvironment(v)
		}
	}
}
