package e2e

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/pod-security-admission/api"

	"github.com/echosvc/echosvc/e2e/manifest"
)

// podViolations returns the reasons for which the API server would reject the pods of a template.
func podViolations(t *testing.T, template *corev1.PodTemplateSpec) []string {
	t.Helper()
	reasons, err := manifest.PodViolations(manifest.Restricted, template)
	if err != nil {
		t.Fatal(err)
	}
	return reasons
}

func TestNamespaceEnforcesLevelRestricted(t *testing.T) {
	got, errs := api.PolicyToEvaluate(loadBase(t).namespace.Labels, api.Policy{})
	if err := errs.ToAggregate(); err != nil {
		t.Fatal(err)
	}
	if want := manifest.Restricted; got.Enforce != want || got.Warn != want || got.Audit != want {
		t.Errorf("the namespace's policy is %v, want %v throughout", &got, want)
	}
}

func TestPodIsAdmittedAtLevelRestricted(t *testing.T) {
	eachOverlay(t, func(t *testing.T, m *manifests) {
		if reasons := podViolations(t, &m.deployment.Spec.Template); len(reasons) > 0 {
			t.Errorf("rejected:\n%s", strings.Join(reasons, "\n"))
		}
	})
}

// The evaluator rejects pods that violate the level, so the test above can fail.
func TestPodOutsideLevelRestrictedIsRejected(t *testing.T) {
	for name, weaken := range map[string]func(*corev1.PodSpec){
		"root":         func(p *corev1.PodSpec) { p.SecurityContext.RunAsNonRoot = nil },
		"no seccomp":   func(p *corev1.PodSpec) { p.SecurityContext.SeccompProfile = nil },
		"capabilities": func(p *corev1.PodSpec) { p.Containers[0].SecurityContext.Capabilities = nil },
		"escalation":   func(p *corev1.PodSpec) { p.Containers[0].SecurityContext.AllowPrivilegeEscalation = nil },
		"host network": func(p *corev1.PodSpec) { p.HostNetwork = true },
	} {
		t.Run(name, func(t *testing.T) {
			m := loadBase(t)
			weaken(m.pod())
			if reasons := podViolations(t, &m.deployment.Spec.Template); len(reasons) != 1 {
				t.Errorf("rejected for %q, want one reason", reasons)
			}
		})
	}
}

// The pod has more restrictions than the level restricted requires.
func TestPodIsHardened(t *testing.T) {
	eachOverlay(t, func(t *testing.T, m *manifests) {
		pod, container := m.pod(), m.container()
		if v := container.SecurityContext.ReadOnlyRootFilesystem; v == nil || !*v {
			t.Error("the root file system is writable")
		}
		if user, group := pod.SecurityContext.RunAsUser, pod.SecurityContext.RunAsGroup; user == nil || *user == 0 || group == nil || *group == 0 {
			t.Errorf("user %v and group %v are not both numbers above 0", user, group)
		}
		if v := pod.EnableServiceLinks; v == nil || *v {
			t.Error("service links would set variables of the form NAME_PORT")
		}
		if v := pod.AutomountServiceAccountToken; v == nil || *v {
			t.Error("the pod mounts a token")
		}
		if v := m.serviceAccount.AutomountServiceAccountToken; v == nil || *v {
			t.Error("the account mounts a token by default")
		}
		if pod.ServiceAccountName != m.serviceAccount.Name {
			t.Errorf("the pod runs as %q, the account is %q", pod.ServiceAccountName, m.serviceAccount.Name)
		}
		if len(pod.Volumes) != 0 || len(container.VolumeMounts) != 0 {
			t.Error("there is a volume, which echosvc does not need")
		}
	})
}

func TestResources(t *testing.T) {
	resources := loadBase(t).container().Resources
	memory, limit := resources.Requests[corev1.ResourceMemory], resources.Limits[corev1.ResourceMemory]
	if memory.IsZero() || limit.Cmp(memory) < 0 {
		t.Errorf("memory: request %v, limit %v", &memory, &limit)
	}
	// The kubelet keeps 50 MiB of a container's log by default.
	disk, limit := resources.Requests[corev1.ResourceEphemeralStorage], resources.Limits[corev1.ResourceEphemeralStorage]
	if disk.Cmp(resource.MustParse("50Mi")) < 0 || limit.Cmp(resource.MustParse("100Mi")) < 0 {
		t.Errorf("ephemeral storage: request %v, limit %v, so a log can evict the pod", &disk, &limit)
	}
	if cpu := resources.Requests[corev1.ResourceCPU]; cpu.Cmp(resource.MustParse("1m")) < 0 {
		t.Error("there is no CPU request, which the autoscaler's target is relative to")
	}
	if limit, ok := resources.Limits[corev1.ResourceCPU]; ok {
		t.Errorf("CPU is limited to %v: a throttled echo is a late one", &limit)
	}
}

// Spreading is preferred, not required, so that one node suffices. It counts the pods of one revision.
func TestPodsAreSpread(t *testing.T) {
	m := loadBase(t)
	keys := map[string]bool{}
	for _, c := range m.pod().TopologySpreadConstraints {
		keys[c.TopologyKey] = true
		if c.WhenUnsatisfiable != corev1.ScheduleAnyway {
			t.Errorf("%s: %s", c.TopologyKey, c.WhenUnsatisfiable)
		}
		if c.MaxSkew != 1 {
			t.Errorf("%s: maxSkew %d", c.TopologyKey, c.MaxSkew)
		}
		if len(c.MatchLabelKeys) != 1 || c.MatchLabelKeys[0] != "pod-template-hash" {
			t.Errorf("%s: matchLabelKeys %v", c.TopologyKey, c.MatchLabelKeys)
		}
	}
	if !keys[corev1.LabelTopologyZone] || !keys[corev1.LabelHostname] {
		t.Errorf("spread over %v, want zones and hosts", keys)
	}
}
