// Package e2e tests the artifacts of a release: the binary with real clients, browsers and
// proxies, the image, and the manifests against Kubernetes' API types and admission rules, the
// binary and the Dockerfile.
package e2e

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/echosvc/echosvc/e2e/manifest"
)

const manifestsDir = "../k8s"

var (
	baseKinds = []string{"ServiceAccount", "Service", "Deployment", "PodDisruptionBudget", "NetworkPolicy"}
	// overlays are the directories below k8s/ that kubectl apply -k accepts, with their kinds.
	overlays = map[string][]string{
		".":                append([]string{"Namespace"}, baseKinds...),
		"base":             baseKinds,
		"gateway":          append([]string{"HTTPRoute"}, baseKinds...),
		"gateway-timeouts": append([]string{"HTTPRoute"}, baseKinds...),
		"ingress":          append([]string{"Ingress"}, baseKinds...),
		"monitoring":       append([]string{"PodMonitor", "PrometheusRule"}, baseKinds...),
		"local":            baseKinds,
	}
)

// manifests has the objects of an overlay, nil if it has none of a kind.
type manifests struct {
	objects        []manifest.Object
	namespace      *corev1.Namespace
	serviceAccount *corev1.ServiceAccount
	service        *corev1.Service
	deployment     *appsv1.Deployment
	autoscaler     *autoscalingv2.HorizontalPodAutoscaler
	budget         *policyv1.PodDisruptionBudget
	networkPolicy  *networkingv1.NetworkPolicy
	ingress        *networkingv1.Ingress
	route          *gatewayv1.HTTPRoute
	podMonitor     *monitoringv1.PodMonitor
	job            *batchv1.Job
	probePolicy    *networkingv1.NetworkPolicy // the Job's
	scaledObject   *unstructured.Unstructured
}

// pod returns the specification of the pods.
func (m *manifests) pod() *corev1.PodSpec { return &m.deployment.Spec.Template.Spec }

// container returns the only container.
func (m *manifests) container() *corev1.Container { return &m.pod().Containers[0] }

// containerPort returns the number of the container's port with a name.
func (m *manifests) containerPort(t *testing.T, name string) int32 {
	t.Helper()
	for _, p := range m.container().Ports {
		if p.Name == name {
			return p.ContainerPort
		}
	}
	t.Fatalf("the container has no port %q", name)
	return 0
}

// loadManifests builds an overlay and decodes its objects.
func loadManifests(t *testing.T, dir string) *manifests {
	t.Helper()
	_, objects, err := manifest.Kustomize(dir)
	if err != nil {
		t.Fatal(err)
	}
	m := &manifests{}
	for _, object := range objects {
		m.add(t, object)
	}
	if m.deployment == nil || len(m.pod().Containers) != 1 || len(m.pod().InitContainers) != 0 {
		t.Fatal("want one Deployment with one container")
	}
	return m
}

// add takes one object of an overlay.
func (m *manifests) add(t *testing.T, object manifest.Object) {
	t.Helper()
	m.objects = append(m.objects, object)
	switch typed := object.Typed.(type) {
	case *corev1.Namespace:
		m.namespace = typed
	case *corev1.ServiceAccount:
		m.serviceAccount = typed
	case *corev1.Service:
		m.service = typed
	case *appsv1.Deployment:
		m.deployment = typed
	case *autoscalingv2.HorizontalPodAutoscaler:
		m.autoscaler = typed
	case *policyv1.PodDisruptionBudget:
		m.budget = typed
	case *networkingv1.NetworkPolicy:
		if strings.Contains(typed.Name, "-probe") {
			m.probePolicy = typed
		} else {
			m.networkPolicy = typed
		}
	case *networkingv1.Ingress:
		m.ingress = typed
	case *gatewayv1.HTTPRoute:
		m.route = typed
	case *monitoringv1.PodMonitor:
		m.podMonitor = typed
	case *monitoringv1.PrometheusRule, *corev1.ConfigMap: // compared with their sources
	case *batchv1.Job:
		m.job = typed
	case nil:
		m.scaledObject = &object.Unstructured
	default:
		t.Fatalf("no test knows the kind %s", object.GetKind())
	}
}

