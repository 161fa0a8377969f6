package socket

// walkSlice is how many places of its table a loop looks at in one turn of a walk. With a
// microsecond or two for each, connections wait much less than a millisecond.
const walkSlice = 128

// walk calls f with the connections from a place of the table on, as Each does, a slice in
// each turn. It closes done at the end. A connection stays in its place, so none is met
// twice, and none that is open all the time is missed.
func (l *loop) walk(from int, f func(h Handler, held int64) (wake bool), done chan<- struct{}) {
	end := min(from+walkSlice, len(l.conns))
	for _, c := range l.conns[from:end] {
		if c != nil {
			l.visit(c, f)
		}
	}
	if end == len(l.conns) || !l.post(func() { l.walk(end, f, done) }) {
		close(done)
	}
}

// visit calls f with one connection.
func (l *loop) visit(c *loopConn, f func(h Handler, held int64) (wake bool)) {
	defer l.rescue(c)
	if f(c.handler, l.bufferBytes(c)+int64(c.kernel)) {
		l.wakeSoon(c)
	}
}
