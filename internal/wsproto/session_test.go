package wsproto

import (
	"bytes"
	"testing"

	"github.com/echosvc/echosvc/internal/wstest"
)

// session drives an Echo as the package comment describes, with a buffer that is no larger
// than it must be and with canaries on both sides of it. It keeps only the Rest of an Echo
// that rests.
type session struct {
	t      testing.TB
	echo   Echo
	kept   []byte
	out    []byte
	events []Event // of the last read; their payloads are copies
}

// newSession returns a session without permessage-deflate.
func newSession(t testing.TB, config *Config) *session {
	return newDeflateSession(t, config, Deflate{})
}

func newDeflateSession(t testing.TB, config *Config, deflate Deflate) *session {
	s := &session{t: t, echo: NewEcho(config, deflate)}
	t.Cleanup(s.echo.Release)
	return s
}

// testInflaters counts the inflaters that are lent.
type testInflaters struct {
	free []*Inflater
	lent int
}

// newTestInflaters fails the test if an inflater is still lent when the test ends.
func newTestInflaters(t testing.TB) *testInflaters {
	p := &testInflaters{}
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

// read gives p to the Echo as one read.
func (s *session) read(p []byte) {
	s.t.Helper()
	s.events = s.events[:0]
	for s.turn(p) {
		p = nil
	}
}

// readInCuts gives p to the Echo in reads of size bytes.
func (s *session) readInCuts(p []byte, size int) {
	s.t.Helper()
	for len(p) > 0 {
		n := min(size, len(p))
		s.read(p[:n])
		p = p[n:]
	}
}

// turn gives p to the Echo, after what is kept. It reports whether the Echo has yielded.
func (s *session) turn(p []byte) (yielded bool) {
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
		ev := s.echo.Next(&b)
		if ev.Kind == NeedMore || ev.Kind == Yield {
			yielded = ev.Kind == Yield
			break
		}
		if ev.used == 0 && len(ev.Inflated) == 0 && ev.Kind != Failed {
			s.t.Fatalf("an event of kind %v without progress", ev.Kind)
		}
		ev.Payload, ev.Inflated = bytes.Clone(ev.Payload), bytes.Clone(ev.Inflated)
		s.events = append(s.events, *ev)
	}
	s.out = append(s.out, b.Out()...)
	s.kept = bytes.Clone(b.Mem[b.Start:b.End])
	for _, side := range [][]byte{guarded[:canary], guarded[canary+size:]} {
		if !bytes.Equal(side, bytes.Repeat([]byte{0xA5}, canary)) {
			s.t.Fatal("the Echo wrote outside its buffer")
		}
	}
	if rest, ok := s.echo.Rest(); ok { // nothing else is needed between messages
		config := s.echo.decoder.config
		s.echo = Echo{}
		rest.Resume(&s.echo, config)
	}
	return yielded
}

// frames returns the frames sent so far.
func (s *session) frames() []wstest.ServerFrame {
	s.t.Helper()
	return wstest.ReadFrames(s.t, s.out)
}

// lastEvent returns the last event of the last read.
func (s *session) lastEvent() *Event { return &s.events[len(s.events)-1] }

// newBuffer returns a Buffer in which in has been read.
func newBuffer(in ...[]byte) *Buffer {
	mem := append(make([]byte, Headroom), join(in...)...)
	return &Buffer{Mem: mem, Start: Headroom, End: len(mem)}
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
