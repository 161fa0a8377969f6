package chart

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

func TestWrongValues(t *testing.T) {
	for values, want := range map[string]string{
		"{replicas: 3}":                                                     "replicas",
		"{replicaCount: three}":                                             "replicaCount",
		"{image: {tag: 1.2}}":                                               "tag",
		"{image: {digest: 0123}}":                                           "digest",
		"{settings: {PORT: '9000'}}":                                        "settings.PORT is set by the chart, and cannot be changed",
		"{settings: {DRAIN_DELAY: 5s}}":                                     "settings.DRAIN_DELAY is set by the chart: use drain.delay instead",
		"{settings: {TLS_KEY_FILE: /a}}":                                    "use tls.secretName instead",
		"{settings: {MEMORY_LIMIT: 1GiB}}":                                  "use resources.limits.memory instead",
		"{settings: {port: '9000'}}":                                        "at '/settings': additional properties 'port' not allowed",
		"{nameOverride: Echo}":                                              "nameOverride",
		"{fullnameOverride: a_b}":                                           "fullnameOverride",
		"{fullnameOverride: 1echo}":                                         "fullnameOverride",
		"{autoscaling: {by: cpu, minReplicas: 5, maxReplicas: 3}}":          "autoscaling.minReplicas must not be more than autoscaling.maxReplicas",
		"{podLabels: {app.kubernetes.io/name: a}}":                          "podLabels: app.kubernetes.io/name is set by the chart",
		"{podMonitor: {labels: {helm.sh/chart: a}}}":                        "podMonitor.labels: helm.sh/chart is set by the chart",
		"{resources: null}":                                                 "missing property 'resources'",
		"{image: null}":                                                     "missing property 'image'",
		"{service: null}":                                                   "missing property 'service'",
		"{drain: {delay: null}}":                                            "missing property 'delay'",
		"{podDisruptionBudget: {maxUnavailable: null}}":                     "missing property 'maxUnavailable'",
		"{settings: {MAX_MESSAGE_SIZE: 1048576}}":                           "MAX_MESSAGE_SIZE",
		"{autoscaling: {by: memory}}":                                       "autoscaling",
		"{drain: {spread: 24}}":                                             "drain.timeout must be at least 7 s more",
		"{drain: {delay: 10s}}":                                             "delay",
		"{resources: {limits: {memory: null}}}":                             "memory",
		"{httpRoute: {enabled: true}}":                                      "parentRefs",
		"{httpRoute: {enabled: true, parentRefs: [{name: a}]}}":             "hostnames",
		"{ingress: {enabled: true, hosts: [a]}}":                            "className",
		"{ingress: {enabled: true, className: nginx}}":                      "hosts",
		"{ingress: {enabled: true, className: nginx, host: a, hosts: [a]}}": "host",
		"{tls: {secretName: a}, ingress: {enabled: true, className: a, hosts: [a]}}":                  "ingress and tls.secretName do not fit",
		"{tls: {secretName: a}, httpRoute: {enabled: true, parentRefs: [{name: a}], hostnames: [a]}}": "httpRoute and tls.secretName do not fit",
		"{probe: {url: echosvc.example.com}}":                                                         "url",
	} {
		if _, err := (release{"echosvc", "echosvc", parse(t, values)}).render(t); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error that names %s", values, err, want)
		}
	}
}

// TestNamesOfServices: a Service's name begins with a letter and has no dots (RFC 1035), unlike that of
// a release.
func TestNamesOfServices(t *testing.T) {
	long := strings.Repeat("long-", 10)
	for name, want := range map[string]string{
		"my.echo":    "name: my-echo-echosvc\n",
		"echosvc":    "name: echosvc\n",
		long + "end": "name: " + long + "end-ech\n",
	} {
		files, err := release{name: name}.render(t)
		if err != nil || !strings.Contains(files["service.yaml"], want) {
			t.Errorf("%s: %v, no %q in\n%s", name, err, want, files["service.yaml"])
		}
	}
	if _, err := (release{name: "1echo"}).render(t); err == nil || !strings.Contains(err.Error(), "1echo-echosvc cannot be the name of a Service") {
		t.Errorf("1echo: %v", err)
	}
}

// TestDrainIsSeconds: Helm reads the numbers of a file as floating-point numbers.
func TestDrainIsSeconds(t *testing.T) {
	files, err := release{"echosvc", "echosvc", parse(t, "{drain: {timeout: 1000000}}")}.render(t)
	if want := "value: 1000000s\n"; err != nil || !strings.Contains(files["deployment.yaml"], want) {
		t.Errorf("%v, no %q", err, want)
	}
}

// TestQueryOfLongNames: Kubernetes cuts what it generates the name of a pod from to 58 bytes, and adds
// 5 (k8s.io/apiserver/pkg/storage/names).
func TestQueryOfLongNames(t *testing.T) {
	for n := 1; n <= 57; n++ {
		name := strings.Repeat("a", n)
		files, err := release{"echosvc", "echosvc", parse(t, "{autoscaling: {by: keda}, fullnameOverride: "+name+"}")}.render(t)
		if err != nil {
			t.Fatal(err)
		}
		match := regexp.MustCompile(`pod=~"([^"]+)"`).FindStringSubmatch(files["scaledobject.yaml"])
		if match == nil {
			t.Fatal("the query has no pods")
		}
		base := name + "-6d4cf56db6-"
		pod := base[:min(len(base), 58)] + "x7k2p"
		if pods := regexp.MustCompile("^(?:" + match[1] + ")$"); !pods.MatchString(pod) || pods.MatchString(name+"-canary-6d4cf56db6-x7k2p") {
			t.Fatalf("%s is not the right one for %s", match[1], pod)
		}
	}
}

