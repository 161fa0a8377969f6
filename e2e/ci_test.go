package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/echosvc/echosvc/internal/wstest"
)

// snippets returns the code blocks of a language in a section of docs/ci.md.
func snippets(t *testing.T, heading, language string) []string {
	t.Helper()
	_, section, found := strings.Cut(readDocument(t, "docs/ci.md").text, "\n## "+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var blocks []string
	for _, block := range strings.Split(section, "\n```"+language+"\n")[1:] {
		code, _, _ := strings.Cut(block, "```")
		blocks = append(blocks, code)
	}
	if !found || len(blocks) == 0 {
		t.Fatalf("docs/ci.md has no block of %s in the section %s", language, heading)
	}
	return blocks
}

// runSnippet runs a script with echosvc in PATH. It returns what the script prints, and fails the
// test if the script fails.
func runSnippet(t *testing.T, shell, script string) string {
	t.Helper()
	path, err := exec.LookPath(shell)
	if err != nil {
		missing(t, shell)
	}
	command := exec.CommandContext(t.Context(), path, "-e", "-c", script)
	command.Dir = ".."
	command.Env = append(wstest.Environment(), "PATH="+filepath.Dir(buildBinary(t))+string(os.PathListSeparator)+os.Getenv("PATH"))
	output, err := command.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s\n%s", err, script, output)
	}
	return string(output)
}

// TestCISnippets runs the scripts of docs/ci.md that need no Docker engine. Each starts a server
// and ends it.
func TestCISnippets(t *testing.T) {
	for _, test := range []struct{ heading, shell, want string }{
		{"The binary, on a free port", "sh", "1 messages of 64 bytes"},
		{"The binary, on a free port", "bash", "1 messages of 64 bytes"},
		{"go run in the background", "sh", ""},
		{"GNU timeout", "sh", "exit status 0"},
	} {
		t.Run(test.heading+", "+test.shell, func(t *testing.T) {
			for _, script := range snippets(t, test.heading, test.shell) {
				script = strings.ReplaceAll(script, "/tmp/echosvc", filepath.Join(t.TempDir(), "echosvc"))
				if output := runSnippet(t, test.shell, script); !strings.Contains(output, test.want) {
					t.Errorf("%s\nprinted %s", script, output)
				}
			}
		})
	}
}

// TestCIContainers: the service of GitHub Actions and the one of compose publish and name the port
// that the image has.
func TestCIContainers(t *testing.T) {
	type service struct {
		Image       string
		Ports       []string
		Environment map[string]string
		DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
	}
	var workflow struct {
		Jobs map[string]struct {
			Services map[string]service
			Env      map[string]string
		}
	}
	parse(t, snippets(t, "GitHub Actions", "yaml")[0], &workflow)
	job := workflow.Jobs["test"]
	if s := job.Services["echosvc"]; s.Image != "IMAGE" || len(s.Ports) != 1 || s.Ports[0] != "8080:8080" || job.Env["ECHO_URL"] != "ws://localhost:8080/" {
		t.Errorf("the workflow has %+v", job)
	}
	var compose struct{ Services map[string]service }
	parse(t, snippets(t, "Compose", "yaml")[0], &compose)
	if s := compose.Services["tests"]; s.Environment["ECHO_URL"] != "ws://echosvc:8080/" || s.DependsOn["echosvc"].Condition != "service_healthy" || compose.Services["echosvc"].Image != "IMAGE" {
		t.Errorf("compose has %+v", compose)
	}
}

func parse(t *testing.T, text string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}
