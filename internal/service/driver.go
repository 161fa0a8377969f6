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
	Measure()                  // puts the memory of sockets on the account
	// Shed closes connections to give back a number of bytes, at once or after a moment.
	// It returns how many.
	Shed(bytes int64, atOnce bool) int
}
