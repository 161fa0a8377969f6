package budget

import (
	"sync"
	"testing"
)

func TestLevels(t *testing.T) {
	a := NewAccount(1000)
	for _, step := range []struct {
		held int64
		want Level
	}{
		{0, None}, {499, None}, {500, ReadLess}, {490, ReadLess}, {479, None},
		{650, Refuse}, {640, Refuse}, {629, ReadLess}, {800, Shed}, {781, Shed}, {779, Refuse}, {100, None}, {2000, Shed},
	} {
		a.Add(Kernel, step.held-a.Held())
		if got := a.Pressure(); got != step.want {
			t.Errorf("at %d of 1000 the level is %d, want %d", step.held, got, step.want)
		}
	}
}

func TestWithoutLimit(t *testing.T) {
	a := NewAccount(0)
	a.Add(Buffers, 1<<40)
	if a.Pressure() != None || a.Limit() != 0 || a.Critical() || a.Crowding() != 0 || a.Room(1000) != 0 {
		t.Error("an account without a limit has pressure")
	}
}

// TestHeapCountsWithItsGarbage: GOGC=25 allows a quarter more than what is in use.
func TestHeapCountsWithItsGarbage(t *testing.T) {
	a := NewAccount(0)
	for kind, want := range map[Kind]int64{Base: 1000, Connections: 1000, Buffers: 1250, Inflaters: 1250, Histories: 1250, Requests: 1000, Kernel: 1000} {
		before := a.Held()
		a.Add(kind, 1000)
		if got := a.HeldBy(kind); got != want || a.Held()-before != want {
			t.Errorf("1000 bytes of %v count as %d and add %d, want %d", kind, got, a.Held()-before, want)
		}
	}
}

func TestNeedShed(t *testing.T) {
	a := NewAccount(1000)
	a.Add(Kernel, 799)
	select {
	case <-a.NeedShed():
		t.Fatal("shedding is asked for below 80 %")
	default:
	}
	a.Add(Kernel, 1)
	a.Add(Kernel, 1)
	<-a.NeedShed()
	if got := a.Excess(); got != 51 {
		t.Errorf("the excess over 75 %% is %d, want 51", got)
	}
	if a.Critical() {
		t.Error("80 % is critical")
	}
	a.Add(Kernel, 100)
	if !a.Critical() {
		t.Error("90 % is not critical")
	}
}

func TestCrowding(t *testing.T) {
	a := NewAccount(1000)
	for _, step := range []struct{ held, want int64 }{{649, 0}, {650, 50}, {900, 300}, {630, 30}, {629, 0}} {
		a.Add(Kernel, step.held-a.Held())
		if got := a.Crowding(); got != step.want {
			t.Errorf("at %d of 1000 it is %d, want %d", step.held, got, step.want)
		}
	}
}

func TestRoom(t *testing.T) {
	a := NewAccount(1000)
	a.Add(Base, 250)
	if got := a.Room(5); got != 80 {
		t.Errorf("there is room for %d connections, want 80", got)
	}
	if got := a.Room(5000); got != 1 {
		t.Errorf("there is room for %d large connections, want 1: 0 is no limit", got)
	}
}

// TestSumIsExact under concurrent use, also of sizes whose share of garbage is a fraction.
func TestSumIsExact(t *testing.T) {
	a := NewAccount(1 << 30)
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for n := range int64(1000) {
				a.Add(Buffers, n)
				a.Add(Buffers, n+1)
				a.Pressure()
				a.Add(Buffers, -2*n-1)
			}
		})
	}
	running.Wait()
	if a.Held() != 0 {
		t.Errorf("%d bytes are left over", a.Held())
	}
}
