//go:build !linux

package service

// socketMeter measures nothing.
type socketMeter struct{}

func newSocketMeter() *socketMeter { return nil }

func (*socketMeter) close() {}

func (*socketMeter) bytes() int64 { return 0 }
