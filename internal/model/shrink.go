package model

import (
	"iter"
	"slices"
)

// Shrink looks for a smaller program that fails, too. It ends when fails reports false for
// every smaller program.
func Shrink(p *Program, fails func(*Program) bool) *Program {
	for candidate := range candidates(p) {
		if fails(candidate) {
			return Shrink(candidate, fails)
		}
	}
	return p
}

// candidates gives smaller programs, those that are smaller by most first.
func candidates(p *Program) iter.Seq[*Program] {
	return func(yield func(*Program) bool) {
		for size := len(p.Frames); size > 0; size /= 2 {
			for i := 0; i+size <= len(p.Frames); i += size {
				q := p.clone()
				q.Frames = slices.Delete(q.Frames, i, i+size)
				if !yield(q) {
					return
				}
			}
		}
		for _, change := range changes {
			q := p.clone()
			if change(q); q.String() != p.String() && !yield(q) {
				return
			}
		}
		for size := len(p.Cuts); size > 0; size /= 2 {
			for i := 0; i+size <= len(p.Cuts); i += size {
				q := p.clone()
				q.Cuts = slices.Delete(q.Cuts, i, i+size)
				if !yield(q) {
					return
				}
			}
		}
		for i := range p.Frames {
			for _, change := range frameChanges {
				q := p.clone()
				if change(&q.Frames[i]); q.Frames[i] != p.Frames[i] && !yield(q) {
					return
				}
			}
		}
	}
}

func (p *Program) clone() *Program {
	q := *p
	q.Frames, q.Cuts = slices.Clone(p.Frames), slices.Clone(p.Cuts)
	return &q
}

// changes make a program simpler.
var changes = []func(*Program){
	func(p *Program) {
		p.Cuts = slices.DeleteFunc(p.Cuts, func(c Cut) bool { return c.Pause != Drain })
	},
	func(p *Program) { p.Handshake.Protocols = nil },
	func(p *Program) { p.Handshake.Offers = nil },
	func(p *Program) { p.Handshake.Nonce = 0 },
	func(p *Program) { p.Missing = 0 },
	func(p *Program) { p.SlowRead = false },
	func(p *Program) { p.End = HalfClose },
}

// frameChanges make a frame simpler. What comes after it in the program moves in the
// stream, and a cut stays where it is.
var frameChanges = []func(*Frame){
	func(f *Frame) { f.Payload, f.Times = "", 0 },
	func(f *Frame) { f.Times = 0 },
	func(f *Frame) { f.Payload, f.Times = "x", len(f.payload()) },
	func(f *Frame) { f.Times /= 2 },
	func(f *Frame) { f.Times = max(f.Times-1, 0) },
	func(f *Frame) { f.Payload = f.Payload[:len(f.Payload)/2] },
	func(f *Frame) { f.Payload = f.Payload[len(f.Payload)/2:] },
	func(f *Frame) { f.Payload = f.Payload[:max(len(f.Payload)-1, 0)] },
	func(f *Frame) { f.Payload = f.Payload[min(len(f.Payload), 1):] },
	func(f *Frame) { f.Key = 0 },
	func(f *Frame) { f.Claim = 0 },
	func(f *Frame) { f.Length = Minimal },
	func(f *Frame) { f.Unmasked = false },
	func(f *Frame) { f.First |= finBit },
}
