package e2e

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// withProbe builds an overlay with the probe component, and with text appended.
func withProbe(t *testing.T, overlay, text string) *manifests {
	t.Helper()
	m := loadKustomization(t, func(k8s string) string { return withComponent(k8s, overlay, "components/probe", text) })
	if m.job == nil || len(m.job.Spec.Template.Spec.Containers) != 1 {
		t.Fatal("want one Job with one container")
	}
	return m
}

// probeURL returns the last argument of the Job.
func probeURL(t *testing.T, args []string) *url.URL {
	t.Helper()
	u, err := url.Parse(args[len(args)-1])
	if err != nil || u.Scheme != "ws" {
		t.Fatalf("the last of %q is not a WebSocket URL: %v", args, err)
	}
	return u
}

func TestProbeJobFitsAnyOverlay(t *testing.T) {
	for name := range overlays {
		t.Run(name, func(t *testing.T) {
			m := withProbe(t, name, "")
			template := &m.job.Spec.Template
			container := &template.Spec.Containers[0]
			if container.Image != m.container().Image || container.ImagePullPolicy != m.container().ImagePullPolicy {
				t.Errorf("the image is %q, %s; the Deployment's is %q, %s", container.Image, container.ImagePullPolicy, m.container().Image, m.container().ImagePullPolicy)
			}
			if m.job.Namespace != m.deployment.Namespace {
				t.Errorf("the Job is in the namespace %q", m.job.Namespace)
			}
			if reasons := podViolations(t, template); len(reasons) > 0 {
				t.Errorf("rejected:\n%s", strings.Join(reasons, "\n"))
			}
			security := template.Spec.SecurityContext
			if got, want := fmt.Sprintf("%d:%d", *security.RunAsUser, *security.RunAsGroup), last(finalStageOfImage(t), "USER"); got != want {
				t.Errorf("runs as %s, the image's USER is %s", got, want)
			}
			if v := template.Spec.AutomountServiceAccountToken; v == nil || *v {
				t.Error("the pod mounts a token")
			}
			if v := template.Spec.EnableServiceLinks; v == nil || *v {
				t.Error("service links are enabled")
			}
			checkSelectors(t, m)
			checkProbePolicies(t, m)
			// The probe uses a host name that is routed.
			var hosts []string
			if m.ingress != nil {
				hosts = append(hosts, m.ingress.Spec.Rules[0].Host)
			}
			if m.route != nil {
				hosts = append(hosts, string(m.route.Spec.Hostnames[0]))
			}
			if host := probeURL(t, container.Args).Host; len(hosts) > 0 && !slices.Contains(hosts, host) {
				t.Errorf("the probe connects to %s; the routed hosts are %v", host, hosts)
			}
		})
	}
}

// checkProbePolicies checks that the Job's pod may connect to anything, in a namespace in which another
// policy denies all traffic too, and that nothing may connect to it.
func checkProbePolicies(t *testing.T, m *manifests) {
	t.Helper()
	spec := m.probePolicy.Spec
	if len(spec.PolicyTypes) != 2 || len(spec.Ingress) != 0 || len(spec.Egress) != 1 || len(spec.Egress[0].To) != 0 || len(spec.Egress[0].Ports) != 0 {
		t.Errorf("the policy of the Job's pod is %v", spec)
	}
	rules := m.networkPolicy.Spec.Ingress
	if ports := rules[len(rules)-1].Ports; len(ports) != 1 || ports[0].Port.IntVal != m.containerPort(t, "ws") {
		t.Errorf("the probe may connect to the ports %v", ports)
	}
}

// A run that a rollout has interrupted is repeated. A wrong argument, exit status 2, fails at
// once.
func TestProbeJobIsRetried(t *testing.T) {
	spec := withProbe(t, ".", "").job.Spec
	if spec.BackoffLimit == nil || *spec.BackoffLimit != 2 || spec.Template.Spec.RestartPolicy != corev1.RestartPolicyNever {
		t.Errorf("backoffLimit %v, restartPolicy %s", spec.BackoffLimit, spec.Template.Spec.RestartPolicy)
	}
	if spec.PodFailurePolicy == nil || len(spec.PodFailurePolicy.Rules) != 2 {
		t.Fatal("want two rules for failed pods")
	}
	usage, evicted := spec.PodFailurePolicy.Rules[0], spec.PodFailurePolicy.Rules[1]
	if codes := usage.OnExitCodes; usage.Action != batchv1.PodFailurePolicyActionFailJob || *codes.ContainerName != spec.Template.Spec.Containers[0].Name ||
		codes.Operator != batchv1.PodFailurePolicyOnExitCodesOpIn || !slices.Equal(codes.Values, []int32{2}) {
		t.Errorf("a wrong argument: %v", usage)
	}
	if evicted.Action != batchv1.PodFailurePolicyActionIgnore || evicted.OnPodConditions[0].Type != corev1.DisruptionTarget {
		t.Errorf("an evicted pod: %v", evicted)
	}
	if spec.TTLSecondsAfterFinished == nil {
		t.Error("the Job is never deleted")
	}
}

// The deadline leaves time for every run: pods that exceed it are removed together with their logs.
func TestProbeJobDeadline(t *testing.T) {
	const (
		checks  = 30 * time.Second // without -idle, all of them take less than 10 s
		backoff = (10 + 20) * time.Second
	)
	spec := withProbe(t, ".", "").job.Spec
	wait, err := time.ParseDuration(strings.TrimPrefix(spec.Template.Spec.Containers[0].Args[1], "-wait="))
	if err != nil || wait < 30*time.Second {
		t.Fatalf("waits for %v, %v", wait, err)
	}
	if need := time.Duration(*spec.BackoffLimit+1)*(wait+checks) + backoff; seconds(*spec.ActiveDeadlineSeconds) < need {
		t.Errorf("the deadline is %d s, and the runs may take %v", *spec.ActiveDeadlineSeconds, need)
	}
}

// A release's image applies to the Job too.
func TestReleaseSetsTheImageOfTheProbeJob(t *testing.T) {
	m := withProbe(t, "ingress", "images: [{name: ghcr.io/echosvc/echosvc, newName: registry.example.com/echosvc, newTag: \"7\"}]\n")
	if got := m.job.Spec.Template.Spec.Containers[0].Image; got != "registry.example.com/echosvc:7" || got != m.container().Image {
		t.Errorf("image %q", got)
	}
}

// The binary accepts the Job's arguments and passes in the Deployment's environment.
func TestProbeJobRuns(t *testing.T) {
	m := withProbe(t, ".", "")
	args := slices.Clone(m.job.Spec.Template.Spec.Containers[0].Args)
	args[len(args)-1] = start(t, m).url()
	if output, err := echosvc(t, args...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}
