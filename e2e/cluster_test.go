package e2e

import (
	"os"
	"os/exec"
	"testing"
)

// TestClusterRollout restarts every pod of echosvc in the current cluster of kubectl, in the
// namespace echosvc, while clients are connected to ECHOSVC_CLUSTER_URL.
func TestClusterRollout(t *testing.T) {
	url := os.Getenv("ECHOSVC_CLUSTER_URL")
	if url == "" {
		t.Skip("ECHOSVC_CLUSTER_URL is not set, so there is no cluster to test with")
	}
	checkRollout(t, url, 50, func() {
		kubectl(t, "rollout", "restart", "deployment/echosvc")
		kubectl(t, "rollout", "status", "deployment/echosvc")
	})
}

// kubectl runs kubectl in the namespace of the manifests.
func kubectl(t *testing.T, args ...string) {
	t.Helper()
	printed, err := exec.CommandContext(t.Context(), "kubectl", append([]string{"--namespace", "echosvc"}, args...)...).CombinedOutput()
	t.Logf("$ kubectl %v\n%s", args, printed)
	if err != nil {
		t.Fatal(err)
	}
}
