package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/coder/websocket"
)

// architectures are those of Linux that a release has binaries for, with the program that runs them.
var architectures = []struct {
	name      string
	runner    string // of qemu-user; empty if the processor itself can run them
	variables []string
}{
	{"arm64", "qemu-aarch64", []string{"GOARCH=arm64"}},
	{"arm/v7", "qemu-arm", []string{"GOARCH=arm", "GOARM=7"}},
	{"386", "", []string{"GOARCH=386"}}, // no Go program with threads survives in qemu-i386
	{"riscv64", "qemu-riscv64", []string{"GOARCH=riscv64"}},
	{"s390x", "qemu-s390x", []string{"GOARCH=s390x"}}, // the one with the most significant byte first
	{"ppc64le", "qemu-ppc64le", []string{"GOARCH=ppc64le"}},
}

// TestArchitectures runs echosvc on every architecture: it echoes with the loop driver, and drains.
func TestArchitectures(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("qemu-user runs programs of Linux only")
	}
	for _, arch := range architectures {
		t.Run(arch.name, func(t *testing.T) {
			if arch.runner == "" && runtime.GOARCH != "amd64" {
				t.Skipf("%s does not run %s", runtime.GOARCH, arch.name)
			}
			var words []string
			if arch.runner != "" {
				if _, err := exec.LookPath(arch.runner); err != nil {
					missing(t, arch.runner)
				}
				words = append(words, arch.runner)
			}
			binary := filepath.Join(workDir, "echosvc-"+strings.ReplaceAll(arch.name, "/", "-"))
			if err := compile(binary, append(arch.variables, "GOOS=linux", "CGO_ENABLED=0")...); err != nil {
				t.Fatal(err)
			}
			words = append(words, binary)
			checkEchoAndDrain(t, startCommand(t, exec.Command(words[0], words[1:]...), "DRIVER=loop"))
		})
	}
}

// checkEchoAndDrain checks what depends on the architecture: masks, UTF-8 and inflating in words, and
// the layout of what system calls take. The last part ends the process.
func checkEchoAndDrain(t *testing.T, p *process) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitTimeout)
	defer cancel()
	url := fmt.Sprintf("ws://localhost:%d/", p.ports["ws"])
	for i, mode := range []websocket.CompressionMode{websocket.CompressionDisabled, websocket.CompressionNoContextTakeover} {
		client := dialMode(t, ctx, url, mode)
		for _, message := range []string{"", "Hello", strings.Repeat("日本語 текст ascii 🙂 ", 5000)} { // empty, one read, many reads
			checkEcho(t, ctx, client, websocket.MessageText, message)
			checkEcho(t, ctx, client, websocket.MessageBinary, message+"\xff\x00")
		}
		if err := client.Write(ctx, websocket.MessageText, []byte(strings.Repeat("a", 100)+"\xc3\x28")); err != nil {
			t.Fatal(err)
		}
		if _, _, err := client.Read(ctx); websocket.CloseStatus(err) != websocket.StatusInvalidFramePayloadData {
			t.Errorf("text that is not UTF-8 is answered with %v; want close status 1007", err)
		}
		eventually(t, "the connection has ended", func() bool { return p.count("connection closed") == i+1 })
	}

	client := dialMode(t, ctx, url, websocket.CompressionDisabled)
	checkEcho(t, ctx, client, websocket.MessageText, "before the drain")
	p.signal(t, syscall.SIGTERM)
	if _, _, err := client.Read(ctx); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("the drain ends a connection with %v; want close status 1001", err)
	}
	if err := p.wait(); err != nil {
		t.Errorf("echosvc ended with %v; want exit status 0", err)
	}
	if line := p.find(t, "drained"); line == nil || line["cut"] != 0.0 {
		t.Errorf("the log has %v; want a drain that cut no connection", line)
	}
}

// dialMode connects with or without compression. The connection ends with the test.
func dialMode(t *testing.T, ctx context.Context, url string, mode websocket.CompressionMode) *websocket.Conn {
	t.Helper()
	client, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{CompressionMode: mode, CompressionThreshold: 1})
	if err != nil {
		t.Fatal(err)
	}
	client.SetReadLimit(1 << 20)
	t.Cleanup(func() { client.CloseNow() })
	return client
}

// checkEcho sends a message and reads its echo.
func checkEcho(t *testing.T, ctx context.Context, client *websocket.Conn, kind websocket.MessageType, message string) {
	t.Helper()
	written := client.Write(ctx, kind, []byte(message))
	gotKind, got, err := client.Read(ctx)
	if err := errors.Join(written, err); err != nil {
		t.Fatalf("%v of %d bytes: %v", kind, len(message), err)
	}
	if gotKind != kind || !bytes.Equal(got, []byte(message)) {
		t.Errorf("%v of %d bytes came back as %v of %d bytes, or with other bytes", kind, len(message), gotKind, len(got))
	}
}
