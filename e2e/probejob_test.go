package e2e

import (
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// withProbe builds an overlay with the probe component, and with text appended.
func withProbe(t *testing.T, overlay, text string) *manifests {
	t.Helper()
	m := loadKustomization(t, func(k8s string) string {
		return "resources: [" + filepath.Join(k8s, overlay) + "]\ncomponents: [" + filepath.Join(k8s, "components/probe") + "]\n" + text
	})
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
			if reasons := podViolations(t, m, template); len(reasons) > 0 {
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
			// The selectors of echosvc's pods must not match the Job's: the Service would send clients to it,
			// and the NetworkPolicy would block its connections.
			for what, selector := range map[string]*metav1.LabelSelector{
				"Deployment": m.deployment.Spec.Selector, "Service": {MatchLabels: m.service.Spec.Selector},
				"PodDisruptionBudget": m.budget.Spec.Selector, "NetworkPolicy": &m.networkPolicy.Spec.PodSelector,
			} {
				if selects(t, selector, template.Labels) {
					t.Errorf("the %s selects the Job's pod", what)
				}
			}
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

// A failed check makes the Job fail immediately, without a retry.
func TestProbeJobIsNotRetried(t *testing.T) {
	job := withProbe(t, ".", "").job
	if job.Spec.BackoffLimit == nil || *job.Spec.BackoffLimit != 0 || job.Spec.Template.Spec.RestartPolicy != corev1.RestartPolicyNever {
		t.Errorf("backoffLimit %v, restartPolicy %s", job.Spec.BackoffLimit, job.Spec.Template.Spec.RestartPolicy)
	}
	if job.Spec.ActiveDeadlineSeconds == nil || job.Spec.TTLSecondsAfterFinished == nil {
		t.Error("the Job has no deadline, or is never deleted")
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
