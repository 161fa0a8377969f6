package e2e

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

const (
	imageVersion  = "v0.0.0-e2e"
	imageRevision = "0123456789abcdef0123456789abcdef01234567"

	maxImageSize = 12_000_000       // bytes, unpacked
	stopGrace    = 10 * time.Second // between SIGTERM and SIGKILL, docker stop's default
)

// TestImage builds the image and runs it with a Docker engine.
func TestImage(t *testing.T) {
	engine := findEngine(t)
	image := engine.build(t, runtime.GOARCH)

	t.Run("configuration", func(t *testing.T) { checkImageConfig(t, engine, image) })
	t.Run("holds only the binary", func(t *testing.T) { checkImageFiles(t, engine, image) })
	t.Run("has the version", func(t *testing.T) {
		if got := engine.docker(t, "run", "--rm", image, "version"); !strings.HasPrefix(got, imageVersion+" "+imageRevision+" ") {
			t.Errorf("version printed %q; want the prefix %q", got, imageVersion+" "+imageRevision)
		}
	})
	t.Run("healthcheck fails without a service", func(t *testing.T) {
		_, err := engine.try(t.Context(), "run", "--rm", image, "healthcheck")
		if status := exitStatus(err); status != 1 {
			t.Errorf("healthcheck with no service: exit status %d (%v); want 1", status, err)
		}
	})
	t.Run("docker stop closes cleanly", func(t *testing.T) { checkContainerLife(t, engine, image) })
	t.Run("builds for another architecture", func(t *testing.T) {
		checkImagePlatform(t, engine, map[string]string{"amd64": "arm64", "arm64": "amd64"}[runtime.GOARCH])
	})
	t.Run("builds for a variant of an architecture", func(t *testing.T) { checkImagePlatform(t, engine, "arm/v7") })
}

// checkImagePlatform builds the image for an architecture such as arm64 or arm/v7, and checks
// the architecture in its configuration.
func checkImagePlatform(t *testing.T, engine dockerEngine, arch string) {
	image := engine.build(t, arch)
	inspected := engine.docker(t, "image", "inspect", "--format", "{{.Os}}/{{.Architecture}}/{{.Variant}}", image)
	if got := strings.TrimSuffix(inspected, "/"); got != "linux/"+arch {
		t.Errorf("the image is for %s; want linux/%s", got, arch)
	}
}

// checkImageConfig checks the image's configuration, which its users rely on.
func checkImageConfig(t *testing.T, engine dockerEngine, image string) {
	var config struct {
		User, StopSignal string
		Entrypoint, Cmd  []string
		ExposedPorts     map[string]struct{}
		Healthcheck      struct{ Test []string }
		Labels           map[string]string
	}
	inspected := engine.docker(t, "image", "inspect", "--format", "{{json .Config}}", image)
	if err := json.Unmarshal([]byte(inspected), &config); err != nil {
		t.Fatal(err)
	}
	if config.User != "65532:65532" {
		t.Errorf("User is %q; want 65532:65532, by number", config.User)
	}
	if config.StopSignal != "SIGTERM" {
		t.Errorf("StopSignal is %q; want SIGTERM", config.StopSignal)
	}
	if !slices.Equal(config.Entrypoint, []string{"/echosvc"}) || len(config.Cmd) != 0 {
		t.Errorf("Entrypoint is %q and Cmd %q; want /echosvc and no Cmd", config.Entrypoint, config.Cmd)
	}
	if !slices.Equal(config.Healthcheck.Test, []string{"CMD", "/echosvc", "healthcheck"}) {
		t.Errorf("Healthcheck is %q; want the binary itself, without a shell", config.Healthcheck.Test)
	}
	for _, port := range []string{"8080/tcp", "8081/tcp"} {
		if _, exposed := config.ExposedPorts[port]; !exposed {
			t.Errorf("%s is not exposed", port)
		}
	}
	for label, want := range map[string]string{
		"org.opencontainers.image.title":    "echosvc",
		"org.opencontainers.image.licenses": "MIT",
		"org.opencontainers.image.version":  imageVersion,
		"org.opencontainers.image.revision": imageRevision,
	} {
		if got := config.Labels[label]; got != want {
			t.Errorf("label %s is %q; want %q", label, got, want)
		}
	}
}

