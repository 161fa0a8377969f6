package socket

import (
	"testing"
	"unsafe"
)

// TestLoopConnSize: most connections are idle, and a loopConn is most of what a loop holds for one.
func TestLoopConnSize(t *testing.T) {
	if n := unsafe.Sizeof(loopConn{}); n > 80 { // a size class of Go's allocator
		t.Errorf("a connection takes %d bytes", n)
	}
}
