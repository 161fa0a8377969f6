// Package peers has the servers that echosvc is measured beside, each written as the
// documentation of its library shows an echo, with that library's default settings. A
// default that spares a library work (most do not check that text is UTF-8, which
// echosvc always does) is left as it is, so that the comparison errs in their favour.
//
// What is changed is the same everywhere: messages may be as large as the loads' largest,
// nothing is logged, and compression is agreed to when a client offers it.
package peers

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// servers are the servers by the names of the bench's table.
var servers = map[string]func(addr string) error{
	"gws":      serveGws,
	"gobwas":   serveGobwas,
	"gorilla":  serveGorilla,
	"coder":    serveCoder,
	"nbio":     serveNbio,
	"epoll-go": serveEpoll,
}

// Serve runs a server until it fails.
func Serve(name, addr string) error {
	serve, ok := servers[name]
	if !ok {
		return fmt.Errorf("there is no server %q; there are %q", name, Names())
	}
	return serve(addr)
}

// Names are the names that [Serve] knows, sorted.
func Names() []string {
	var names []string
	for name := range servers {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// serveHTTP runs an HTTP server whose every path is handled by handle.
func serveHTTP(addr string, handle http.HandlerFunc) error {
	return http.ListenAndServe(addr, handle)
}

// maxMessage is the largest message in bytes, for libraries that have to be told.
const maxMessage = 16 << 20

// errUnsupported ends a connection whose frame the echo has no use for.
var errUnsupported = errors.New("not a data frame in one piece")
