package main

import (
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/wstest"
)

// serveProcess starts echosvc as a process and opens n WebSockets to it.
func serveProcess(t *testing.T, n int, environment ...string) (*exec.Cmd, *program, []*wstest.Client) {
	t.Helper()
	command := exec.Command(os.Args[0])
	p := startProcess(t, command, environment...)
	addr := p.line(t, "serving")["addr"].(string)
	clients := make([]*wstest.Client, n)
	for i := range clients {
		clients[i] = wstest.Dial(t, addr)
	}
	return command, p, clients
}

// TestRepeatedSignalCutsNoClient: GNU timeout signals its child and then its own group, so the
// process gets the same signal twice within milliseconds.
func TestRepeatedSignalCutsNoClient(t *testing.T) {
	for _, repeat := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		command, p, clients := serveProcess(t, 50, "DRAIN_SPREAD=100ms")
		command.Process.Signal(syscall.SIGTERM)
		command.Process.Signal(repeat)
		for _, c := range clients {
			f, err := c.Frame()
			if err != nil || f.First != 0x88 || f.Payload[:2] != "\x03\xe9" {
				t.Fatalf("read %v, %v; want a close frame with 1001", f, err)
			}
			c.Send(wstest.Frame(0x88, "\x03\xe9"))
			c.ExpectEnd()
		}
		if got := p.line(t, "drained"); got["clean"] != 50.0 || got["cut"] != 0.0 {
			t.Errorf("the summary is %v", got)
		}
		if err := command.Wait(); err != nil {
			t.Errorf("the process ended with %v", err)
		}
	}
}

// TestLaterSignalHurries: it sends 1001 to everyone at once, waits a moment, and then cuts
// those that have not answered. A machine that stands still for that second may have it cut others too.
func TestLaterSignalHurries(t *testing.T) {
	const attempts, standstill = 5, 300 * time.Millisecond
	for attempt := 1; ; attempt++ {
		end := wstest.Standstill()
		ends, drained := hurry(t)
		stood := end()
		if drained["clean"] == 9.0 && drained["cut"] == 1.0 && drained["because"] == "a second signal" {
			for _, err := range ends {
				if err != io.EOF {
					t.Errorf("a client that has answered reads %v; want the end", err)
				}
			}
			return
		}
		t.Logf("the machine stood still for %v; the summary is %v", stood, drained)
		if attempt == attempts || stood < standstill {
			t.Fatal("clients that have answered were cut, or too few")
		}
	}
}

// hurry has a process get a second signal. All clients but one answer the close frame. It returns what
// they read after that, and the summary of the drain.
func hurry(t *testing.T) (ends []error, drained map[string]any) {
	t.Helper()
	command, p, clients := serveProcess(t, 10, "DRAIN_SPREAD=1h", "DRAIN_TIMEOUT=2h")
	command.Process.Signal(syscall.SIGTERM)
	p.line(t, "draining: no longer ready")
	<-time.After(2100 * time.Millisecond) // what comes sooner is a repeat
	command.Process.Signal(syscall.SIGTERM)
	for i, c := range clients {
		f, err := c.Frame()
		if err != nil || f.First != 0x88 || f.Payload[:2] != "\x03\xe9" {
			t.Fatalf("read %v, %v; want a close frame with 1001", f, err)
		}
		if i > 0 {
			c.Write(wstest.Frame(0x88, "\x03\xe9")) // fails if the connection has been cut
			_, err := c.Frame()
			ends = append(ends, err)
		}
	}
	drained = p.line(t, "drained")
	if err := command.Wait(); err != nil {
		t.Errorf("the process ended with %v", err)
	}
	return ends, drained
}

// TestHangupIsNoEnd: without a terminal, SIGHUP only reloads the certificate.
func TestHangupIsNoEnd(t *testing.T) {
	command, p, clients := serveProcess(t, 1, "DRAIN_SPREAD=0")
	command.Process.Signal(syscall.SIGHUP)
	clients[0].Send(wstest.Frame(0x81, "still"))
	clients[0].Expect(wstest.ServerFrame{First: 0x81, Payload: "still"})
	command.Process.Signal(syscall.SIGTERM)
	clients[0].Send(wstest.Frame(0x88, "\x03\xe8"))
	p.line(t, "drained")
	if err := command.Wait(); err != nil {
		t.Errorf("the process ended with %v", err)
	}
}

// TestHangupReloadsTheCertificate, without waiting for a client.
func TestHangupReloadsTheCertificate(t *testing.T) {
	dir := t.TempDir()
	cert, key := wstest.WriteCertificate(t, dir, "one")
	command := exec.Command(os.Args[0])
	p := startProcess(t, command, "TLS_CERT_FILE="+cert, "TLS_KEY_FILE="+key)
	p.line(t, "serving")
	wstest.WriteCertificate(t, dir, "two")
	command.Process.Signal(syscall.SIGHUP)
	if got := p.line(t, "the certificate was reloaded")["file"]; got != cert {
		t.Errorf("the file is %v, want %s", got, cert)
	}
}
