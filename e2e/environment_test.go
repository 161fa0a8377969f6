package e2e

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/echosvc/echosvc/internal/config"
)

// environment returns the container's environment as the kubelet would set it.
func environment(t *testing.T, m *manifests) map[string]string {
	t.Helper()
	variables := map[string]string{}
	for _, variable := range m.container().Env {
		value := variable.Value
		if from := variable.ValueFrom; from != nil {
			value = valueFrom(t, m, variable.Name, from)
		}
		if _, ok := variables[variable.Name]; ok {
			t.Errorf("%s is set twice", variable.Name)
		}
		variables[variable.Name] = value
	}
	return variables
}

// valueFrom resolves a variable's source as the kubelet would: the memory limit, or a field of a pod
// named echosvc-0 on the node "node".
func valueFrom(t *testing.T, m *manifests, name string, from *corev1.EnvVarSource) string {
	t.Helper()
	pod := map[string]string{"metadata.name": "echosvc-0", "metadata.namespace": "echosvc", "spec.nodeName": "node"}
	switch {
	case from.ResourceFieldRef != nil && from.ResourceFieldRef.Resource == "limits.memory":
		return strconv.FormatInt(m.container().Resources.Limits.Memory().Value(), 10)
	case from.FieldRef != nil && pod[from.FieldRef.FieldPath] != "":
		return pod[from.FieldRef.FieldPath]
	}
	t.Fatalf("%s has a source that the test does not support", name)
	return ""
}

// configuration returns the configuration that echosvc reads from the container's environment.
func configuration(t *testing.T, m *manifests) config.Config {
	t.Helper()
	for name, value := range environment(t, m) {
		t.Setenv(name, value)
	}
	c, err := config.Load()
	if err != nil {
		t.Fatalf("echosvc rejects the environment:\n%v", err)
	}
	return c
}

func TestEnvironmentIsAccepted(t *testing.T) {
	eachOverlay(t, func(t *testing.T, m *manifests) {
		config := configuration(t, m)
		if want := m.containerPort(t, "ws"); int32(config.Port) != want {
			t.Errorf("PORT is %d, containerPort ws is %d", config.Port, want)
		}
		if want := m.containerPort(t, "health"); int32(config.HealthPort) != want {
			t.Errorf("HEALTH_PORT is %d, containerPort health is %d", config.HealthPort, want)
		}
		if config.Host != "" {
			t.Errorf("HOST is %s, which the kubelet may not reach", config.Host)
		}
		if config.LogFormat != "json" {
			t.Errorf("LOG_FORMAT is %s", config.LogFormat)
		}
		if config.PodName != "echosvc-0" || config.PodNamespace != "echosvc" || config.NodeName != "node" {
			t.Errorf("the pod is %q in %q on %q", config.PodName, config.PodNamespace, config.NodeName)
		}
		// docs/limits.md and docs/kubernetes.md have the number that follows from these.
		if config.MaxConnections != 0 || config.MemoryLimit != 256<<20 {
			t.Errorf("MAX_CONNECTIONS=%d, MEMORY_LIMIT=%d", config.MaxConnections, config.MemoryLimit)
		}
	})
}

// Every variable is one that echosvc knows: an unknown one would have no effect, and no error.
func TestEnvironmentNames(t *testing.T) {
	var help bytes.Buffer
	if err := config.WriteHelp(&help); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for line := range strings.Lines(help.String()) {
		known[strings.Fields(line)[0]] = true
	}
	for name := range environment(t, loadBase(t)) {
		if !known[name] {
			t.Errorf("echosvc has no variable %s", name)
		}
	}
}

func TestMemoryLimitIsTheContainers(t *testing.T) {
	m := loadBase(t)
	limit := m.container().Resources.Limits[corev1.ResourceMemory]
	if got := environment(t, m)["MEMORY_LIMIT"]; got != strconv.FormatInt(limit.Value(), 10) {
		t.Errorf("MEMORY_LIMIT is %q, limits.memory %v", got, &limit)
	}
}
