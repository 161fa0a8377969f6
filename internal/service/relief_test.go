package service

import (
	"bytes"
	"log/slog"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/budget"
)

// fakeDriver gives back what it is asked for.
type fakeDriver struct {
	driver
	account  *budget.Account
	measured int
	shed     []int64
	atOnce   bool
}

func (d *fakeDriver) Measure() { d.measured++ }

func (d *fakeDriver) Shed(bytes int64, atOnce bool) int {
	d.shed, d.atOnce = append(d.shed, bytes), atOnce
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
	r := &relief{account: account, driver: d, log: slog.New(slog.NewTextHandler(&log, nil)), sockets: func() int64 { return sockets }, before: before, current: before}

	if got := r.look(); got != quietInterval || d.measured != 0 {
		t.Errorf("without pressure the next look is in %v, and %d were measured", got, d.measured)
	}
	if got := debug.SetMemoryLimit(-1); got != 80<<20 {
		t.Errorf("the runtime's limit is %d", got)
	}
	sockets = 10 << 20
	if r.look(); d.measured != 1 {
		t.Error("sockets are not measured when the system counts more than the account")
	}
	account.Add(budget.Kernel, 79<<20)
	if got := r.look(); got != busyInterval || d.shed != nil {
		t.Errorf("at 79 %% the next look is in %v, and %v was shed", got, d.shed)
	}
	if got := debug.SetMemoryLimit(-1); got != 25<<20 {
		t.Errorf("the runtime's limit is %d, want a quarter", got)
	}
	account.Add(budget.Kernel, 2<<20)
	if r.look(); len(d.shed) != 1 || d.shed[0] != 6<<20 || d.atOnce {
		t.Errorf("at 81 %%, %v was shed, at once: %v", d.shed, d.atOnce)
	}
	account.Add(budget.Kernel, 16<<20)
	if r.look(); len(d.shed) != 2 || !d.atOnce {
		t.Errorf("at 91 %%, %v was shed, at once: %v", d.shed, d.atOnce)
	}
	account.Add(budget.Kernel, -80<<20)
	if r.look(); len(d.shed) != 2 || !strings.Contains(log.String(), "connections=6") {
		t.Errorf("afterwards %v was shed, and the log is %s", d.shed, log.String())
	}
}
