package chart

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"github.com/echosvc/echosvc/e2e/manifest"
)

func TestLint(t *testing.T) {
	eachValues(t, func(t *testing.T, r release) {
		for _, message := range lint.RunAll(chartDir, r.values, r.namespace).Messages {
			if message.Severity > support.InfoSev {
				t.Error(message)
			}
		}
	})
}

// The version of the chart is that of the image that k8s/ names.
func TestVersion(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(manifestsDir, "base", "kustomization.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var base struct {
		Images []struct {
			NewTag string `json:"newTag"`
		} `json:"images"`
	}
	if err := yaml.Unmarshal(text, &base); err != nil {
		t.Fatal(err)
	}
	metadata := loadChart(t).Metadata
	if want := base.Images[0].NewTag; metadata.Version != want || metadata.AppVersion != want {
		t.Errorf("version %s, appVersion %s, want %s", metadata.Version, metadata.AppVersion, want)
	}
}

func TestPodsAreAdmittedAtLevelRestricted(t *testing.T) {
	eachValues(t, func(t *testing.T, r release) {
		pods := 0
		for _, o := range r.objects(t) {
			template := o.PodTemplate()
			if template == nil {
				continue
			}
			pods++
			reasons, err := manifest.PodViolations(manifest.Restricted, template)
			if err != nil || len(reasons) > 0 {
				t.Errorf("%s: rejected: %v %v", o.GetKind(), reasons, err)
			}
		}
		if pods != 2 {
			t.Errorf("%d objects with pods, want the Deployment and the probe", pods)
		}
	})
}

// Two releases in one namespace have different names, and each selects its own pods.
func TestNamesOfReleases(t *testing.T) {
	long := strings.Repeat("long-", 10)
	for name, test := range map[string]struct {
		release, values, want string
	}{
		"chart's name":     {"echosvc", "{}", "echosvc"},
		"another":          {"dev", "{}", "dev-echosvc"},
		"contains it":      {"my-echosvc", "{}", "my-echosvc"},
		"nameOverride":     {"dev", "{nameOverride: ws}", "dev-ws"},
		"fullnameOverride": {"dev", "{fullnameOverride: ws}", "ws"},
		"long":             {long + "abc", "{}", (long + "abc-echosvc")[:57]},
		"long, at a dash":  {long + "abcdef", "{}", (long + "abcdef")[:56]},
	} {
		t.Run(name, func(t *testing.T) {
			for _, o := range (release{test.release, "team-a", parse(t, test.values)}).objects(t) {
				if o.GetNamespace() != "team-a" {
					t.Errorf("%s is in the namespace %q", o.GetKind(), o.GetNamespace())
				}
				if got := o.GetName(); got != test.want && got != test.want+"-probe" || len(got) > 63 {
					t.Errorf("%s is named %q, want %q", o.GetKind(), got, test.want)
				}
				if deployment, ok := o.Typed.(*appsv1.Deployment); ok && deployment.Spec.Template.Spec.ServiceAccountName != test.want {
					t.Errorf("the account is %q", deployment.Spec.Template.Spec.ServiceAccountName)
				}
			}
		})
	}
}

func TestSelectors(t *testing.T) {
	objects := release{"dev", "team-a", parse(t, "{nameOverride: ws, podLabels: {team: a}}")}.objects(t)
	service := map[string]string{"app.kubernetes.io/name": "ws", "app.kubernetes.io/instance": "dev", "app.kubernetes.io/part-of": "echosvc", "team": "a"}
	probe := map[string]string{"app.kubernetes.io/name": "ws-probe", "app.kubernetes.io/instance": "dev"}
	other := map[string]string{"app.kubernetes.io/name": "ws", "app.kubernetes.io/instance": "prod", "app.kubernetes.io/part-of": "echosvc"}
	check := func(what string, selector *metav1.LabelSelector, want map[string]string) {
		t.Helper()
		s, err := metav1.LabelSelectorAsSelector(selector)
		if err != nil {
			t.Fatal(err)
		}
		if !s.Matches(labels.Set(want)) || s.Matches(labels.Set(other)) {
			t.Errorf("%s selects %v", what, selector)
		}
	}
	for _, o := range objects {
		switch typed := o.Typed.(type) {
		case *appsv1.Deployment:
			check("Deployment", typed.Spec.Selector, service)
			if got := typed.Spec.Template.Labels; !labels.Equals(got, service) {
				t.Errorf("the pods have the labels %v", got)
			}
			for _, c := range typed.Spec.Template.Spec.TopologySpreadConstraints {
				check("spread over "+c.TopologyKey, c.LabelSelector, service)
			}
		case *corev1.Service:
			check("Service", &metav1.LabelSelector{MatchLabels: typed.Spec.Selector}, service)
		case *policyv1.PodDisruptionBudget:
			check("PodDisruptionBudget", typed.Spec.Selector, service)
		case *networkingv1.NetworkPolicy:
			if strings.HasSuffix(typed.Name, "-probe") {
				check("NetworkPolicy of the probe", &typed.Spec.PodSelector, probe)
			} else {
				check("NetworkPolicy", &typed.Spec.PodSelector, service)
				check("NetworkPolicy, from the probe", typed.Spec.Ingress[2].From[0].PodSelector, probe)
			}
		}
	}
}

