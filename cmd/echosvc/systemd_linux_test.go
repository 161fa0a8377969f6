package main

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"testing"

	"github.com/echosvc/echosvc/internal/wstest"
)

// TestSocketsOfSystemd: the sockets are descriptors 3 and 4 (sd_listen_fds(3)). The port that
// the settings name is not used.
func TestSocketsOfSystemd(t *testing.T) {
	var files []*os.File
	var addrs []string
	for range 2 {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		file, err := ln.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		ln.Close()
		defer file.Close()
		files, addrs = append(files, file), append(addrs, ln.Addr().String())
	}
	command := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0"`, os.Args[0])
	command.ExtraFiles = files
	p := startProcess(t, command, "LISTEN_FDS=2", "LISTEN_FDNAMES=health:ws", "PORT=1", "HEALTH_PORT=1", "HEALTH_HOST=127.0.0.2")
	serving := p.line(t, "serving")
	if serving["addr"] != addrs[1] || serving["health"] != addrs[0] {
		t.Errorf("it serves on %v and %v, want %s and %s", serving["addr"], serving["health"], addrs[1], addrs[0])
	}
	wstest.Dial(t, addrs[1]).Close()
	response, err := http.Get("http://" + addrs[0] + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("readyz is %s", response.Status)
	}
}
