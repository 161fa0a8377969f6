package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/coder/websocket"
)

func TestDescribeEnd(t *testing.T) {
	reset := &net.OpError{Op: "read", Net: "tcp", Source: &net.TCPAddr{Port: 40000}, Addr: &net.TCPAddr{Port: 80}, Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	other := &net.OpError{Op: "read", Net: "tcp", Source: &net.TCPAddr{Port: 40000}, Addr: &net.TCPAddr{Port: 80}, Err: errors.New("no route")}
	for want, err := range map[string]error{
		`closed with 1001 (going away) "bye"`:       fmt.Errorf("read: %w", websocket.CloseError{Code: 1001, Reason: "bye"}),
		"closed with 4000 and no reason":            websocket.CloseError{Code: 4000},
		"closed with no code":                       websocket.CloseError{Code: 1005},
		"ended without a close frame":               fmt.Errorf("read: %w", io.EOF),
		"reset without a close frame":               reset,
		"read tcp :80: no route":                    other,
		"interrupted":                               context.Canceled,
		"the message is larger than 16777216 bytes": fmt.Errorf("read: %w", websocket.ErrMessageTooBig),
		"received unknown opcode 5":                 fmt.Errorf("failed to get reader: %w", errors.New("received unknown opcode 5")),
	} {
		if got := describeEnd(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}
