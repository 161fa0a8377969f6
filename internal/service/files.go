package service

// files is how a limit of file descriptors is shared. 0 is no limit.
type files struct {
	connections int // WebSockets
	sockets     int // of the driver: WebSockets, handshakes and refusals
	handshakes  int // connections without a complete request head
	requests    int // plain HTTP
}

const (
	// ownFiles are the process's own: the standard streams, the listeners and the driver's
	// duplicate, the runtime's poller, and those that are open for a moment, as of a
	// certificate, /proc, or a connection on its way to net/http.
	ownFiles = 20
	// loopFiles are those of a loop: epoll and an eventfd.
	loopFiles = 2
	// healthFiles are for the health port alone.
	healthFiles = 16
)

// The most handshakes and plain requests at a time, unless a setting says otherwise.
const (
	mostHandshakes = 1024
	mostRequests   = 256
)

// shareFiles shares a limit, 0 being none. handshakes and requests are settings, with 0
// for their defaults.
func shareFiles(limit, loops, handshakes, requests int) files {
	f := files{handshakes: handshakes, requests: requests}
	reserve := min(limit/4, 64+limit/50)
	if f.handshakes == 0 {
		f.handshakes = leastLimit(mostHandshakes, limit/8)
	}
	if f.requests == 0 {
		f.requests = leastLimit(mostRequests, reserve/2)
	}
	if limit > 0 {
		f.connections = max(1, limit-reserve-loops*loopFiles)
		f.sockets = max(f.connections, limit-ownFiles-loops*loopFiles-healthFiles-f.requests)
	}
	return f
}

// leastLimit returns the lower of two limits, 0 being none.
func leastLimit(a, b int) int {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}
