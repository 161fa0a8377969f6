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

// withProbe is an overlay with the component, and more text behind that.
func withProbe(t *testing.T, overlay, text string) *manifests {
	t.Helper()
	m := loadKustomization(t, func(k8s string) string {
		return "resources: [" + filepath.Join(k8s, overlay) + "]\ncomponents: [" + filepath.Join(k8s, "components/probe") + "]\n" + text
	})
	if m.job == nil || len(m.job.Spec.Template.Spec.Containers) != 1 {
		t.Fatal("there is not one Job with one container")
	}
	return m
}

// probeURL is the last argument of the Job.
func probeURL(t *testing.T, args []string) *url.URL {
	t.Helper()
	u, err := url.Parse(args[len(args)-1])
	if err != nil || u.Scheme != "ws" {
		t.Fatalf("the last of %q is no URL: %v", args, err)
	}
	return u
}

func TestProbeJobJoinsAnyOverlay(t *testing.T) {
	for name := range overlays {
		t.Run(name, func(t *testing.T) {
			m := withProbe(t, name, "")
			template := &m.job.Spec.Template
			container := &template.Spec.Containers[0]
			if container.Image != m.container().Image || container.ImagePullPolicy != m.container().ImagePullPolicy {
				t.Errorf("image %q, %s, the Deployment's is %q, %s", container.Image, container.ImagePullPolicy, m.container().Image, m.container().ImagePullPolicy)
			}
			if m.job.Namespace != m.deployment.Namespace {
				t.Errorf("it is in the namespace %q", m.job.Namespace)
			}
			if reasons := forbidden(t, m, template); len(reasons) > 0 {
				t.Errorf("refused:\n%s", strings.Join(reasons, "\n"))
			}
			security := template.Spec.SecurityContext
			if got, want := fmt.Sprintf("%d:%d", *security.RunAsUser, *security.RunAsGroup), last(finalStageOfImage(t), "USER"); got != want {
				t.Errorf("runs as %s, the image's USER is %s", got, want)
			}
			if v := template.Spec.AutomountServiceAccountToken; v == nil || *v {
				t.Error("the pod mounts a token")
			}
			if v := template.Spec.EnableServiceLinks; v == nil || *v {
				t.Error("there are service links")
			}
			// What is about echosvc's pods is not about this one: the Service would send
			// clients to it, and the NetworkPolicy let nothing out.
			for what, selector := range map[string]*metav1.LabelSelector{
				"Deployment": m.deployment.Spec.Selector, "Service": {MatchLabels: m.service.Spec.Selector},
				"PodDisruptionBudget": m.budget.Spec.Selector, "NetworkPolicy": &m.networkPolicy.Spec.PodSelector,
			} {
				if selects(t, selector, template.Labels) {
					t.Errorf("%s selects it", what)
				}
			}
			// Through the ingress: by the name that is routed.
			var hosts []string
			if m.ingress != nil {
				hosts = append(hosts, m.ingress.Spec.Rules[0].Host)
			}
			if m.route != nil {
				hosts = append(hosts, string(m.route.Spec.Hostnames[0]))
			}
			if host := probeURL(t, container.Args).Host; len(hosts) > 0 && !slices.Contains(hosts, host) {
				t.Errorf("it asks %s, routed is %v", host, hosts)
			}
		})
	}
}

// A check that fails makes the Job fail, at once and for good.
func TestProbeJobIsNotTriedAgain(t *testing.T) {
	job := withProbe(t, ".", "").job
	if job.Spec.BackoffLimit == nil || *job.Spec.BackoffLimit != 0 || job.Spec.Template.Spec.RestartPolicy != corev1.RestartPolicyNever {
		t.Errorf("backoffLimit %v, restartPolicy %s", job.Spec.BackoffLimit, job.Spec.Template.Spec.RestartPolicy)
	}
	if job.Spec.ActiveDeadlineSeconds == nil || job.Spec.TTLSecondsAfterFinished == nil {
		t.Error("it may stay for ever")
	}
}

// The image of a release is put over the Job's as well.
func TestReleaseNamesTheImageOfTheProbeJob(t *testing.T) {
	m := withProbe(t, "ingress", "images: [{name: ghcr.io/echosvc/echosvc, newName: registry.example.com/echosvc, newTag: \"7\"}]\n")
	if got := m.job.Spec.Template.Spec.Containers[0].Image; got != "registry.example.com/echosvc:7" || got != m.container().Image {
		t.Errorf("image %q", got)
	}
}

// The binary takes the Job's arguments, and is content with the Deployment's environment.
func TestProbeJobRuns(t *testing.T) {
	m := withProbe(t, ".", "")
	args := slices.Clone(m.job.Spec.Template.Spec.Containers[0].Args)
	args[len(args)-1] = start(t, m).url()
	if output, err := echosvc(t, args...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}
