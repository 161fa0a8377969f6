package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// nodePackages installs packages from npm ("name@version") into a directory of the test's
// and returns it: programs that are started there find them. It skips the test where
// there is no Node.js.
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

// node runs a script of Node.js's in a directory with its packages, and returns what it prints.
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