// One of two pods can take the clients of both, which are fewer with TLS. docs/limits.md has the
// numbers.
func TestTargetConnections(t *testing.T) {
	for values, want := range map[string]string{
		"{autoscaling: {by: connections}}":                                      `averageValue: "8000"`,
		"{autoscaling: {by: connections}, tls: {secretName: a}}":                `averageValue: "3000"`,
		"{autoscaling: {by: keda}, tls: {secretName: a}}":                       `threshold: "3000"`,
		"{autoscaling: {by: connections, targetConnections: 2000000}}":          `averageValue: "2000000"`,
		"{autoscaling: {by: keda, targetConnections: 5}, tls: {secretName: a}}": `threshold: "5"`,
	} {
		files, err := release{"echosvc", "echosvc", parse(t, values)}.render(t)
		if err != nil {
			t.Fatal(err)
		}
		if text := files["horizontalpodautoscaler.yaml"] + files["scaledobject.yaml"]; !strings.Contains(text, want) {
			t.Errorf("%s: no %s in\n%s", values, want, text)
		}
	}
}

// The values that OpenShift and other platforms need can be set.
func TestOtherPlatforms(t *testing.T) {
	r := release{"echosvc", "echosvc", parse(t, `
podSecurityContext: {runAsUser: null, runAsGroup: null}
imagePullSecrets: [{name: registry}]
image: {repository: registry.example.com/echosvc, digest: "sha256:`+strings.Repeat("0a", 32)+`"}
networkPolicy: {egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: istio-system}}}]}]}
settings: {LOG_LEVEL: debug, CONTROLS: false}
drain: {delay: 40}
service: {type: LoadBalancer, annotations: {a: b}}
nodeSelector: {kubernetes.io/arch: arm64}
tolerations: [{key: a, operator: Exists}]
priorityClassName: high
`)}
	for _, o := range r.objects(t) {
		switch typed := o.Typed.(type) {
		case *appsv1.Deployment:
			checkPlatformsPod(t, typed.Spec.Template.Spec)
		case *corev1.Service:
			if typed.Spec.Type != corev1.ServiceTypeLoadBalancer || typed.Annotations["a"] != "b" {
				t.Errorf("the Service is %v", typed)
			}
		case *networkingv1.NetworkPolicy:
			if len(typed.Spec.Egress) != 1 {
				t.Errorf("egress %v", typed.Spec.Egress)
			}
		}
	}
}

func checkPlatformsPod(t *testing.T, pod corev1.PodSpec) {
	t.Helper()
	if pod.SecurityContext.RunAsUser != nil || pod.SecurityContext.RunAsGroup != nil {
		t.Error("the pod chooses its user")
	}
	if len(pod.ImagePullSecrets) != 1 || len(pod.Tolerations) != 1 || pod.PriorityClassName != "high" || len(pod.NodeSelector) != 1 {
		t.Errorf("the pod is %v", pod)
	}
	if want := "registry.example.com/echosvc@sha256:" + strings.Repeat("0a", 32); pod.Containers[0].Image != want {
		t.Errorf("the image is %s", pod.Containers[0].Image)
	}
	if *pod.TerminationGracePeriodSeconds != 40+30+20 {
		t.Errorf("the grace period is %d", *pod.TerminationGracePeriodSeconds)
	}
	environment := map[string]string{}
	for _, variable := range pod.Containers[0].Env {
		environment[variable.Name] = variable.Value
	}
	// Maps are merged with the defaults.
	for name, want := range map[string]string{"LOG_LEVEL": "debug", "CONTROLS": "false", "LOG_FORMAT": "json", "DRAIN_DELAY": "40s"} {
		if environment[name] != want {
			t.Errorf("%s=%q, want %q", name, environment[name], want)
		}
	}
}

// The values in the README are accepted.
func TestReadmeValues(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(chartDir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) == 0 {
		t.Fatal("there are no values")
	}
	for _, block := range blocks {
		release{"echosvc", "echosvc", parse(t, block[1])}.objects(t)
	}
}

// TestReadmeHasEveryValue of values.yaml, and no other.
func TestReadmeHasEveryValue(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(chartDir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*) \\|").FindAllStringSubmatch(string(text), -1) {
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[1], -1) {
			documented = append(documented, name[1])
		}
	}
	var want []string
	for name, value := range loadChart(t).Values {
		table, ok := value.(map[string]any)
		if !ok || len(table) == 0 || slices.Contains([]string{"settings", "resources", "podSecurityContext"}, name) {
			want = append(want, name)
			continue
		}
		for key := range table {
			want = append(want, name+"."+key)
		}
	}
	slices.Sort(documented)
	slices.Sort(want)
	if !slices.Equal(documented, want) {
		t.Errorf("the README has\n%q, want\n%q", documented, want)
	}
}
