//go:build !linux

package socket

import (
	"net"
	"time"
)

const (
	firstReceive = 64 << 10

	// QueueCost is how many bytes a connection that waits to be accepted can hold.
	QueueCost = firstReceive
)

// Prepare does nothing: the options are those of Linux.
func Prepare(ln *net.TCPListener, queue int) error { return nil }

func socketBytes(fd int, full bool) int32 { return 0 }

func limitReceive(fd, size int) {}

func freeze(fd int) {}

func thaw(fd int) {}

func unacknowledged(fd int) int32 { return 0 }

func limitDelivery(fd int, d time.Duration) {}

func sendWindow(fd int) uint32 { return 0 }
