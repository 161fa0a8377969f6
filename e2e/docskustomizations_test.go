package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/e2e/manifest"
)

// buildMine builds a text as k8s/mine/kustomization.yaml, in a copy of k8s/.
func buildMine(t *testing.T, text string) ([]manifest.Object, error) {
	t.Helper()
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(manifestsDir)); err != nil {
		t.Fatal(err)
	}
	mine := filepath.Join(copied, "mine")
	if err := os.Mkdir(mine, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(mine, "kustomization.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, objects, err := manifest.Kustomize(mine)
	return objects, err
}

// k8s/mine/kustomization.yaml names the base or an overlay. ".." is a cycle, because that
// directory contains it.
func TestKustomizationBelowK8s(t *testing.T) {
	for base, ok := range map[string]bool{"../base": true, "../ingress": true, "..": false} {
		_, err := buildMine(t, "resources: ["+base+"]\ncomponents: [../components/probe]\n")
		if (err == nil) != ok {
			t.Errorf("%s: %v", base, err)
		}
		if !ok && err != nil && !strings.Contains(err.Error(), "cycle") {
			t.Errorf("%s: %v, want a cycle", base, err)
		}
	}
}

// kustomizationBlock is a code block with a kustomization.
var kustomizationBlock = regexp.MustCompile("(?s)```yaml\n([^`]*resources:\n.*?)```")

// Every kustomization in the documents can be built, and so can those in comments of k8s/.
func TestDocsKustomizations(t *testing.T) {
	found := 0
	build := func(name, text string) {
		t.Helper()
		found++
		objects, err := buildMine(t, text)
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
		for _, object := range objects {
			if template := object.PodTemplate(); template != nil {
				if reasons := podViolations(t, template); len(reasons) > 0 {
					t.Errorf("%s: rejected: %q\n%s", name, reasons, text)
				}
			}
		}
	}
	for _, d := range documents(t) {
		for _, block := range kustomizationBlock.FindAllStringSubmatch(d.text, -1) {
			build(d.name, block[1])
		}
	}
	for _, name := range append([]string{"", "monitoring"}, components...) {
		text, err := os.ReadFile(filepath.Join(manifestsDir, name, "kustomization.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if example := commentedKustomization(string(text)); example != "" {
			build("k8s/"+name, example)
		}
	}
	if found < 10 {
		t.Errorf("found %d kustomizations", found)
	}
}

// kustomizationFields are fields at the beginning of a kustomization in a comment.
var kustomizationFields = regexp.MustCompile(`^(namespace|resources|patches):`)

// commentedKustomization returns the kustomization in the comment at the top of a file: its indented
// parts that begin with a field of one.
func commentedKustomization(text string) string {
	var b strings.Builder
	inside := false
	for line := range strings.Lines(text) {
		line, indented := strings.CutPrefix(line, "#   ")
		inside = indented && (inside || kustomizationFields.MatchString(line))
		if inside {
			b.WriteString(line)
		}
		if !strings.HasPrefix(line, "#") && !indented {
			break
		}
	}
	return b.String()
}
