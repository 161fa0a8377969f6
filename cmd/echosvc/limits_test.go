//go:build unix

package main

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/wstest"
)

// TestFileLimit: a process with 64 descriptors has 200 clients. Those within the limit keep
// getting echoes. The others wait until descriptors are free again.
func TestFileLimit(t *testing.T) {
	wstest.NeedFiles(t, 256)
	for _, driver := range []string{"portable", "auto"} {
		t.Run(driver, func(t *testing.T) {
			command := exec.Command("/bin/sh", "-c", `ulimit -n 64 && exec "$0"`, os.Args[0])
			p := startProcess(t, command, "DRAIN_SPREAD=0", "PING_INTERVAL=0", "DRIVER="+driver)
			serving := p.line(t, "serving")
			addr, limit := serving["addr"].(string), int(serving["max_connections"].(float64))
			if limit < 32 || limit >= 64 {
				t.Fatalf("max_connections is %d with 64 descriptors", limit)
			}

			hello := wstest.ServerFrame{First: 0x81, Payload: "hello"}
			var inside []*wstest.Client
			for range limit / 2 {
				inside = append(inside, wstest.Dial(t, addr))
			}
			var silent []*wstest.Client // connections without a request, more than the process has descriptors
			for range 200 - len(inside) {
				silent = append(silent, wstest.Connect(t, addr))
			}
			for _, c := range inside {
				c.Send(wstest.Frame(0x81, "hello"))
				c.Expect(hello)
			}
			if line := p.line(t, "cannot accept all connections; trying again until it works"); line["level"] != "WARN" {
				t.Errorf("logged as %v", line["level"])
			}
			for _, c := range silent {
				c.Close()
			}
			late := wstest.Connect(t, addr)
			late.SetDeadline(time.Now().Add(wstest.Patience))
			late.Send([]byte(wstest.Request()), wstest.Frame(0x81, "hello"))
			if response := late.Response(); response.StatusCode != 101 {
				t.Fatalf("with descriptors free again, an upgrade is answered with %s", response.Status)
			}
			late.Expect(hello)
		})
	}
}
