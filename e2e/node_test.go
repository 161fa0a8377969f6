package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// nodePackages installs npm packages ("name@version") into a temporary directory and returns it.
// Programs that run there can import them. It skips the test if there is no Node.js.
func nodePackages(t *testing.T, packages ...string) string {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			missing(t, program)
		}
	}
	dir := t.TempDir()
	install := exec.Command("npm", append([]string{"install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", dir}, packages...)...)
	if output, err := install.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", install, err, output)
	}
	return dir
}

// node runs a Node.js script in the directory of its packages, and returns its output.
func node(t *testing.T, dir, script string, args ...string) string {
	t.Helper()
	file := filepath.Join(dir, "script.js")
	if err := os.WriteFile(file, []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	output, err := exec.Command("node", append([]string{file}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, output)
	}
	return string(output)
}
