package socket

import "time"

// Stats is what a driver has counted, of all loops together.
type Stats struct {
	Turns          uint64        // of loops, which Portable does not have
	LongestTurn    time.Duration // of a loop, within the last one to two minutes
	Handshakes     int           // connections that are not established
	AcceptFailures uint64        // attempts to accept that failed
	AcceptShort    bool          // an attempt has failed within the last 5 s
}
