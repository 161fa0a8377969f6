package service

import (
	"bytes"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/socket"
)

// fakeDriver gives back what it is asked for.
type fakeDriver struct {
	driver
	account  *budget.Account
	measured int
	shed     []int64
	urgency  socket.Urgency
	dropped  int // calls of DropSlow
}

func (d *fakeDriver) Measure() { d.measured++ }

func (d *fakeDriver) DropSlow() { d.dropped++ }

func (d *fakeDriver) Shed(bytes int64, urgency socket.Urgency) int {
	d.shed, d.urgency = append(d.shed, bytes), urgency
	d.account.Add(budget.Kernel, -bytes)
	return 3
}

func TestReliefStepByStep(t *testing.T) {
	var log bytes.Buffer
	account := budget.NewAccount(100 << 20)
	d := &fakeDriver{account: account}
	var sockets int64
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	var total atomic.Int64
	r := &relief{account: account, driver: d, plain: d, log: slog.New(slog.NewTextHandler(&log, nil)), sockets: func() int64 { return sockets }, before: before, current: before, total: &total}

	now := time.Now()
	if got := r.look(now); got != quietInterval || d.measured != 0 {
		t.Errorf("without pressure the next look is in %v, and %d were measured", got, d.measured)
	}
	if got := debug.SetMemoryLimit(-1); got != 80<<20 {
		t.Errorf("the runtime's limit is %d", got)
	}
	sockets = 10 << 20
	if r.look(now); d.measured != 1 {
		t.Error("sockets are not measured when the system counts more than the account")
	}
	account.Add(budget.Kernel, 64<<20)
	if got := r.look(now); got != busyInterval || d.shed != nil || d.dropped != 0 {
		t.Errorf("at 64 %% the next look is in %v, and %v was shed", got, d.shed)
	}
	account.Add(budget.Kernel, 1<<20)
	if r.look(now); len(d.shed) != 1 || d.shed[0] != 5<<20 || d.urgency != socket.ShedLongStalled || d.dropped != 1 {
		t.Errorf("at 65 %%, %v was shed with urgency %d, and slow requests were dropped %d times", d.shed, d.urgency, d.dropped)
	}
	account.Add(budget.Kernel, 19<<20)
	if r.look(now.Add(crowdInterval - 1)); len(d.shed) != 1 || d.dropped != 1 {
		t.Errorf("within %v, %v was shed", crowdInterval, d.shed)
	}
	d.shed = nil
	if got := debug.SetMemoryLimit(-1); got != 25<<20 {
		t.Errorf("the runtime's limit is %d, want a quarter", got)
	}
	account.Add(budget.Kernel, 2<<20)
	if r.look(now); len(d.shed) != 1 || d.shed[0] != 6<<20 || d.urgency != socket.ShedStalled {
		t.Errorf("at 81 %%, %v was shed with urgency %d", d.shed, d.urgency)
	}
	account.Add(budget.Kernel, 16<<20)
	if r.look(now); len(d.shed) != 2 || d.urgency != socket.ShedAtOnce {
		t.Errorf("at 91 %%, %v was shed with urgency %d", d.shed, d.urgency)
	}
	account.Add(budget.Kernel, -80<<20)
	if r.look(now); len(d.shed) != 2 || !strings.Contains(log.String(), "connections=9") || total.Load() != 9 {
		t.Errorf("afterwards %v was shed, and the log is %s", d.shed, log.String())
	}
}

// TestReliefMeasuresWhatHasBeenRead: the account can be above what the system counts, and the
// system may not count at all.
func TestReliefMeasuresWhatHasBeenRead(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	for _, test := range []struct {
		name            string
		account, system int64
		want            int
	}{
		{"as the system counts", 20 << 20, 18 << 20, 0},
		{"too high", 20 << 20, 1 << 20, 2},
		{"not counted, without pressure", 20 << 20, 0, 0},
		{"not counted, under pressure", 60 << 20, 0, 2},
		{"under pressure", 60 << 20, 60 << 20, 2},
	} {
		account := budget.NewAccount(100 << 20)
		account.Add(budget.Kernel, test.account)
		d := &fakeDriver{account: account}
		r := &relief{account: account, driver: d, plain: d, sockets: func() int64 { return test.system }, before: before, current: before, total: new(atomic.Int64)}
		now := time.Now()
		for _, after := range []time.Duration{0, busyInterval, measureInterval} {
			r.look(now.Add(after))
		}
		if d.measured != test.want {
			t.Errorf("%s: measured %d times, want %d", test.name, d.measured, test.want)
		}
	}
}

// greedyDriver sheds nothing, and each look finds that more is held.
type greedyDriver struct{ fakeDriver }

func (d *greedyDriver) Shed(bytes int64, _ socket.Urgency) int {
	d.shed = append(d.shed, bytes)
	d.account.Add(budget.Kernel, 1)
	return 0
}

func TestReliefDoesNotSpin(t *testing.T) {
	account := budget.NewAccount(100 << 20)
	account.Add(budget.Kernel, 85<<20)
	d := &greedyDriver{fakeDriver{account: account}}
	r := newRelief(account, d, d, nil, new(atomic.Int64))
	done, ended := make(chan struct{}), make(chan struct{})
	began := time.Now()
	go func() {
		defer close(ended)
		r.run(done)
	}()
	time.AfterFunc(5*busyInterval, func() { close(done) })
	<-ended
	if n, most := len(d.shed), int(time.Since(began)/busyInterval)+1; n > most {
		t.Errorf("%d looks in %v, want at most %d", n, time.Since(began), most)
	}
}

// TestReliefForgetsWhatIsGone: a client that resets its connection frees what the system had for
// it, and the system does not report that.
func TestReliefForgetsWhatIsGone(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	const much = 100 << 20 / 16
	for _, test := range []struct {
		name               string
		left, open, system int64
		want               int64
	}{
		{"all of it is gone", 30 << 20, 0, 1, much + 1},
		{"some of it is gone", 30 << 20, 0, 20 << 20, 20<<20 + much},
		{"nothing is gone", 30 << 20, 0, 30 << 20, 30 << 20},
		{"others have more", 30 << 20, 0, 50 << 20, 30 << 20},
		{"the system does not tell", 30 << 20, 0, 0, 30 << 20},
		{"of those that are open", 1 << 20, 40 << 20, 1, 40 << 20},
	} {
		account := budget.NewAccount(100 << 20)
		account.Add(budget.Kernel, test.open)
		account.AddLeft(test.left)
		d := &fakeDriver{account: account}
		r := &relief{account: account, driver: d, plain: d, sockets: func() int64 { return test.system }, before: before, current: before, total: new(atomic.Int64)}
		r.measure(time.Now())
		if got := account.HeldBy(budget.Kernel); got != test.want {
			t.Errorf("%s: %d bytes are on the account, want %d", test.name, got, test.want)
		}
	}
}
