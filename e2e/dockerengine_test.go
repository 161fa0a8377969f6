package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// A dockerEngine is a running engine, by the name of its client.
type dockerEngine string

// findEngine returns the engine of the client that ECHOSVC_DOCKER names, or of docker. If the variable
// is set, there must be an engine; otherwise the test is skipped without one.
func findEngine(t *testing.T) dockerEngine {
	client, required := os.LookupEnv("ECHOSVC_DOCKER")
	if !required {
		client = "docker"
	}
	engine := dockerEngine(client)
	version, err := engine.try(t.Context(), "version", "--format", "{{.Server.Version}}")
	if err != nil {
		if required {
			t.Fatalf("ECHOSVC_DOCKER=%s: no running engine: %v", client, err)
		}
		t.Skipf("no running Docker engine (as root on Debian, \"e2e/engine/run make image\" starts one): %v", err)
	}
	t.Logf("%s, engine %s", client, version)
	return engine
}

// build builds the image for an architecture and returns its name. ECHOSVC_BUILD_FLAGS has flags
// that the engine needs.
func (e dockerEngine) build(t *testing.T, arch string) string {
	t.Setenv("DOCKER_BUILDKIT", "1")
	image := "echosvc-e2e:" + strings.ReplaceAll(arch, "/", "-")
	args := append([]string{"build"}, strings.Fields(os.Getenv("ECHOSVC_BUILD_FLAGS"))...)
	started := time.Now()
	e.docker(t, append(args, "--platform", "linux/"+arch,
		"--build-arg", "VERSION="+imageVersion, "--build-arg", "REVISION="+imageRevision,
		"--tag", image, "..")...)
	t.Logf("built in %v", time.Since(started).Round(time.Millisecond))
	return image
}

// waitHealthy waits until the image's health check succeeds.
func (e dockerEngine) waitHealthy(t *testing.T, container string) {
	deadline := time.After(45 * time.Second) // the interval is 10 s
	retry := time.NewTicker(200 * time.Millisecond)
	defer retry.Stop()
	for {
		health, err := e.try(t.Context(), "inspect", "--format", "{{json .State.Health}}", container)
		if err != nil {
			t.Fatal(err)
		}
		var state struct{ Status string }
		if err := json.Unmarshal(health, &state); err != nil {
			t.Fatal(err)
		}
		switch state.Status {
		case "healthy":
			return
		case "unhealthy":
			t.Fatalf("the container is unhealthy: %s", health)
		}
		select {
		case <-retry.C:
		case <-deadline:
			t.Fatalf("the container did not become healthy: %s", health)
		}
	}
}

// logs returns the log of the service in a container.
func (e dockerEngine) logs(t *testing.T, container string) string {
	log, err := exec.CommandContext(t.Context(), string(e), "logs", container).CombinedOutput() // the service logs to stderr
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("$ docker logs %s\n%s", container, log)
	return string(log)
}

// docker runs the client, which must succeed, and returns its output. It logs both.
func (e dockerEngine) docker(t *testing.T, args ...string) string {
	t.Helper()
	printed, err := e.try(context.WithoutCancel(t.Context()), args...) // also in a cleanup
	if err != nil {
		t.Fatal(err)
	}
	text := strings.TrimSpace(string(printed))
	t.Logf("$ docker %s\n%s", strings.Join(args, " "), text)
	return text
}

// try runs the client and returns its standard output. The error includes its standard error.
func (e dockerEngine) try(ctx context.Context, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Minute) // a build takes one, on a machine with nothing else to do
	defer cancel()
	command := exec.CommandContext(ctx, string(e), args...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	printed, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("docker %s: %w\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return printed, nil
}

// exitStatus returns the exit status in an error of try.
func exitStatus(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return 0
}