// kinds returns the kinds in the order in which kubectl applies the objects.
func (m *manifests) kinds() (kinds []string) {
	for _, object := range m.objects {
		kinds = append(kinds, object.GetKind())
	}
	return kinds
}

// loadBase builds what kubectl apply -k k8s/ applies.
func loadBase(t *testing.T) *manifests {
	t.Helper()
	return loadManifests(t, manifestsDir)
}

// eachOverlay runs a subtest for each overlay, including the base.
func eachOverlay(t *testing.T, check func(t *testing.T, m *manifests)) {
	for name := range overlays {
		t.Run(name, func(t *testing.T) { check(t, loadManifests(t, filepath.Join(manifestsDir, name))) })
	}
}

func TestEveryOverlayIsListed(t *testing.T) {
	found, err := filepath.Glob(filepath.Join(manifestsDir, "*", "kustomization.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range found {
		name := filepath.Base(filepath.Dir(file))
		if _, ok := overlays[name]; !ok {
			t.Errorf("k8s/%s is not in overlays", name)
		}
	}
}

// The base has only built-in kinds, so it applies to any cluster. No overlay has a Namespace:
// with namespace: in a kustomization, it would take over the namespace of that name, and
// kubectl delete -k would delete that.
func TestKinds(t *testing.T) {
	for name, want := range overlays {
		t.Run(name, func(t *testing.T) {
			got := loadManifests(t, filepath.Join(manifestsDir, name)).kinds()
			if slices.Index(got, "Namespace") > 0 {
				t.Errorf("%s comes before its namespace", got[0])
			}
			want, got := slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))
			if !slices.Equal(got, want) {
				t.Errorf("kinds %v, want %v", got, want)
			}
		})
	}
}

func TestMetadata(t *testing.T) {
	eachOverlay(t, func(t *testing.T, m *manifests) {
		for _, object := range m.objects {
			if object.GetName() != "echosvc" {
				t.Errorf("%s is named %q", object.GetKind(), object.GetName())
			}
			if object.GetKind() != "Namespace" && object.GetNamespace() != "echosvc" {
				t.Errorf("%s is in the namespace %q", object.GetKind(), object.GetNamespace())
			}
			for _, label := range []string{"app.kubernetes.io/name", "app.kubernetes.io/part-of"} {
				if object.GetLabels()[label] != "echosvc" {
					t.Errorf("%s has no label %s=echosvc", object.GetKind(), label)
				}
			}
		}
	})
}

func TestImages(t *testing.T) {
	for name := range overlays {
		want := "ghcr.io/echosvc/echosvc:"
		if name == "local" {
			want = "echosvc:"
		}
		container := loadManifests(t, filepath.Join(manifestsDir, name)).container()
		tag, ok := strings.CutPrefix(container.Image, want)
		if !ok || tag == "" || tag == "latest" {
			t.Errorf("%s: image %q, want %s and a version", name, container.Image, want)
		}
		// Always, the default for latest, would ignore an image that was loaded into a node.
		if container.ImagePullPolicy != corev1.PullIfNotPresent {
			t.Errorf("%s: pull policy %q", name, container.ImagePullPolicy)
		}
	}
}

// A release sets its image by digest, and perhaps from another registry, in any overlay.
func TestReleaseSetsTheImageByDigest(t *testing.T) {
	const image = "registry.example.com/team/echosvc"
	const digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	m := loadKustomization(t, func(k8s string) string {
		return "resources: [" + k8s + "]\nimages: [{name: ghcr.io/echosvc/echosvc, newName: " + image + ", digest: \"" + digest + "\"}]\n"
	})
	if got, want := m.container().Image, image+"@"+digest; got != want {
		t.Errorf("image %q, want %q", got, want)
	}
}
