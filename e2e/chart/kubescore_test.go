package chart

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/echosvc/echosvc/e2e/manifest"
)

// answers explain the intended findings of kube-score, by the name of the check.
var answers = map[string]string{
	"container-resources":                 "no CPU limit: throttling would delay echoes even if the node has CPU time to spare",
	"container-image-pull-policy":         "IfNotPresent: tags are versions and never move, and an image loaded into a node must be used",
	"deployment-has-host-podantiaffinity": "topologySpreadConstraints spread the pods, over zones too, and unlike an anti-affinity let a single node run two",
	"deployment-replicas":                 "k8s/local has one pod; with KEDA, kube-score does not know the autoscaler",

	// Optional checks.
	"container-resource-requests-equal-limits":         "requests are what pods need, limits what they may take: equal ones would reserve four times as much",
	"container-cpu-requests-equal-limits":              "see container-resources",
	"container-memory-requests-equal-limits":           "see container-resource-requests-equal-limits",
	"container-ephemeral-storage-request-equals-limit": "the limit stops only what is out of control: reaching it evicts the pod",
}

// TestKubeScore: every finding of kube-score, with its optional checks, has an answer, and every
// answer a finding.
func TestKubeScore(t *testing.T) {
	program := findKubeScore(t)
	found := map[string]bool{}
	eachValues(t, func(t *testing.T, r release) { score(t, program, r.objects(t), found) })
	for _, overlay := range []string{"base", "gateway-timeouts", "ingress", "monitoring"} {
		for _, component := range []string{"probe", "hpa-cpu", "hpa-connections", "keda", "tls"} {
			if component == "tls" && overlay != "base" && overlay != "monitoring" {
				continue
			}
			t.Run(overlay+"+"+component, func(t *testing.T) {
				text := fmt.Sprintf("resources: [K8S/%s]\ncomponents: [K8S/components/%s]", overlay, component)
				score(t, program, buildKustomization(t, text), found)
			})
		}
	}
	for check := range answers {
		if !found[check] {
			t.Errorf("kube-score does not find %s any more", check)
		}
	}
}

// findKubeScore returns the path of kube-score. If ECHOSVC_E2E_ALL is set, as in CI, it is installed;
// otherwise the test is skipped where it is missing. It is not a library of this module, because it
// needs versions of k8s.io/api that still have retired APIs.
func findKubeScore(t *testing.T) string {
	t.Helper()
	const module = "github.com/zegl/kube-score/cmd/kube-score@v1.20.0"
	program, err := exec.LookPath("kube-score")
	if err == nil {
		return program
	}
	if os.Getenv("ECHOSVC_E2E_ALL") == "" {
		t.Skip("kube-score is not installed: go install " + module)
	}
	dir := t.TempDir()
	install := exec.Command("go", "install", module)
	install.Env = append(os.Environ(), "GOBIN="+dir)
	if printed, err := install.CombinedOutput(); err != nil {
		t.Fatalf("go install %s: %v\n%s", module, err, printed)
	}
	return filepath.Join(dir, "kube-score")
}

// score runs kube-score on objects, and adds what it finds.
func score(t *testing.T, program string, objects []manifest.Object, found map[string]bool) {
	t.Helper()
	var documents [][]byte
	for _, o := range objects {
		text, err := yaml.Marshal(o.Object)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, text)
	}
	command := exec.Command(program, "score", "--all-default-optional", "--kubernetes-version", "v1.34", "--output-format", "json", "-")
	command.Stdin = bytes.NewReader(bytes.Join(documents, []byte("---\n")))
	var stderr bytes.Buffer
	command.Stderr = &stderr
	printed, err := command.Output() // the exit status is 1 if anything is found
	var scored []struct {
		Object string `json:"object_name"`
		Checks []struct {
			Check struct {
				ID string `json:"id"`
			} `json:"check"`
			Grade    int  `json:"grade"` // 10 is all right
			Skipped  bool `json:"skipped"`
			Comments []struct {
				Path    string `json:"path"`
				Summary string `json:"summary"`
			} `json:"comments"`
		} `json:"checks"`
	}
	if decoding := json.Unmarshal(printed, &scored); decoding != nil || len(scored) == 0 {
		t.Fatalf("%v, %v\n%s%s", err, decoding, printed, &stderr)
	}
	for _, object := range scored {
		for _, check := range object.Checks {
			if check.Skipped || check.Grade == 10 {
				continue
			}
			found[check.Check.ID] = true
			if answers[check.Check.ID] == "" {
				t.Errorf("%s: %s: %v", object.Object, check.Check.ID, check.Comments)
			}
			// The CPU limit is the only one that is missing.
			for _, comment := range check.Comments {
				if check.Check.ID == "container-resources" && !strings.Contains(comment.Summary, "CPU limit is not set") {
					t.Errorf("%s: %s: %s", object.Object, comment.Path, comment.Summary)
				}
			}
		}
	}
}
