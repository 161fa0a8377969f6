package model

import (
	"slices"
	"strings"
	"testing"
)

func TestGenerateIsSettledByTheSeed(t *testing.T) {
	s := &Server{Compression: "takeover"}
	for seed := range uint64(20) {
		a, b := Generate(s, seed, seed%2 == 0), Generate(s, seed, seed%2 == 0)
		if a.String() != b.String() {
			t.Errorf("seed %d: two programs", seed)
		}
		if a.drains() != (seed%2 == 0) {
			t.Errorf("seed %d: drains: %v", seed, a.drains())
		}
		if !slices.IsSortedFunc(a.Cuts, func(a, b Cut) int { return a.At - b.At }) {
			t.Errorf("seed %d: cuts %v", seed, a.Cuts)
		}
	}
}

// TestGenerateReachesTheModel: in some hundred programs, half of the transitions are visited.
func TestGenerateReachesTheModel(t *testing.T) {
	var coverage Coverage
	for seed := range uint64(300) {
		s := &Server{Compression: "takeover", MaxMessage: 10 << 10}
		p := Generate(s, seed, false)
		if p.Handshake.Refusal != "" {
			coverage.Add([]Transition{{"handshake", p.Handshake.Refusal}})
			continue
		}
		session := Session{Goodbye: "bye", MaxMessage: s.MaxMessage, Deflate: Params{Agreed: len(p.Handshake.Offers) > 0}}
		coverage.Add(expect(session, p.stream()[len(p.Handshake.request()):], true).visited)
	}
	visited, all := coverage.visited()
	if visited < all/2 {
		t.Errorf("%v", &coverage)
	}
	if strings.Contains(coverage.String(), "not in the table") {
		t.Errorf("%v", &coverage)
	}
}

// TestShrink: what does not matter goes, what does stays.
func TestShrink(t *testing.T) {
	p := &Program{
		Handshake: Handshake{Nonce: 7, Protocols: []string{"a"}, Offers: []string{"permessage-deflate"}},
		Frames:    []Frame{{First: 0x81, Payload: "a", Key: 1}, {First: 0x89, Payload: "0123456789", Key: 2}, {First: 0x82, Times: 3}, {First: 0x88}},
		Cuts:      []Cut{{3, Await}, {9, Nap}},
		Missing:   2, End: Abort, SlowRead: true,
	}
	small := Shrink(p, func(p *Program) bool {
		return slices.ContainsFunc(p.Frames, func(f Frame) bool { return f.First == 0x89 && len(f.payload()) >= 3 })
	})
	const want = `Program{Frames: []Frame{{First: 0x89, Payload: "x", Times: 3}}}`
	if small.String() != want {
		t.Errorf("%v; want %s", small, want)
	}
}

func TestProgramIsWrittenAsALiteral(t *testing.T) {
	p := &Program{
		Handshake: Handshake{Offers: []string{"x"}},
		Frames:    []Frame{{First: 0x81, Payload: "\xff", Length: Long16}, {}},
		Cuts:      []Cut{{At: 1, Pause: Await}},
		End:       Silent,
	}
	const want = `Program{Handshake: Handshake{Offers: []string{"x"}}, Frames: []Frame{{First: 0x81, Payload: "\xff", Length: Long16}, {}}, Cuts: []Cut{{At: 1, Pause: Await}}, End: Silent}`
	if p.String() != want {
		t.Errorf("%v; want %s", p, want)
	}
}
