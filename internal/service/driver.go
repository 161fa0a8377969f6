package service

import (
	"net"

	"github.com/echosvc/echosvc/internal/socket"
)

// driver is a driver of package socket. A [socket.Handler] must not call its methods,
// except Stalled.
type driver interface {
	Name() string
	Serve(net.Listener) // returns after Abort, once the listener is closed too
	// Each calls a function with each connection and the bytes that are held for it in buffers,
	// the kernel's included. It wakes those for which the function returns true.
	Each(func(h socket.Handler, held int64) (wake bool))
	Wake()               // wakes each connection soon
	Abort()              // closes each connection, and those accepted later
	Wait()               // waits, after Abort, until everything has ended
	Stalled() bool       // reports whether the driver has stopped serving connections
	Stats() socket.Stats // returns what the driver has counted
	Measure()            // updates the account with the memory of sockets
	// Shed ends connections that together hold at least bytes. It returns how many it has chosen
	// for the first time.
	Shed(bytes int64, urgency socket.Urgency) int
}
