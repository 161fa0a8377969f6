// Package e2e tests what ships: the binary with real clients, browsers and proxies, the image, and
// the manifests against Kubernetes' API types and admission rules, the binary and the Dockerfile.
package e2e

import (
	"bytes"
	"os"
	"os/exec"
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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const manifestsDir = "../k8s"

var (
	baseKinds = []string{"Namespace", "ServiceAccount", "Service", "Deployment",
		"HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"}
	// overlays are the directories below k8s/ that kubectl apply -k accepts, with their kinds.
	overlays = map[string][]string{
		".":                baseKinds,
		"gateway":          append([]string{"HTTPRoute"}, baseKinds...),
		"gateway-timeouts": append([]string{"HTTPRoute"}, baseKinds...),
		"ingress":          append([]string{"Ingress"}, baseKinds...),
		"monitoring":       append([]string{"PodMonitor"}, baseKinds...),
		"local":            without(baseKinds, "HorizontalPodAutoscaler"),
	}
)

func without(list []string, element string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(e string) bool { return e == element })
}

// manifests has the objects of an overlay, nil if it has none of a kind.
type manifests struct {
	kinds          []string
	meta           []metav1.Object
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

// strictDecoder rejects unknown and duplicate fields.
var strictDecoder = func() runtime.Decoder {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, autoscalingv2.AddToScheme, batchv1.AddToScheme,
		networkingv1.AddToScheme, policyv1.AddToScheme, gatewayv1.Install,
		monitoringv1.AddToScheme,
	} {
		utilruntime.Must(add(scheme))
	}
	return serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
}()

// kustomize builds a directory as kubectl does.
func kustomize(t *testing.T, dir string) resmap.ResMap {
	t.Helper()
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionLegacy
	built, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Fatalf("kustomize build %s: %v", dir, err)
	}
	return built
}

// loadManifests builds an overlay and decodes its objects.
func loadManifests(t *testing.T, dir string) *manifests {
	t.Helper()
	m := &manifests{}
	for _, resource := range kustomize(t, dir).Resources() {
		text, err := resource.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		object, kind, err := strictDecoder.Decode(text, nil, nil)
		if err != nil {
			t.Fatalf("%s: %v\n%s", resource.CurId(), err, text)
		}
		if slices.Contains(m.kinds, kind.Kind) {
			t.Fatalf("two objects have the kind %s", kind.Kind)
		}
		m.kinds = append(m.kinds, kind.Kind)
		m.meta = append(m.meta, object.(metav1.Object))
		switch object := object.(type) {
		case *corev1.Namespace:
			m.namespace = object
		case *corev1.ServiceAccount:
			m.serviceAccount = object
		case *corev1.Service:
			m.service = object
		case *appsv1.Deployment:
			m.deployment = object
		case *autoscalingv2.HorizontalPodAutoscaler:
			m.autoscaler = object
		case *policyv1.PodDisruptionBudget:
			m.budget = object
		case *networkingv1.NetworkPolicy:
			m.networkPolicy = object
		case *networkingv1.Ingress:
			m.ingress = object
		case *gatewayv1.HTTPRoute:
			m.route = object
		case *monitoringv1.PodMonitor:
			m.podMonitor = object
		case *batchv1.Job:
			m.job = object
		default:
			t.Fatalf("no test knows the kind %s", kind)
		}
	}
	if m.deployment == nil || len(m.pod().Containers) != 1 || len(m.pod().InitContainers) != 0 {
		t.Fatal("want one Deployment with one container")
	}
	return m
}

// loadBase builds what kubectl apply -k k8s/ applies.
func loadBase(t *testing.T) *manifests {
	t.Helper()
	return loadManifests(t, manifestsDir)
}

// loadKustomization builds a user's kustomization in another directory. text is called with the path
// from there to k8s/.
func loadKustomization(t *testing.T, text func(k8s string) string) *manifests {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	k8s, err := filepath.Abs(manifestsDir)
	if err != nil {
		t.Fatal(err)
	}
	if k8s, err = filepath.Rel(dir, k8s); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text(k8s)), 0o600); err != nil {
		t.Fatal(err)
	}
	return loadManifests(t, dir)
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
		if _, ok := overlays[name]; !ok && name != "base" {
			t.Errorf("k8s/%s is not in overlays", name)
		}
	}
}

// The base has only built-in kinds, so it applies to a cluster in which nothing has been installed.
func TestKinds(t *testing.T) {
	for name, want := range overlays {
		t.Run(name, func(t *testing.T) {
			got := loadManifests(t, filepath.Join(manifestsDir, name)).kinds
			if got[0] != "Namespace" {
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
		for i, object := range m.meta {
			if object.GetName() != "echosvc" {
				t.Errorf("%s is named %q", m.kinds[i], object.GetName())
			}
			if m.kinds[i] != "Namespace" && object.GetNamespace() != m.namespace.Name {
				t.Errorf("%s is in the namespace %q", m.kinds[i], object.GetNamespace())
			}
			for _, label := range []string{"app.kubernetes.io/name", "app.kubernetes.io/part-of"} {
				if object.GetLabels()[label] != "echosvc" {
					t.Errorf("%s has no label %s=echosvc", m.kinds[i], label)
				}
			}
		}
	})
}

func TestDecodingIsStrict(t *testing.T) {
	for name, text := range map[string]string{
		"unknown field":   "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {port: 80}}",
		"duplicate field": "{apiVersion: v1, kind: Service, metadata: {name: a, name: b}}",
		"unknown kind":    "{apiVersion: v1, kind: Servant, metadata: {name: a}}",
		"retired version": "{apiVersion: policy/v1beta1, kind: PodDisruptionBudget, metadata: {name: a}}",
	} {
		t.Run(name, func(t *testing.T) {
			if object, _, err := strictDecoder.Decode([]byte(text), nil, nil); err == nil {
				t.Errorf("decoded as %T", object)
			}
		})
	}
}

// kubectl has its own kustomize; it must build the same as the library that the tests use.
func TestKubectlBuildsTheSame(t *testing.T) {
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		t.Skip("there is no kubectl on this machine") // Debian's is older than the manifests
	}
	for name := range overlays {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(manifestsDir, name)
			want, err := kustomize(t, dir).AsYaml()
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