// helm test applies the probe's NetworkPolicy before the probe.
func TestProbeIsATest(t *testing.T) {
	for name, test := range map[string]struct{ values, url string }{
		"Service":     {"{}", "ws://dev-echosvc/"},
		"TLS":         {"{tls: {secretName: a}}", "wss://dev-echosvc/"},
		"users' name": {"{probe: {url: 'wss://echo.example.com/', args: [-idle=1m]}}", "wss://echo.example.com/"},
	} {
		t.Run(name, func(t *testing.T) {
			hooks := 0
			for _, o := range (release{"dev", "team-a", parse(t, test.values)}).objects(t) {
				annotations := o.GetAnnotations()
				if annotations["helm.sh/hook"] == "" {
					continue
				}
				hooks++
				pod, ok := o.Typed.(*corev1.Pod)
				if !ok {
					if o.GetKind() != "NetworkPolicy" || annotations["helm.sh/hook-weight"] != "-1" {
						t.Errorf("%s has the annotations %v", o.GetKind(), annotations)
					}
					continue
				}
				args := pod.Spec.Containers[0].Args
				if args[len(args)-1] != test.url {
					t.Errorf("args %q, want %s", args, test.url)
				}
				// The certificate is for the users' name, not for the Service's.
				if insecure := slices.Contains(args, "-insecure"); insecure != (name == "TLS") {
					t.Errorf("args %q", args)
				}
			}
			if hooks != 2 {
				t.Errorf("there are %d hooks", hooks)
			}
		})
	}
}

// NOTES.txt has the address, and the command that tests it.
func TestNotes(t *testing.T) {
	for values, want := range map[string]string{
		"{}":                              "ws://localhost:8080/",
		"{tls: {secretName: a}}":          "port-forward service/dev-echosvc 8080:443",
		"{replicaCount: 1}":               "With one pod",
		"{service: {type: LoadBalancer}}": "get service dev-echosvc",
		"{service: {type: NodePort}}":     "get service dev-echosvc --output jsonpath='{.spec.ports[0].nodePort}'",
		"{ingress: {enabled: true, className: nginx, hosts: [a.example.com]}, httpRoute: {enabled: true, parentRefs: [{name: a}], hostnames: [b.example.com]}}": "ws://b.example.com/   (wss:// if the Gateway terminates TLS)\n  ws://a.example.com/",
		"{ingress: {enabled: true, className: nginx, hosts: [a.example.com]}}":                                                                                  "ws://a.example.com/",
		"{ingress: {enabled: true, className: nginx, hosts: [a.example.com], tls: [{hosts: [a.example.com]}]}}":                                                 "wss://a.example.com/",
		"{httpRoute: {enabled: true, parentRefs: [{name: a}], hostnames: [a.example.com]}}":                                                                     "Set networkPolicy.from to restrict that",
	} {
		files, err := release{"dev", "team-a", parse(t, values)}.render(t)
		if err != nil {
			t.Fatal(err)
		}
		notes := files["NOTES.txt"]
		if !strings.Contains(notes, want) || !strings.Contains(notes, "helm --namespace team-a test dev --logs") {
			t.Errorf("%s: the notes are\n%s", values, notes)
		}
	}
}

// The package contains everything except the values for tests.
func TestPackage(t *testing.T) {
	path, err := chartutil.Save(loadChart(t), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, strings.TrimPrefix(header.Name, "echosvc/"))
	}
	for _, name := range []string{"Chart.yaml", "values.yaml", "values.schema.json", "README.md", "templates/NOTES.txt", "templates/tests/probe.yaml"} {
		if !slices.Contains(names, name) {
			t.Errorf("the package has no %s", name)
		}
	}
	if slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, "ci/") }) {
		t.Errorf("the package has values for tests: %q", names)
	}
}
