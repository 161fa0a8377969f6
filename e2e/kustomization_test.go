package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/echosvc/echosvc/e2e/manifest"
)

// components are the directories below k8s/ that a kustomization of a user lists under components.
var components = []string{"components/hpa-connections", "components/hpa-cpu", "components/keda",
	"components/probe", "components/tls", "monitoring/dashboard", "monitoring/podmonitor", "monitoring/rules"}

// fits reports whether a component is for an overlay.
func fits(component, overlay string) bool {
	switch component {
	case "monitoring/podmonitor", "monitoring/rules":
		return overlay != "monitoring" // includes them
	case "components/tls":
		return overlay != "ingress" && !strings.HasPrefix(overlay, "gateway") // end TLS themselves
	}
	return true
}

// autoscales reports whether a component decides on the number of pods.
func autoscales(component string) bool {
	return strings.Contains(component, "hpa-") || strings.HasSuffix(component, "keda")
}

func TestEveryComponentIsListed(t *testing.T) {
	err := filepath.WalkDir(manifestsDir, func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Base(path) != "kustomization.yaml" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(manifestsDir, filepath.Dir(path))
		if strings.Contains(string(text), "\nkind: Component\n") != slices.Contains(components, name) {
			t.Errorf("k8s/%s is a component, and not in components, or the reverse", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// loadKustomization builds a user's kustomization in another directory. text is called with the path
// from there to k8s/.
func loadKustomization(t *testing.T, text func(k8s string) string) *manifests {
	t.Helper()
	return loadManifests(t, writeKustomization(t, t.TempDir(), text))
}

// writeKustomization writes a kustomization into a new directory and returns that.
func writeKustomization(t *testing.T, dir string, text func(k8s string) string) string {
	t.Helper()
	dir, err := manifest.WriteKustomization(dir, manifestsDir, text)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// withComponent returns a kustomization of an overlay with a component, or without one.
func withComponent(k8s, overlay, component, more string) string {
	text := "resources: [" + filepath.Join(k8s, overlay) + "]\n" + more
	if component != "" {
		text += "components: [" + filepath.Join(k8s, component) + "]\n"
	}
	return text
}

// eachKustomization runs a subtest for each overlay, alone and with each component that fits.
func eachKustomization(t *testing.T, check func(t *testing.T, overlay, component string)) {
	for overlay := range overlays {
		for _, component := range append([]string{""}, components...) {
			if component == "" || fits(component, overlay) {
				t.Run(overlay+"+"+component, func(t *testing.T) { check(t, overlay, component) })
			}
		}
	}
}

const (
	usersImage    = "registry.example.com/team/echosvc:7"
	usersSettings = `namespace: team-a
namePrefix: dev-
nameSuffix: "-7"
images:
  - {name: ghcr.io/echosvc/echosvc, newName: registry.example.com/team/echosvc, newTag: "7"}
  - {name: echosvc, newName: registry.example.com/team/echosvc, newTag: "7"} # of k8s/local
labels:
  - {pairs: {app.kubernetes.io/instance: dev}, includeSelectors: true}
`
)

// A user's namespace, prefix, suffix, image and labels are applied everywhere.
func TestUsersKustomization(t *testing.T) {
	eachKustomization(t, func(t *testing.T, overlay, component string) {
		settings := usersSettings
		if !autoscales(component) {
			settings += "replicas: [{name: echosvc, count: 5}]\n"
		}
		m := loadKustomization(t, func(k8s string) string { return withComponent(k8s, overlay, component, settings) })
		checkUsersObjects(t, m, overlay)
		checkReferences(t, m)
		checkSelectors(t, m)
		switch replicas := m.deployment.Spec.Replicas; {
		case autoscales(component) && replicas != nil:
			t.Errorf("with replicas: %d, every apply overrides the autoscaler", *replicas)
		case !autoscales(component) && (replicas == nil || *replicas != 5):
			t.Errorf("replicas: %v", replicas)
		}
	})
}

// kubectl has its own kustomize; it must build the same as the library that the tests use.
func TestKubectlBuildsTheSame(t *testing.T) {
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		t.Skip("there is no kubectl on this machine") // Debian's is older than the manifests
	}
	eachKustomization(t, func(t *testing.T, overlay, component string) {
		dir := writeKustomization(t, t.TempDir(), func(k8s string) string { return withComponent(k8s, overlay, component, usersSettings) })
		want, _, err := manifest.Kustomize(dir)
		if err != nil {
			t.Fatal(err)
		}
		command := exec.Command(kubectl, "kustomize", dir)
		var stderr bytes.Buffer
		command.Stderr = &stderr
		got, err := command.Output()
		if err != nil || stderr.Len() > 0 {
			t.Fatalf("kubectl kustomize: %v\n%s", err, &stderr)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("kubectl prints\n%s\nthe library\n%s", got, want)
		}
	})
}

// TLS at the pod does not fit a route to plain HTTP.
func TestTLSAtThePodRefusesRoutes(t *testing.T) {
	for overlay := range overlays {
		_, err := buildMine(t, withComponent("..", overlay, "components/tls", ""))
		if overlay != "." && (err == nil) != fits("components/tls", overlay) {
			t.Errorf("%s: %v", overlay, err)
		}
	}
}

// A component may be added to a kustomization that has renamed everything.
func TestComponentOverAUsersKustomization(t *testing.T) {
	for _, component := range components {
		t.Run(component, func(t *testing.T) {
			dir := t.TempDir()
			inner := filepath.Join(dir, "inner")
			if err := os.Mkdir(inner, 0o700); err != nil {
				t.Fatal(err)
			}
			writeKustomization(t, inner, func(k8s string) string { return withComponent(k8s, "base", "", "namePrefix: dev-\n") })
			m := loadManifests(t, writeKustomization(t, dir, func(k8s string) string {
				return "resources: [inner]\ncomponents: [" + filepath.Join(k8s, component) + "]\n"
			}))
			checkReferences(t, m)
			checkSelectors(t, m)
		})
	}
}

// checkUsersObjects checks names, namespaces and images.
func checkUsersObjects(t *testing.T, m *manifests, overlay string) {
	t.Helper()
	for _, object := range m.objects {
		kind := object.GetKind()
		if kind == "Namespace" {
			if overlay != "." {
				t.Error("there is a Namespace")
			}
			continue
		}
		if object.GetNamespace() != "team-a" {
			t.Errorf("%s is in the namespace %q", kind, object.GetNamespace())
		}
		if name := object.GetName(); name != "dev-echosvc-7" && name != "dev-echosvc-probe-7" && name != "dev-echosvc-dashboard-7" {
			t.Errorf("%s is named %q", kind, name)
		}
		if object.GetLabels()["app.kubernetes.io/instance"] != "dev" {
			t.Errorf("%s has the labels %v", kind, object.GetLabels())
		}
		if pods := object.PodTemplate(); pods != nil && pods.Spec.Containers[0].Image != usersImage {
			t.Errorf("%s has the image %q", kind, pods.Spec.Containers[0].Image)
		}
	}
}

// checkReferences checks that objects name those that exist.
func checkReferences(t *testing.T, m *manifests) {
	t.Helper()
	if got, want := m.pod().ServiceAccountName, m.serviceAccount.Name; got != want {
		t.Errorf("the pods' account is %q, want %q", got, want)
	}
	if m.autoscaler != nil && m.autoscaler.Spec.ScaleTargetRef.Name != m.deployment.Name {
		t.Errorf("the autoscaler's target is %q, want %q", m.autoscaler.Spec.ScaleTargetRef.Name, m.deployment.Name)
	}
	if m.scaledObject != nil {
		if target := nested(t, m.scaledObject.Object, "spec", "scaleTargetRef").(map[string]any); target["name"] != m.deployment.Name {
			t.Errorf("the ScaledObject's target is %q, want %q", target["name"], m.deployment.Name)
		}
	}
	if m.route != nil {
		backend := m.route.Spec.Rules[0].BackendRefs[0]
		servicePort(t, m, string(backend.Name), func(p corev1.ServicePort) bool { return p.Port == *backend.Port })
	}
	if m.ingress != nil {
		backend := m.ingress.Spec.Rules[0].HTTP.Paths[0].Backend.Service
		servicePort(t, m, backend.Name, func(p corev1.ServicePort) bool { return p.Name == backend.Port.Name })
	}
}

// checkSelectors checks that each selector matches the pods that it is for, and no other pods.
func checkSelectors(t *testing.T, m *manifests) {
	t.Helper()
	pods := m.deployment.Spec.Template.Labels
	selectors := map[string]*metav1.LabelSelector{
		"Deployment":          m.deployment.Spec.Selector,
		"Service":             {MatchLabels: m.service.Spec.Selector},
		"PodDisruptionBudget": m.budget.Spec.Selector,
		"NetworkPolicy":       &m.networkPolicy.Spec.PodSelector,
	}
	for _, c := range m.pod().TopologySpreadConstraints {
		selectors["spread over "+c.TopologyKey] = c.LabelSelector
	}
	if m.podMonitor != nil {
		selectors["PodMonitor"] = &m.podMonitor.Spec.Selector
	}
	for name, selector := range selectors {
		if !selects(t, selector, pods) {
			t.Errorf("%s does not select the pods", name)
		}
		if selects(t, selector, map[string]string{"app.kubernetes.io/part-of": pods["app.kubernetes.io/part-of"]}) {
			t.Errorf("%s selects pods with another name", name)
		}
		if instance, ok := pods["app.kubernetes.io/instance"]; ok && selector.MatchLabels["app.kubernetes.io/instance"] != instance {
			t.Errorf("%s selects pods of another instance", name)
		}
	}
	if m.job == nil {
		return
	}
	probe := m.job.Spec.Template.Labels
	for name, selector := range selectors {
		if selects(t, selector, probe) {
			t.Errorf("%s selects the Job's pod", name)
		}
	}
	if !selects(t, &m.probePolicy.Spec.PodSelector, probe) {
		t.Error("the Job's NetworkPolicy does not select its pod")
	}
	rules := m.networkPolicy.Spec.Ingress
	if from := rules[len(rules)-1].From; len(from) != 1 || !selects(t, from[0].PodSelector, probe) {
		t.Errorf("the NetworkPolicy does not let the Job in: %v", from)
	}
}

// nested returns a field of an object without a Go type.
func nested(t *testing.T, fields map[string]any, path ...string) any {
	t.Helper()
	var value any = fields
	for _, name := range path {
		m, ok := value.(map[string]any)
		if !ok {
			t.Fatalf("there is no %s", strings.Join(path, "."))
		}
		value = m[name]
	}
	return value
}
