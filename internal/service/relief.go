package service

import (
	"log/slog"
	"math"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/socket"
)

const (
	// quietInterval is the time between two looks at memory without pressure. busyInterval is
	// that under pressure, and the shortest.
	quietInterval = 250 * time.Millisecond
	busyInterval  = 20 * time.Millisecond
	// measureInterval is the least time between two measurements of sockets, unless the system
	// counts more for them than the account does.
	measureInterval = 250 * time.Millisecond
	// crowdInterval is how often room is made for new clients, at most.
	crowdInterval = time.Second
	// outsideHeap is what the process takes beyond the runtime's limit, in bytes: the mapped
	// program.
	outsideHeap = 10 << 20
)

// relief keeps the process below MEMORY_LIMIT.
type relief struct {
	account *budget.Account
	driver  driver
	log     *slog.Logger
	sockets func() int64 // bytes of all sockets, as the system counts them; 0 if it does not
	plain   slowRequests

	before   int64     // the runtime's limit at the start, from GOMEMLIMIT
	current  int64     // the runtime's limit now
	measured time.Time // when the sockets were last measured
	crowded  time.Time // when room was last made for new clients
	shed     int       // connections that the present pressure has cost
	total    *atomic.Int64
}

// slowRequests are plain requests, of which those that are slow can be dropped.
type slowRequests interface{ DropSlow() }

// newRelief returns a relief that does nothing yet. It adds the connections that it sheds to
// total.
func newRelief(account *budget.Account, d driver, plain slowRequests, log *slog.Logger, total *atomic.Int64) *relief {
	return &relief{account: account, driver: d, plain: plain, log: log, total: total, sockets: func() int64 { return 0 }}
}

// run works until done is closed. Without a limit it does nothing.
func (r *relief) run(done <-chan struct{}) {
	if r.account.Limit() == 0 {
		return
	}
	r.before = debug.SetMemoryLimit(-1)
	r.current = r.before
	defer debug.SetMemoryLimit(r.before)
	meter := newSocketMeter()
	defer meter.close()
	r.sockets = meter.bytes
	timer := time.NewTimer(0)
	defer timer.Stop()
	var last time.Time
	for {
		select {
		case <-done:
			return
		case <-timer.C:
		case <-r.account.NeedShed(): // with much memory in use, it has a value again at once
			select {
			case <-done:
				return
			case <-time.After(busyInterval - time.Since(last)):
			}
		}
		last = time.Now()
		timer.Reset(r.look(last))
	}
}

// look does what is due, and returns when to look again.
func (r *relief) look(now time.Time) time.Duration {
	r.measure(now)
	r.limitRuntime()
	r.shedExcess()
	r.makeRoom(now)
	if r.account.Pressure() > budget.None || r.account.HeldBy(budget.Kernel) > r.account.Limit()/16 {
		return busyInterval
	}
	return quietInterval
}

// measure takes off the account the closed connections for which the system holds nothing any more,
// as after a reset. It measures all sockets if the account and the system disagree about them, and
// regularly under pressure. By itself, a driver measures a socket only when it has sent something,
// or while the client does not read, so it does not notice that a socket has emptied.
func (r *relief) measure(now time.Time) {
	system, account, much := r.sockets(), r.account.HeldBy(budget.Kernel), r.account.Limit()/16
	if over := account - system - much; system > 0 && over > 0 {
		r.account.ForgiveLeft(over)
		account = r.account.HeldBy(budget.Kernel)
	}
	tooLow := system-account > much
	tooHigh := system > 0 && account-system > much
	if tooLow || now.Sub(r.measured) >= measureInterval && (tooHigh || r.account.Pressure() > budget.None) {
		r.measured = now
		r.driver.Measure()
	}
}

// runtimeLimit returns the limit for Go's runtime: 90 % of MEMORY_LIMIT, less the memory that
// the runtime does not count.
func runtimeLimit(limit, kernel int64) int64 {
	return max(limit/10*9-outsideHeap-kernel, limit/4)
}

// limitRuntime adjusts the runtime's limit to the kernel's share. A lower GOMEMLIMIT stays.
func (r *relief) limitRuntime() {
	limit := min(r.before, runtimeLimit(r.account.Limit(), r.account.HeldBy(budget.Kernel)))
	if step := r.account.Limit() / 64; math.Abs(float64(limit)-float64(r.current)) > float64(step) {
		debug.SetMemoryLimit(limit)
		r.current = limit
	}
}

// shedExcess closes connections while the account is at [budget.Shed], and logs how many
// when that is over.
func (r *relief) shedExcess() {
	level := r.account.Pressure()
	if level < budget.Shed {
		if r.shed > 0 && level < budget.Refuse {
			r.log.Warn("memory was short; connections were closed", "memory_limit", r.account.Limit(), "connections", r.shed)
			r.shed = 0
		}
		return
	}
	urgency := socket.ShedStalled
	if r.account.Critical() {
		urgency = socket.ShedAtOnce
	}
	r.count(r.driver.Shed(r.account.Excess(), urgency))
}

// makeRoom closes connections that have stalled for long, and plain requests that are slow, while
// new clients are refused. Otherwise clients that send a byte now and then could keep new ones out
// for good.
func (r *relief) makeRoom(now time.Time) {
	crowding := r.account.Crowding()
	if crowding == 0 || now.Sub(r.crowded) < crowdInterval {
		return
	}
	r.crowded = now
	r.plain.DropSlow()
	if r.account.Pressure() == budget.Refuse { // otherwise shedExcess does more
		r.count(r.driver.Shed(crowding, socket.ShedLongStalled))
	}
}

// count counts connections that are shed.
func (r *relief) count(n int) {
	r.shed += n
	r.total.Add(int64(n))
}