// checkImageFiles checks the files in a container. Empty ones are mount points of the engine.
func checkImageFiles(t *testing.T, engine dockerEngine, image string) {
	container := engine.docker(t, "create", image)
	defer engine.docker(t, "rm", container)
	exported, err := engine.try(t.Context(), "export", container)
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	var size int64
	for archive := tar.NewReader(bytes.NewReader(exported)); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Size > 0 {
			files = append(files, header.Name)
			size += header.Size
		}
	}
	t.Logf("%v, %d bytes", files, size)
	if !slices.Equal(files, []string{"echosvc"}) {
		t.Errorf("the image holds %q; want only echosvc", files)
	}
	if size >= maxImageSize {
		t.Errorf("the image has %d bytes; want fewer than %d", size, maxImageSize)
	}
}

// checkContainerLife runs a container with the least privileges, waits until it is healthy, and
// stops it while clients are connected.
func checkContainerLife(t *testing.T, engine dockerEngine, image string) {
	started := time.Now()
	container := engine.docker(t, "run", "--detach",
		"--env", "PORT=9000", "--publish", "127.0.0.1::9000",
		"--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "65532",
		image)
	t.Cleanup(func() {
		engine.docker(t, "rm", "--force", container)
	})
	url := "ws://" + engine.docker(t, "port", container, "9000/tcp") + "/"

	clients := make([]*websocket.Conn, 300)
	for i := range clients {
		clients[i] = dialUntilServed(t, url)
		text := fmt.Sprintf("hello from client %d", i)
		if err := clients[i].Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
			t.Fatalf("client %d: %v", i, err)
		}
		if kind, got, err := clients[i].Read(t.Context()); err != nil || kind != websocket.MessageText || string(got) != text {
			t.Fatalf("client %d: sent the text %q, got %v %q, %v", i, text, kind, got, err)
		}
		if i == 0 {
			t.Logf("first echo %v after docker run", time.Since(started).Round(time.Millisecond))
		}
	}
	closes := make(chan error, len(clients))
	for _, client := range clients {
		go func() {
			_, _, err := client.Read(context.Background()) // also answers pings
			closes <- err
		}()
	}
	engine.waitHealthy(t, container)
	t.Logf("healthy %v after docker run", time.Since(started).Round(time.Millisecond))

	stopping := time.Now()
	engine.docker(t, "stop", container)
	t.Logf("docker stop took %v", time.Since(stopping).Round(time.Millisecond))
	deadline := time.After(waitTimeout)
	for range clients {
		select {
		case err := <-closes:
			if status := websocket.CloseStatus(err); status != websocket.StatusGoingAway {
				t.Errorf("a client read %v; want close status 1001", err)
			}
		case <-deadline:
			t.Fatal("a client received no close frame")
		}
	}
	if status := engine.docker(t, "inspect", "--format", "{{.State.ExitCode}}", container); status != "0" {
		t.Errorf("exit status %s; want 0", status)
	}
	checkDrainSummary(t, engine.logs(t, container), len(clients))
}

// checkDrainSummary checks the line that the service logs when it has drained, well inside stopGrace.
func checkDrainSummary(t *testing.T, log string, clients int) {
	for line := range strings.Lines(log) {
		if !strings.Contains(line, `"msg":"drained"`) {
			continue
		}
		var summary struct {
			Connections, Clean, Cut int
			DurationMS              int64 `json:"duration_ms"`
		}
		if err := json.Unmarshal([]byte(line), &summary); err != nil {
			t.Fatal(err)
		}
		if summary.Connections != clients || summary.Clean != clients || summary.Cut != 0 {
			t.Errorf("logged %s; want %d connections, all clean", line, clients)
		}
		if took := time.Duration(summary.DurationMS) * time.Millisecond; took > stopGrace/2 {
			t.Errorf("the drain took %v; want well inside %v", took, stopGrace)
		}
		return
	}
	t.Error("the log has no summary of the drain")
}

// dialUntilServed connects to url, and retries while the container starts.
func dialUntilServed(t *testing.T, url string) *websocket.Conn {
	ctx, cancel := context.WithTimeout(t.Context(), waitTimeout)
	defer cancel()
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for {
		client, _, err := websocket.Dial(ctx, url, nil)
		if err == nil {
			t.Cleanup(func() { client.CloseNow() })
			return client
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			t.Fatalf("cannot connect to %s: %v", url, err)
		}
	}
}
