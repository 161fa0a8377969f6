//go:build unix

package main

import (
	"os"
	"os/exec"
	"testing"

	"github.com/echosvc/echosvc/internal/wstest"
)

// TestFileLimit: with 64 descriptors and 200 clients, of which most are silent, those that
// are open keep echoing, the oldest silent ones are dropped, and a new one is served.
func TestFileLimit(t *testing.T) {
	wstest.NeedFiles(t, 256)
	for _, driver := range []string{"portable", "auto"} {
		t.Run(driver, func(t *testing.T) {
			command := exec.Command("/bin/sh", "-c", `ulimit -n 64 && exec "$0"`, os.Args[0])
			p := startProcess(t, command, "DRAIN_SPREAD=0", "DRIVER="+driver)
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
			var silent []*wstest.Client // connections without a request, more than there are descriptors
			for range 200 - len(inside) {
				silent = append(silent, wstest.Connect(t, addr))
			}
			for _, c := range inside {
				c.Send(wstest.Frame(0x81, "hello"))
				c.Expect(hello)
			}
			for _, c := range silent[:len(silent)-limit] {
				c.ExpectEnd()
			}
			late := wstest.Dial(t, addr)
			late.Send(wstest.Frame(0x81, "hello"))
			late.Expect(hello)
			for _, c := range silent {
				c.Close()
			}
		})
	}
}
