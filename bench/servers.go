package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/echosvc/echosvc/bench/internal/load"
	"github.com/echosvc/echosvc/bench/internal/peers"
	"github.com/echosvc/echosvc/bench/internal/report"
)

// A server is a row of the table.
type server struct {
	name  string // on the command line
	title string // in the table
	group report.Group
	bare  bool // echoes bytes and does not speak WebSocket
	tls   bool // speaks TLS under a load that does
	pings bool // sends pings under a load that wants them

	tlsOnly bool // does not run the other loads

	// spread lets the server use both cores, including the load's, to show the effect of more
	// loops. Such a server runs only if it is named, since the load and it disturb each other.
	spread bool

	// scraped has Prometheus' request for /metrics sent once a second. Such a server runs only if it
	// is named.
	scraped bool

	driver  string // of echosvc
	another bool   // another build of echosvc, or one that is used differently, to compare

	prepare func(s *server, dir string, cores cores) error
	program string // set by prepare
	command func(launch) (args, env []string)
}

// A launch is what a server needs to know when it is started.
type launch struct {
	addr    netip.AddrPort // to listen on
	metrics netip.AddrPort // to listen on for /metrics, if that is valid
	load    *load.Load
	dir     string // with the certificate
}

// runs reports whether the server can be measured under a load.
func (s server) runs(l *load.Load) bool {
	switch {
	case l.TLS && !s.tls, !l.TLS && s.tlsOnly, l.Compressed && s.bare:
		return false
	case l.Kind == load.KeepAlive:
		return s.pings
	}
	return true
}

// errSkip is returned for a server that cannot run on this machine.
var errSkip = errors.New("not available")

// allServers are in the order of the table.
var allServers = []server{
	echosvc("loop", "loop", "loop"),
	echosvc("portable", "portable", "portable"),
	scraped(echosvc("scraped", "loop, scraped once a second", "loop")),
	spread(echosvc("one-loop", "one loop for both cores", "loop", "GOMAXPROCS=1")),
	spread(echosvc("two-loops", "two loops on both cores", "loop", "GOMAXPROCS=2")),
	peer("gws", "lxzan/gws"),
	peer("gobwas", "gobwas/ws"),
	peer("gorilla", "gorilla/websocket"),
	peer("coder", "coder/websocket"),
	peer("nbio", "lesismal/nbio"),
	overTLS(bare(peer("tls-go", "bare TLS echo, Go"))),
	overTLS(floor("tls-c", "bare TLS echo, C", peers.BuildTLSEcho)),
	bare(peer("epoll-go", "bare TCP echo, Go")),
	floor("epoll-c", "bare TCP echo, C", peers.BuildKernelEcho),
}

// peer returns a server that this program contains.
func peer(name, title string) server {
	return server{
		name: name, title: title, group: report.Peer,
		prepare: func(s *server, _ string, _ cores) (err error) {
			s.program, err = os.Executable()
			return err
		},
		command: func(l launch) (args, env []string) {
			return []string{"serve", name, l.addr.String(), l.dir}, nil
		},
	}
}

func bare(s server) server {
	s.group, s.bare = report.Kernel, true
	return s
}

func overTLS(s server) server {
	s.tls, s.tlsOnly = true, true
	return s
}

// floor returns a bare echo in C.
func floor(name, title string, build func(dir string) (program string, err error)) server {
	return server{
		name: name, title: title, group: report.Kernel, bare: true, pings: true,
		prepare: func(s *server, dir string, _ cores) (err error) {
			s.program, err = build(dir)
			switch {
			case errors.Is(err, exec.ErrNotFound):
				return fmt.Errorf("%w: no gcc", errSkip)
			case errors.Is(err, peers.ErrNoOpenSSL):
				return fmt.Errorf("%w: %w", errSkip, err)
			}
			return err
		},
		command: func(l launch) (args, env []string) {
			args = []string{l.addr.Addr().String(), fmt.Sprint(l.addr.Port())}
			switch {
			case l.load.TLS:
				args = append(args, filepath.Join(l.dir, peers.CertFile), filepath.Join(l.dir, peers.KeyFile))
			case l.load.Kind == load.KeepAlive:
				args = append(args, fmt.Sprint(load.PingInterval.Milliseconds()))
			case l.load.Kind == load.Handshake:
				args = append(args, "close")
			}
			return args, nil
		},
	}
}
