package socket

// inbox is the buffer that a connection of the portable driver reads into. Its size
// follows what the connection keeps.
//
//	0          start          end         len(*mem)
//	| headroom | kept or read | next read |
type inbox struct {
	pool     *pool
	headroom int
	class    int // of mem
	mem      *[]byte
	start    int
	end      int
}

// newInbox returns an empty inbox with headroom bytes before its input.
func newInbox(pool *pool, headroom int) inbox {
	return inbox{pool: pool, headroom: headroom, mem: pool.get(0), start: headroom, end: headroom}
}

// free returns the room for the next read. It is not empty as long as what is kept
// leaves room in the pool's largest buffer.
func (in *inbox) free() []byte { return (*in.mem)[in.end:] }

// kept returns what was kept last.
func (in *inbox) kept() []byte { return (*in.mem)[in.start:in.end] }

// keep moves the last n bytes of the input to the front, and chooses the smallest buffer
// for the next read in which they take up at most half of the room. A read that filled the
// buffer has most likely left more in the socket, so the next one gets at least the next
// size, unless memory is short.
func (in *inbox) keep(n int, roomy bool) {
	class := in.pool.class(in.headroom + 2*n)
	if roomy && in.end == len(*in.mem) {
		class = max(class, min(in.class+1, in.pool.largest()))
	}
	last, kept := in.mem, (*in.mem)[in.end-n:in.end]
	if class != in.class {
		in.mem = in.pool.get(class)
	}
	in.start, in.end = in.headroom, in.headroom+copy((*in.mem)[in.headroom:], kept)
	if class != in.class {
		in.pool.put(in.class, last)
		in.class = class
	}
}

// release returns the buffer to the pool. The inbox must not be used again.
func (in *inbox) release() { in.pool.put(in.class, in.mem) }
