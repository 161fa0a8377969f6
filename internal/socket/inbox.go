package socket

// inbox is where a connection's reads go: a buffer that is as large as what waits
// in it makes necessary.
//
//	0          start    end        len(*mem)
//	| headroom | kept   | next read |
type inbox struct {
	pool     *Pool
	headroom int
	class    int // of mem
	mem      *[]byte
	start    int
	end      int
}

// newInbox returns an inbox that keeps headroom bytes free in front of what is read.
func newInbox(pool *Pool, headroom int) inbox {
	return inbox{pool: pool, headroom: headroom, mem: pool.get(0), start: headroom, end: headroom}
}

// free is where the next read goes. It is never empty as long as what is kept
// leaves room in the pool's largest buffer.
func (in *inbox) free() []byte { return (*in.mem)[in.end:] }

// keep moves the last kept bytes of what was read to the front, and chooses the
// buffer for the next read: the smallest in which what is kept takes up at most half.
// A read that filled the buffer has most likely left more in the socket, so the next
// one gets at least the next size.
func (in *inbox) keep(kept int) {
	class := in.pool.class(in.headroom + 2*kept)
	if in.end == len(*in.mem) {
		class = max(class, min(in.class+1, in.pool.largest()))
	}
	last, waiting := in.mem, (*in.mem)[in.end-kept:in.end]
	if class != in.class {
		in.mem = in.pool.get(class)
	}
	in.start, in.end = in.headroom, in.headroom+copy((*in.mem)[in.headroom:], waiting)
	if class != in.class {
		in.pool.put(in.class, last)
		in.class = class
	}
}

// release gives the buffer back. The inbox must not be used again.
func (in *inbox) release() { in.pool.put(in.class, in.mem) }
