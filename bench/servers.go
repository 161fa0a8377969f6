package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"

	"github.com/echosvc/echosvc/bench/internal/peers"
	"github.com/echosvc/echosvc/bench/internal/report"
)

// A server is a row of the table.
type server struct {
	name  string // on the command line
	title string // in the table
	group report.Group
	bare  bool // echoes TCP bytes and does not speak WebSocket

	// spread lets the server use both cores, including the load's, to show the effect of more
	// loops. Such a server runs only if it is named, since the load and it disturb each other.
	spread bool

	prepare func(s *server, dir string, cores cores) error
	program string // set by prepare
	// command returns the arguments and environment to listen on an address.
	command func(addr netip.AddrPort) (args, env []string)
}

// errSkip is returned for a server that cannot run on this machine.
var errSkip = errors.New("not available")

// allServers are in the order of the table.
var allServers = []server{
	{name: "loop", title: "echosvc (loop)", group: report.Ours, prepare: prepareEchosvc, command: echosvcCommand("loop")},
	{name: "portable", title: "echosvc (portable)", group: report.Ours, prepare: prepareEchosvc, command: echosvcCommand("portable")},
	{name: "one-loop", title: "echosvc (one loop for both cores)", group: report.Ours, spread: true, prepare: prepareEchosvc, command: echosvcCommand("loop", "GOMAXPROCS=1")},
	{name: "two-loops", title: "echosvc (two loops on both cores)", group: report.Ours, spread: true, prepare: prepareEchosvc, command: echosvcCommand("loop", "GOMAXPROCS=2")},
	peer("gws", "lxzan/gws"),
	peer("gobwas", "gobwas/ws"),
	peer("gorilla", "gorilla/websocket"),
	peer("coder", "coder/websocket"),
	peer("nbio", "lesismal/nbio"),
	bare(peer("epoll-go", "bare TCP echo, Go")),
	{
		name: "epoll-c", title: "bare TCP echo, C", group: report.Kernel, bare: true, prepare: prepareKernelEcho,
		command: func(addr netip.AddrPort) (args, env []string) {
			return []string{addr.Addr().String(), fmt.Sprint(addr.Port())}, nil
		},
	},
}

// peer returns a server that this program contains.
func peer(name, title string) server {
	return server{
		name: name, title: title, group: report.Peer,
		prepare: func(s *server, _ string, _ cores) (err error) {
			s.program, err = os.Executable()
			return err
		},
		command: func(addr netip.AddrPort) (args, env []string) {
			return []string{"serve", name, addr.String()}, nil
		},
	}
}

func bare(s server) server {
	s.group, s.bare = report.Kernel, true
	return s
}

func prepareKernelEcho(s *server, dir string, _ cores) (err error) {
	s.program, err = peers.BuildKernelEcho(dir)
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%w: no gcc", errSkip)
	}
	return err
}
