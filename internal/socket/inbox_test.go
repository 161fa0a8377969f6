package socket

import (
	"bytes"
	"testing"
)

// TestInboxIsAsLargeAsWhatWaits: a buffer grows when a read has filled it, and shrinks
// to what is kept.
func TestInboxIsAsLargeAsWhatWaits(t *testing.T) {
	const headroom = 10
	pool := NewPool(100, 400, 1600)
	in := newInbox(pool, headroom)
	tests := []struct {
		name string
		read int // bytes; -1 fills the buffer
		kept int
		size int // of the buffer afterwards
	}{
		{"all is used", 50, 0, 100},
		{"little waits", 50, 40, 100},
		{"half of it waits", 5, 45, 100},
		{"more than half of it waits", 5, 46, 400},
		{"it goes on waiting", 100, 146, 400},
		{"more than half of the next waits", 100, 246, 1600},
		{"all is used again", 100, 0, 100},
		{"a read fills the buffer", -1, 0, 400},
		{"a read fills the next", -1, 0, 1600},
		{"a read fills the largest", -1, 0, 1600},
		{"a short read ends it", 20, 20, 100},
	}
	var next byte
	for _, test := range tests {
		if test.read < 0 {
			test.read = len(in.free())
		}
		for i := range test.read {
			in.free()[i] = next
			next++
		}
		in.end += test.read
		want := bytes.Clone((*in.mem)[in.end-test.kept : in.end])
		in.keep(test.kept)
		if got := (*in.mem)[in.start:in.end]; !bytes.Equal(got, want) || in.start != headroom {
			t.Fatalf("%s: kept %x at %d, want %x", test.name, got, in.start, want)
		}
		if len(*in.mem) != test.size || pool.Lent() != int64(test.size) {
			t.Errorf("%s: the buffer has %d bytes and %d are lent, want %d", test.name, len(*in.mem), pool.Lent(), test.size)
		}
	}
	in.release()
	if pool.Lent() != 0 {
		t.Errorf("%d bytes are lent at the end", pool.Lent())
	}
}
