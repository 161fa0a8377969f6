//go:build linux

package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"sync"
	"time"
)

// attacks is the table of all attacks.
var attacks = slices.Concat(
	slowAttacks, unreadAttacks, floodAttacks, handshakeAttacks,
	cutAttacks, garbageAttacks, bombAttacks, limitAttacks, controlAttacks, healthAttacks, plainAttacks, tlsAttacks,
)

// selectAttacks returns those whose name matches.
func selectAttacks(expression *regexp.Regexp) []attack {
	var selected []attack
	for _, a := range attacks {
		if expression.MatchString(a.name) {
			selected = append(selected, a)
		}
	}
	return selected
}

// list prints the table.
func list(w io.Writer) {
	for _, a := range attacks {
		fmt.Fprintf(w, "%-38s %5d %5d  %s\n", a.name, a.full, a.short, a.about)
	}
}

const (
	soakSlots = 4 // attacks at a time

	// Each lasts between these times.
	soakMin = time.Second
	soakMax = 6 * time.Second
)

// mix returns an attack that runs the others: some at a time, in a random order, in their
// small size.
// Those that need a server of their own are left out.
func mix(seed uint64) attack {
	var members []attack
	for _, a := range attacks {
		if !a.alone {
			members = append(members, a)
		}
	}
	return attack{
		name: "soak", about: fmt.Sprintf("all attacks, %d at a time", soakSlots), full: soakSlots, short: soakSlots,
		env: []string{"COMPRESSION=takeover", "PING_INTERVAL=1s", "PONG_TIMEOUT=10s"},
		run: func(s *siege, slots int) error {
			s.ready()
			var all sync.WaitGroup
			for slot := range slots {
				random := rand.New(rand.NewPCG(seed, uint64(slot)))
				all.Go(func() {
					for s.ctx.Err() == nil {
						s.sub(members[random.IntN(len(members))], soakMin+time.Duration(random.Int64N(int64(soakMax-soakMin))))
					}
				})
			}
			all.Wait()
			return s.err()
		},
	}
}
