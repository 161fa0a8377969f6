//go:build unix

package main

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/wstest"
)

// TestFileLimit: a process with 64 descriptors has 200 clients, most of them silent. The
// WebSockets keep getting echoes, and another one opens, because silent connections are
// dropped.
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
			for range 200 - len(inside) {
				wstest.Connect(t, addr) // sends nothing
			}
			for _, c := range inside {
				c.Send(wstest.Frame(0x81, "hello"))
				c.Expect(hello)
			}
			late := wstest.Connect(t, addr)
			late.SetDeadline(time.Now().Add(wstest.Patience))
			late.Send([]byte(wstest.Request()), wstest.Frame(0x81, "hello"))
			if response := late.Response(); response.StatusCode != 101 {
				t.Fatalf("an upgrade is answered with %s", response.Status)
			}
			late.Expect(hello)
		})
	}
}
