package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// waitCommand is the command of docs/probe.md that returns when the Job is complete or has failed.
var waitCommand = regexp.MustCompile(`(?m)^kubectl -n echosvc (wait --for=jsonpath='([^']*)'=True --timeout=\w+ job/echosvc-probe)`)

// jobServer answers kubectl as an API server with one Job, which has no conditions at first.
type jobServer struct {
	*httptest.Server
	conditions []string // it gets them as soon as kubectl watches
}

func newJobServer(t *testing.T, conditions ...string) *jobServer {
	s := &jobServer{conditions: conditions}
	mux := http.NewServeMux()
	mux.HandleFunc("/api", respond(`{"kind": "APIVersions", "versions": ["v1"]}`))
	mux.HandleFunc("/api/v1", respond(`{"kind": "APIResourceList", "groupVersion": "v1", "resources": []}`))
	mux.HandleFunc("/apis", respond(`{"kind": "APIGroupList", "apiVersion": "v1", "groups": [{"name": "batch",
		"versions": [{"groupVersion": "batch/v1", "version": "v1"}], "preferredVersion": {"groupVersion": "batch/v1", "version": "v1"}}]}`))
	mux.HandleFunc("/apis/batch/v1", respond(`{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "batch/v1", "resources": [
		{"name": "jobs", "singularName": "job", "namespaced": true, "kind": "Job", "verbs": ["get", "list", "watch"]}]}`))
	mux.HandleFunc("/apis/batch/v1/namespaces/echosvc/jobs/echosvc-probe", func(w http.ResponseWriter, _ *http.Request) {
		respondJSON(w, s.job(nil))
	})
	mux.HandleFunc("/apis/batch/v1/namespaces/echosvc/jobs", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("watch") == "" {
			respondJSON(w, map[string]any{"apiVersion": "batch/v1", "kind": "JobList", "metadata": map[string]any{"resourceVersion": "1"}, "items": []any{s.job(nil)}})
			return
		}
		for i := range s.conditions {
			respondJSON(w, map[string]any{"type": "MODIFIED", "object": s.job(s.conditions[:i+1])})
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		<-r.Context().Done() // a watch stays open
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

// job returns the Job with some conditions.
func (s *jobServer) job(conditions []string) map[string]any {
	status := map[string]any{"active": 1}
	if len(conditions) > 0 {
		var list []any
		for _, condition := range conditions {
			list = append(list, map[string]any{"type": condition, "status": "True"})
		}
		status = map[string]any{"conditions": list}
	}
	return map[string]any{
		"apiVersion": "batch/v1", "kind": "Job", "status": status,
		"metadata": map[string]any{"name": "echosvc-probe", "namespace": "echosvc", "uid": "1", "resourceVersion": "1"},
	}
}

func respond(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { respondJSON(w, json.RawMessage(body)) }
}

func respondJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) // kubectl may have gone
}

// The command of the docs returns when the Job has failed, not only when it is complete.
func TestWaitForTheProbeJob(t *testing.T) {
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		t.Skip("there is no kubectl on this machine")
	}
	match := waitCommand.FindStringSubmatch(readDocument(t, "docs/probe.md").text)
	if match == nil {
		t.Fatal("docs/probe.md has no such command")
	}
	component, err := os.ReadFile("../k8s/components/probe/kustomization.yaml")
	if err != nil || !strings.Contains(string(component), match[2]) {
		t.Errorf("the component does not have the condition %s: %v", match[2], err)
	}
	for name, test := range map[string]struct {
		conditions []string
		met        bool
	}{
		"complete":        {[]string{"SuccessCriteriaMet", "Complete"}, true},
		"failed":          {[]string{"FailureTarget", "Failed"}, true},
		"older, complete": {[]string{"Complete"}, true},
		"older, failed":   {[]string{"Failed"}, true},
		"runs":            {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			server := newJobServer(t, test.conditions...)
			args := strings.Fields(strings.ReplaceAll(match[1], "'", "")) // no argument has a space
			if !test.met {
				args = append(args, "--timeout=1s")
			}
			command := exec.CommandContext(t.Context(), kubectl, append([]string{"--server", server.URL, "--namespace", "echosvc"}, args...)...)
			command.Env = append(os.Environ(), "HOME="+t.TempDir(), "KUBECONFIG=")
			printed, err := command.CombinedOutput()
			if (err == nil) != test.met || test.met != strings.Contains(string(printed), "condition met") {
				t.Errorf("%v\n%s", err, printed)
			}
		})
	}
}
