package e2e

import (
	"os/exec"
	"testing"
)

// The page's modules that do not touch the document have tests for Node.js.
func TestPageModules(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		missing(t, "node")
	}
	command := exec.Command(node, "--test")
	command.Dir = "../internal/page/static"
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}
