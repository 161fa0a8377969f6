// Package peers has the servers that echosvc is compared with. Each is written as its library's
// documentation shows an echo, with the library's default settings. A default that saves work is
// kept, so that the comparison errs in the peer's favor: most do not check that text is UTF-8,
// which echosvc always does.
//
// The same is changed everywhere: messages may be as large as the loads' largest, nothing is
// logged, and compression is accepted when a client offers it.
package peers

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// servers has the servers by their names in the bench's table.
var servers = map[string]func(addr string) error{
	"gws":      serveGws,
	"gobwas":   serveGobwas,
	"gorilla":  serveGorilla,
	"coder":    serveCoder,
	"nbio":     serveNbio,
	"epoll-go": serveEpoll,
}

// nameTLS is the name of the server that speaks TLS.
const nameTLS = "tls-go"

// Serve runs a server until it fails. dir has the certificate of a server that speaks TLS.
func Serve(name, addr, dir string) error {
	if name == nameTLS {
		return serveTLS(addr, dir)
	}
	serve, ok := servers[name]
	if !ok {
		return fmt.Errorf("no server %q; the servers are %q", name, Names())
	}
	return serve(addr)
}

// Names returns the names that [Serve] knows, sorted.
func Names() []string {
	names := []string{nameTLS}
	for name := range servers {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// serveHTTP runs an HTTP server with one handler for all paths.
func serveHTTP(addr string, handle http.HandlerFunc) error {
	return http.ListenAndServe(addr, handle)
}

// maxMessage is the size of the largest message in bytes, for libraries that need a limit.
const maxMessage = 16 << 20

// errUnsupported is returned for a frame that the echo does not handle.
var errUnsupported = errors.New("not an unfragmented data frame")
