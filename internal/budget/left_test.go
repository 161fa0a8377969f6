package budget

import "testing"

func TestLeft(t *testing.T) {
	a := NewAccount(1000)
	a.Add(Kernel, 5) // of connections that are open
	for _, step := range []struct {
		name string
		do   func()
		want int64 // of closed connections
	}{
		{"two are closed", func() { a.AddLeft(100); a.AddLeft(30) }, 130},
		{"some of it is gone", func() { a.ForgiveLeft(40) }, 90},
		{"the time of the first is over", func() { a.RemoveLeft(100) }, 30},
		{"more is gone than was left", func() { a.ForgiveLeft(1 << 20) }, 0},
		{"another is closed", func() { a.AddLeft(50) }, 50},
		{"the time of the second is over", func() { a.RemoveLeft(30) }, 50},
		{"and of the last", func() { a.RemoveLeft(50) }, 0},
	} {
		step.do()
		if got := a.HeldBy(Kernel) - 5; got != step.want {
			t.Errorf("%s: %d bytes are on the account, want %d", step.name, got, step.want)
		}
	}
}
