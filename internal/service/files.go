package service

// files are the shares of a limit of file descriptors. 0 is no limit.
type files struct {
	connections int // WebSockets
	sockets     int // of the driver: WebSockets, handshakes and refusals
	handshakes  int // connections without a complete request head; among the sockets
	requests    int // plain HTTP
	health      int // on the health port
}

const (
	// ownFiles are the process's own: the standard streams, the listeners and the driver's
	// duplicate, the runtime's poller, and those that are open for a moment, such as a
	// certificate, /proc, or a connection that is passed to net/http.
	ownFiles = 20
	// loopFiles are those of a loop: two of epoll, and an eventfd.
	loopFiles = 3
	// healthFiles are for HEALTH_PORT, unless the limit is below 1,024.
	healthFiles = 16
)

// The most handshakes and plain requests at a time, unless a setting says otherwise.
const (
	mostHandshakes = 1024
	mostRequests   = 256
)

// shareFiles shares a limit, 0 being none. handshakes and requests are settings, with 0
// for their defaults. The shares are within the limit if it is at least 64 and [loopCount]
// has chosen the loops.
func shareFiles(limit, loops, handshakes, requests int) files {
	f := files{handshakes: handshakes, requests: requests, health: healthFiles}
	if f.handshakes == 0 {
		f.handshakes = leastLimit(mostHandshakes, limit/8)
	}
	if limit == 0 {
		if f.requests == 0 {
			f.requests = mostRequests
		}
		return f
	}
	f.health = min(healthFiles, max(1, limit/64))
	room := limit - ownFiles - loops*loopFiles - f.health
	if f.requests == 0 {
		f.requests = min(mostRequests, max(1, room/32), 6+limit/100)
	}
	f.requests = min(f.requests, max(1, room-1))
	f.sockets = max(1, room-f.requests)
	// Clients that come while all WebSockets are taken need a place until they have got a 503, which
	// takes several milliseconds with TLS.
	newcomers := min(max(1, room/16), 64+limit/100)
	f.connections = max(1, f.sockets-newcomers)
	return f
}

// limitConnections returns the maximum number of WebSockets: the setting, or if that is 0, as
// many as files and memory allow. memory is 0 if it has no limit. A setting that files do not
// allow is lowered, because further clients would wait in the kernel instead of getting 503.
// limitedBy names the limit for clients, and is empty if it is the setting.
func (f files) limitConnections(setting, memory int) (limit int, limitedBy string) {
	if setting > 0 {
		memory = 0
	}
	limit = leastLimit(leastLimit(setting, memory), f.connections)
	switch {
	case limit == setting:
		return limit, ""
	case limit == memory:
		return limit, "its MEMORY_LIMIT"
	}
	return limit, "its limit on open files"
}

// leastLimit returns the lower of two limits, 0 being none.
func leastLimit(a, b int) int {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}
