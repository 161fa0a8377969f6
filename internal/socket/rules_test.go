package socket

import "testing"

func TestInputStateAfterAStep(t *testing.T) {
	for _, test := range []struct {
		before inputState
		by     caller
		then   Action
		want   inputState
	}{
		{reading, byOpened, Read, reading},
		{reading, byOpened, Pause, paused},
		{reading, byReceive, Read, reading},
		{reading, byReceive, ShutDown, reading},
		{reading, byReceive, Yield, yielding},
		{reading, byReceive, Pause, paused},
		{yielding, byReceive, Read, reading},
		{yielding, byReceive, Yield, yielding},
		{yielding, byReceive, Pause, paused},
		{reading, byWake, Read, reading},
		{reading, byWake, ShutDown, reading},
		{reading, byWake, Pause, paused},
		{yielding, byWake, Read, yielding},
		{yielding, byWake, ShutDown, yielding},
		{yielding, byWake, Pause, paused},
		{paused, byWake, Read, yielding},
		{paused, byWake, ShutDown, yielding},
		{paused, byWake, Pause, paused},
	} {
		if got := test.before.after(test.by, test.then); got != test.want {
			t.Errorf("%+v: the state is %d", test, got)
		}
	}
}

// TestBrokenRulesPanic, as they are mistakes in a Handler.
func TestBrokenRulesPanic(t *testing.T) {
	config := Config{Headroom: 10, Buffer: 100}
	write := func(n int) Step { return Step{Write: make([]byte, n)} }
	tests := []struct {
		name  string
		rule  func()
		wrong bool
	}{
		{"Opened yields", func() { reading.after(byOpened, Yield) }, true},
		{"Wake yields", func() { paused.after(byWake, Yield) }, true},
		{"EndOfInput reads on", func() { reading.after(byEndOfInput, Read) }, true},
		{"EndOfInput shuts down", func() { reading.after(byEndOfInput, ShutDown) }, true},
		{"EndOfInput closes", func() { reading.after(byEndOfInput, Close) }, false},
		{"EndOfInput resets", func() { reading.after(byEndOfInput, Reset) }, false},
		{"keeps all", func() { config.check(byReceive, Step{}, 89, 89) }, false},
		{"keeps more than all", func() { config.check(byReceive, Step{}, 5, 6) }, true},
		{"keeps less than nothing", func() { config.check(byReceive, Step{}, 5, -1) }, true},
		{"leaves no room to read", func() { config.check(byReceive, Step{}, 90, 90) }, true},
		{"leaves no room and yields", func() { config.check(byReceive, Step{Then: Yield}, 200, 90) }, false},
		{"writes a buffer", func() { config.check(byReceive, write(100), 5, 0) }, false},
		{"writes more than a buffer", func() { config.check(byReceive, write(101), 5, 0) }, true},
		{"writes what it uses up", func() { config.check(byReceive, write(190), 200, 20) }, false},
		{"writes more than it uses up", func() { config.check(byReceive, write(191), 200, 20) }, true},
		{"Wake writes a buffer", func() { config.check(byWake, write(100), 0, 50) }, false},
		{"Wake writes more than a buffer", func() { config.check(byWake, write(101), 0, 50) }, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			defer func() {
				if failed := recover() != nil; failed != test.wrong {
					t.Errorf("panics: %v, want %v", failed, test.wrong)
				}
			}()
			test.rule()
		})
	}
}
