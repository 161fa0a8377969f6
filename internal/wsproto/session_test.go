package wsproto

import (
	"bytes"
	"github.com/echosvc/echosvc/internal/wstest"
	"testing"
)

// session drives an Echo as the package comment says, with a buffer that is no
// larger than it has to be, and canaries on both sides of it.
type session struct {
	t      testing.TB
	echo   Echo
	kept   []byte
	out    []byte
	events []Event // of the last read; their payloads are copies
}

func newSession(t testing.TB, config *Config) *session {
	return newDeflateSession(t, config, Deflate{})
}

// newDeflateSession is of a connection that has agreed on permessage-deflate.
func newDeflateSession(t testing.TB, config *Config, deflate Deflate) *session {
	s := &session{t: t, echo: NewEcho(config, deflate)}
	t.Cleanup(s.echo.Release)
	return s
}

// testInflaters counts what it lends.
type testInflaters struct {
	t    testing.TB
	free []*Inflater
	lent int
}

// newTestInflaters checks at the end of the test that all have come back.
func newTestInflaters(t testing.TB) *testInflaters {
	p := &testInflaters{t: t}
	t.Cleanup(func() {
		if p.lent != 0 {
			t.Errorf("%d inflaters are lent at the end", p.lent)
		}
	})
	return p
}

func (p *testInflaters) Get() *Inflater {
	p.lent++
	if len(p.free) == 0 {
		return new(Inflater)
	}
	f := p.free[len(p.free)-1]
	p.free = p.free[:len(p.free)-1]
	return f
}

func (p *testInflaters) Put(f *Inflater) {
	p.lent--
	p.free = append(p.free, f)
}

// read gives p to the Echo, as one read.
func (s *session) read(p []byte) {
	s.t.Helper()
	s.events = s.events[:0]
	for s.receive(p) {
		p = nil
	}
}

// receive gives p to the Echo, behind what is kept. It says whether the Echo wants to
// go on with the rest before others are read.
func (s *session) receive(p []byte) (again bool) {
	s.t.Helper()
	const canary = 32
	size := Headroom + len(s.kept) + len(p)
	if len(p) > 0 && size > MinBuffer && len(s.kept) > MinBuffer-Headroom {
		s.t.Fatalf("%d bytes are kept, and the smallest buffer has room for %d", len(s.kept), MinBuffer-Headroom)
	}
	guarded := bytes.Repeat([]byte{0xA5}, canary+size+canary)
	mem := guarded[canary : canary+size : canary+size]
	copy(mem[Headroom:], s.kept)
	copy(mem[Headroom+len(s.kept):], p)
	b := Buffer{Mem: mem, Start: Headroom, End: size}
	for {
		before := b.End - b.Start
		ev := s.echo.Next(&b)
		if ev.Kind == NeedMore || ev.Kind == Yield {
			again = ev.Kind == Yield
			break
		}
		if b.End-b.Start >= before {
			s.t.Fatalf("an event of kind %d consumed nothing", ev.Kind)
		}
		ev.Payload, ev.Plain = bytes.Clone(ev.Payload), bytes.Clone(ev.Plain)
		s.events = append(s.events, *ev)
	}
	s.out = append(s.out, b.Out()...)
	s.kept = bytes.Clone(b.Mem[b.Start:b.End])
	for _, side := range [][]byte{guarded[:canary], guarded[canary+size:]} {
		if !bytes.Equal(side, bytes.Repeat([]byte{0xA5}, canary)) {
			s.t.Fatal("the Echo wrote outside its buffer")
		}
	}
	return again
}

// frames are the frames that were sent so far.
func (s *session) frames() []wstest.ServerFrame {
	s.t.Helper()
	return wstest.ReadFrames(s.t, s.out)
}

// echoed gives all of p in one read to a new Echo and returns what it sends.
func echoed(t testing.TB, limits *Config, p []byte) (*session, []wstest.ServerFrame) {
	t.Helper()
	s := newSession(t, limits)
	s.read(p)
	return s, s.frames()
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
