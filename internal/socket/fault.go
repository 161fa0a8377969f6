package socket

import (
	"errors"
	"fmt"
	"net"
	"runtime/debug"
)

// ErrFault is the cause of closing a connection whose Handler has panicked, or has broken a rule
// that is checked.
var ErrFault = errors.New("a fault in the server, which has been logged")

// logFault logs the value that recover returned. As in net/http, a fault ends only the connection
// that met it. Otherwise a client that finds one could end the process, and every connection with
// it.
func (c *Config) logFault(fault any) {
	c.Log.Error("a fault in the server has ended a connection; please report it", "panic", fmt.Sprint(fault), "stack", string(debug.Stack()))
}

// rescue logs a panic and ends it. It is deferred where a connection is given up anyway.
func (c *Config) rescue() {
	if fault := recover(); fault != nil {
		c.logFault(fault)
	}
}

// handOver calls Hijacked. If that panics, nobody else closes the connection.
func (c *Config) handOver(h Handler, nc net.Conn, kept []byte) {
	defer func() {
		if fault := recover(); fault != nil {
			c.logFault(fault)
			nc.Close()
		}
	}()
	h.Hijacked(nc, kept)
}
