//go:build unix

package service

import (
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestPassedSockets: which one is for which port (sd_listen_fds(3)).
func TestPassedSockets(t *testing.T) {
	for _, test := range []struct {
		name       string
		names      []string
		ws, health int // index, or -1
		wrong      string
	}{
		{"none", nil, -1, -1, ""},
		{"one", []string{"echosvc.socket"}, 0, -1, ""},
		{"two", []string{"echosvc.socket", "echosvc.socket"}, 0, 1, ""},
		{"two without names", []string{"LISTEN_FD_3", "LISTEN_FD_4"}, 0, 1, ""},
		{"health alone", []string{"health"}, -1, 0, ""},
		{"health first", []string{"health", "ws"}, 1, 0, ""},
		{"health by the name of its unit", []string{"echosvc-health.socket", "echosvc.socket"}, 1, 0, ""},
		{"three", []string{"a", "b", "c"}, -1, -1, "the socket c is one too many"},
		{"health twice", []string{"health", "a", "health"}, -1, -1, "the socket health is one too many"},
	} {
		var files []*os.File
		var addrs []string
		for _, name := range test.names {
			ln := loopback(t)
			file, err := ln.(*net.TCPListener).File()
			if err != nil {
				t.Fatal(err)
			}
			ln.Close()
			files = append(files, os.NewFile(dup(t, file), name))
			addrs = append(addrs, ln.Addr().String())
		}
		l, err := passed(files)
		if (err != nil) != (test.wrong != "") || err != nil && !strings.Contains(err.Error(), test.wrong) {
			t.Errorf("%s: the error is %v, want %q", test.name, err, test.wrong)
		}
		for _, got := range []struct {
			ln   net.Listener
			want int
		}{{l.ws, test.ws}, {l.health, test.health}} {
			if (got.ln != nil) != (got.want >= 0) || got.ln != nil && got.ln.Addr().String() != addrs[got.want] {
				t.Errorf("%s: listens on %v, want the address %d", test.name, got.ln, got.want)
			}
		}
		l.close()
	}
}

// TestPassedSocketMustListen: one of a unit with Accept=yes is a connection.
func TestPassedSocketMustListen(t *testing.T) {
	server := loopback(t)
	defer server.Close()
	client, err := net.Dial("tcp", server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	connected, err := client.(*net.TCPConn).File()
	if err != nil {
		t.Fatal(err)
	}
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(pair[1])
	none, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]*os.File{
		"a connection":                os.NewFile(dup(t, connected), "tcp"),
		"a connection, Unix":          os.NewFile(uintptr(pair[0]), "unix"),
		"a file that is not a socket": none,
	} {
		if l, err := passed([]*os.File{file}); err == nil || !strings.Contains(err.Error(), "is not a stream socket that listens") || l.ws != nil {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

// TestWrongListenFDs: no descriptor is taken, let alone closed.
func TestWrongListenFDs(t *testing.T) {
	mine := strconv.Itoa(os.Getpid())
	open, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	for _, test := range []struct{ pid, count, wrong string }{
		{"", "", ""},
		{mine, "", ""},
		{mine, "0", ""},
		{"1", "99", ""}, // for another process
		{mine, "60000", "LISTEN_FDS=60000: descriptor "},
		{mine, "99999", `LISTEN_FDS="99999" must be the number`},
		{mine, "-1", `LISTEN_FDS="-1" must be the number`},
		{mine, "1 ", `LISTEN_FDS="1 " must be the number`},
		{mine, "x", `LISTEN_FDS="x" must be the number`},
	} {
		before := openFiles()
		err := checkPassed(test.pid, test.count)
		if (err != nil) != (test.wrong != "") || err != nil && !strings.HasPrefix(err.Error(), test.wrong) {
			t.Errorf("LISTEN_PID=%s LISTEN_FDS=%q: the error is %v, want %q", test.pid, test.count, err, test.wrong)
		}
		if after := openFiles(); after > before { // those of earlier tests may still be closing
			t.Errorf("LISTEN_FDS=%q: %d files are open, before %d", test.count, after, before)
		}
		if _, err := open.Stat(); err != nil {
			t.Errorf("LISTEN_FDS=%q: an open file is closed: %v", test.count, err)
		}
	}
}

// dup returns another descriptor for a file, and closes the file.
func dup(t *testing.T, file *os.File) uintptr {
	defer file.Close()
	fd, err := syscall.Dup(int(file.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return uintptr(fd)
}
