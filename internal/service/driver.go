package service

import (
	"net"

	"github.com/echosvc/echosvc/internal/socket"
)

// driver serves sockets; see package socket. Its methods may be called from anywhere but a
// socket.Handler.
type driver interface {
	Name() string
	Serve(net.Listener)        // returns after Abort
	Each(func(socket.Handler)) // calls a function with each connection
	Wake()                     // wakes each connection soon
	Abort()                    // closes each connection, and those to come
	Wait()                     // after Abort, waits until everything has ended
	Stalled() bool             // reports whether connections are not served any more
	BytesInUse() int64         // of buffers
}
