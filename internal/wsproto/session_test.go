package wsproto

import (
	"bytes"
	"echosvc/internal/wstest"
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

func newSession(t testing.TB, limits *Limits) *session {
	return &session{t: t, echo: NewEcho(limits)}
}

// read gives p to the Echo, as one read.
func (s *session) read(p []byte) {
	s.t.Helper()
	const canary = 32
	size := Headroom + len(s.kept) + len(p)
	if size > MinBuffer && len(s.kept) > MinBuffer-Headroom {
		s.t.Fatalf("%d bytes are kept, and the smallest buffer has room for %d", len(s.kept), MinBuffer-Headroom)
	}
	guarded := bytes.Repeat([]byte{0xA5}, canary+size+canary)
	mem := guarded[canary : canary+size : canary+size]
	copy(mem[Headroom:], s.kept)
	copy(mem[Headroom+len(s.kept):], p)
	b := Buffer{Mem: mem, Start: Headroom, End: size}
	s.events = s.events[:0]
	for {
		before := b.End - b.Start
		ev := s.echo.Next(&b)
		if ev.Kind == NeedMore {
			break
		}
		if b.End-b.Start >= before {
			s.t.Fatalf("an event of kind %d consumed nothing", ev.Kind)
		}
		ev.Payload = bytes.Clone(ev.Payload)
		s.events = append(s.events, ev)
	}
	s.out = append(s.out, b.Out()...)
	s.kept = bytes.Clone(b.Mem[b.Start:b.End])
	for _, side := range [][]byte{guarded[:canary], guarded[canary+size:]} {
		if !bytes.Equal(side, bytes.Repeat([]byte{0xA5}, canary)) {
			s.t.Fatal("the Echo wrote outside its buffer")
		}
	}
}

// frames are the frames that were sent so far.
func (s *session) frames() []wstest.ServerFrame {
	s.t.Helper()
	return wstest.ReadFrames(s.t, s.out)
}

// echoed gives all of p in one read to a new Echo and returns what it sends.
func echoed(t testing.TB, limits *Limits, p []byte) (*session, []wstest.ServerFrame) {
	t.Helper()
	s := newSession(t, limits)
	s.read(p)
	return s, s.frames()
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
