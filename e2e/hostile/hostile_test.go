//go:build linux

package main

import (
	"testing"
	"time"
)

// TestHostile is the short form: every attack in its small size, on every driver. It
// judges no round trips, because they depend on the machine.
//
//	go test ./hostile -run 'TestHostile/loop/pings'
func TestHostile(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	sc := scenario{
		launch: launch{memory: 256 << 20, kill: 1 << 30}, clients: 40, short: true,
		quiet: 200 * time.Millisecond, duration: 500 * time.Millisecond, settle: 30 * time.Second,
	}
	if err := sc.prepare(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	for _, d := range drivers {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			for _, a := range attacks {
				t.Run(a.name, func(t *testing.T) {
					c := criteria{memory: sc.memory}
					if a.files > 0 {
						// These shut newcomers out, or not. With others it is the
						// machine that decides how many are served in time.
						c.minServed = 0.01
					}
					r := sc.run(t.Context(), a, d)
					for _, failure := range c.judge(&r) {
						t.Error(failure)
					}
				})
			}
		})
	}
}

// The names select attacks, so each is there once; and an attack has to have both sizes.
func TestTableOfAttacks(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range attacks {
		if seen[a.name] || a.about == "" || a.run == nil || a.short < 1 || a.full < a.short {
			t.Errorf("%q: seen %t, about %q, sizes %d and %d", a.name, seen[a.name], a.about, a.full, a.short)
		}
		seen[a.name] = true
	}
}
