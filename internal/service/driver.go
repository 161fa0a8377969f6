package service

import (
	"net"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// driver brings bytes to connections; see package socket. Its methods may be called from
// anywhere but a conn.
type driver interface {
	Name() string
	Serve(net.Listener)        // returns when the listener is closed and Cut was called
	Each(func(socket.Handler)) // with every connection that is there
	Wake()                     // every connection, soon
	Cut()                      // every connection, those to come too
	Wait()                     // after Cut: until all is ended
	Stalled() bool             // some connections are not served any more
	Lent() int64               // bytes of buffers in use
}

// newDriver makes the driver that the configuration asks for. The error is the system's.
func (s *Service) newDriver() (driver, error) {
	config := socket.Config{
		Open:         s.newConn,
		Now:          s.now,
		Headroom:     wsproto.Headroom,
		Buffer:       wsproto.MinBuffer,
		WriteTimeout: s.config.WriteTimeout,
		Log:          s.log,
	}
	if s.config.Driver == "loop" || s.config.Driver == "auto" && haveLoop && s.config.TLSCertFile == "" {
		return newLoopDriver(config)
	}
	return socket.NewPortable(config), nil
}
