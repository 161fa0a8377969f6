package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"

	"echosvc/bench/internal/peers"
	"echosvc/bench/internal/report"
)

// A server is a row of the table.
type server struct {
	name  string // for the command line
	title string // for the table
	group report.Group
	bare  bool // echoes TCP bytes and knows no WebSocket

	prepare func(s *server, dir string, cores cores) error
	program string // set by prepare
	// command has what the program is started with to listen on an address.
	command func(addr netip.AddrPort) (args, env []string)
}

// errSkip is of a server that cannot be had here.
var errSkip = errors.New("not here")

// allServers are in the order of the table.
var allServers = []server{
	{name: "loop", title: "echosvc (loop)", group: report.Ours, prepare: prepareEchosvc, command: echosvcCommand("loop")},
	{name: "portable", title: "echosvc (portable)", group: report.Ours, prepare: prepareEchosvc, command: echosvcCommand("portable")},
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

// peer is a server that this program contains.
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
		return fmt.Errorf("%w: there is no gcc", errSkip)
	}
	return err
}
