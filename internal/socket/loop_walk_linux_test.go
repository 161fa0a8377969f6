package socket

import (
	"testing"

	"github.com/echosvc/echosvc/internal/wstest"
)

// TestWalkTakesTurns: a loop does its other work after each slice of a walk, which still meets
// every connection once.
func TestWalkTakesTurns(t *testing.T) {
	eachDriver(t, func(s *served) {
		loops, is := s.driver.(*Loop)
		if !is {
			s.Skip("another driver")
		}
		const conns = 2 * walkSlice
		wstest.NeedFiles(s, 2*conns+100)
		for range conns {
			s.expectRead(s.dial(&scripted{opened: Step{Write: []byte(".")}}), ".")
		}
		seen := map[Handler]int{}
		first := 0 // how many were met before the loop's other work
		s.Each(func(h Handler, _ int64) bool {
			if len(seen) == 0 {
				for _, l := range loops.loops {
					l.post(func() { first = max(first, len(seen)) })
				}
			}
			seen[h]++
			return false
		})
		if len(seen) != conns || first > walkSlice {
			s.Errorf("met %d of %d connections, %d of them before other work", len(seen), conns, first)
		}
		for _, n := range seen {
			if n != 1 {
				s.Errorf("a connection was met %d times", n)
			}
		}
	})
}
