package socket

import (
	"bytes"
	"testing"

	"github.com/echosvc/echosvc/internal/budget"
)

// TestInboxFollowsWhatIsKept: its buffer grows when a read has filled it, and shrinks to
// what is kept.
func TestInboxFollowsWhatIsKept(t *testing.T) {
	const headroom = 10
	account := budget.NewAccount(0)
	pool := newPool(account, 100, 400, 1600)
	in := newInbox(pool, headroom)
	tests := []struct {
		name string
		read int // bytes; -1 fills the buffer
		kept int
		size int // of the buffer afterwards
	}{
		{"nothing is kept", 50, 0, 100},
		{"a little is kept", 50, 40, 100},
		{"half the buffer is kept", 5, 45, 100},
		{"more than half is kept", 5, 46, 400},
		{"more of it is kept", 100, 146, 400},
		{"more than half of the next size is kept", 100, 246, 1600},
		{"nothing is kept again", 100, 0, 100},
		{"a read fills the buffer", -1, 0, 400},
		{"a read fills the next", -1, 0, 1600},
		{"a read fills the largest", -1, 0, 1600},
		{"a short read follows", 20, 20, 100},
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
		in.keep(test.kept, true)
		if got := (*in.mem)[in.start:in.end]; !bytes.Equal(got, want) || in.start != headroom {
			t.Fatalf("%s: kept %x at %d, want %x", test.name, got, in.start, want)
		}
		if held := account.HeldBy(budget.Buffers); len(*in.mem) != test.size || held != int64(test.size)*5/4 {
			t.Errorf("%s: the buffer has %d bytes and %d are on the account, want %d", test.name, len(*in.mem), held, test.size)
		}
	}
	in.release()
	if held := account.HeldBy(budget.Buffers); held != 0 {
		t.Errorf("%d bytes are on the account at the end", held)
	}
}
