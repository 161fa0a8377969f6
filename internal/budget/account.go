// Package budget keeps an account of the memory that a process holds for its peers.
//
// Code that takes memory for a peer adds it to an [Account], and subtracts it when the memory
// is free again. The account compares the sum with its limit and returns a [Level]. At each
// level, the process does more to save memory:
//
//	None      below 50 %   nothing
//	ReadLess  from 50 %    less is read at a time, so that less can become unanswered
//	Refuse    from 65 %    new upgrades and plain requests get 503, and the connections that
//	                       have stalled for long are closed
//	Shed      from 80 %    the connections that hold most are closed
//
// docs/limits.md has the sum and the steps for operators.
package budget

import "sync/atomic"

// Kind is what memory is held for.
type Kind uint8

// The kinds. A byte of a kind in Go's heap counts as 1.25 bytes, since Go collects when the heap
// has grown by a quarter (GOGC=25).
const (
	Base        Kind = iota // the process without a peer, in all
	Connections             // what each connection costs while it is idle, kernel included
	Buffers                 // heap: input that is kept, output that is pending
	Inflaters               // heap: compressed messages that are unfinished
	Histories               // heap: windows of context takeover
	Requests                // plain HTTP: connections, bodies and answers
	Kernel                  // bytes in the buffers of sockets
	Ended                   // heap: what is kept of connections that have ended
	kinds
)

var kindNames = [kinds]string{"base", "connections", "buffers", "inflaters", "histories", "requests", "kernel", "ended"}

// String returns the kind's name for metrics.
func (k Kind) String() string { return kindNames[k] }

// Kinds returns all kinds.
func Kinds() []Kind {
	all := make([]Kind, kinds)
	for i := range all {
		all[i] = Kind(i)
	}
	return all
}

// heap reports whether the kind counts bytes allocated in Go's heap, which garbage adds to.
// The figures of the other kinds are complete.
func (k Kind) heap() bool { return k == Buffers || k == Inflaters || k == Histories || k == Ended }

// withGarbage returns what n bytes of the kind count as.
func (k Kind) withGarbage(n int64) int64 {
	if k.heap() {
		return n * heapNumerator / heapDenominator
	}
	return n
}

// The factor of memory in the heap, see [Kind].
const (
	heapNumerator   = 5
	heapDenominator = 4
)

// Level is how much of the limit is in use.
type Level int32

// The levels, in the order of pressure.
const (
	None Level = iota
	ReadLess
	Refuse
	Shed
)

// percent is where each level begins. A level ends slack percent lower.
var percent = [...]int64{None: 0, ReadLess: 50, Refuse: 65, Shed: 80}

const (
	slack = 2
	// shedTo is where shedding ends, in percent.
	shedTo = 75
	// roomTo is how much is left, in percent, when room is made for new peers.
	roomTo = 60
	// critical is where shedding does not wait for peers any more, in percent.
	critical = 90
)

// Account is the memory that is held. Without a limit the level is always [None]. All methods
// may be called from any goroutine.
type Account struct {
	limit int64
	held  [kinds]atomic.Int64 // as added, without the heap's factor
	total atomic.Int64
	level atomic.Int32 // what Pressure returned last
	shed  chan struct{}
	left  left
}

// NewAccount returns an account for limit bytes; 0 is no limit.
func NewAccount(limit int64) *Account {
	return &Account{limit: limit, shed: make(chan struct{}, 1)}
}

// Limit returns the limit in bytes; 0 is none.
func (a *Account) Limit() int64 { return a.limit }

// Add adds n bytes, which may be negative.
func (a *Account) Add(kind Kind, n int64) {
	if n == 0 {
		return
	}
	held := a.held[kind].Add(n)
	change := kind.withGarbage(held) - kind.withGarbage(held-n) // that of n alone would add up fractions
	if total := a.total.Add(change); n > 0 && a.limit > 0 && total >= a.percent(percent[Shed]) {
		select {
		case a.shed <- struct{}{}:
		default: // asked for already
		}
	}
}

// NeedShed returns a channel that gets a value when the account reaches [Shed].
func (a *Account) NeedShed() <-chan struct{} { return a.shed }

// Held returns the sum of everything that is held, in bytes.
func (a *Account) Held() int64 { return a.total.Load() }

// HeldBy returns what one kind adds to the sum, in bytes.
func (a *Account) HeldBy(kind Kind) int64 { return kind.withGarbage(a.held[kind].Load()) }

// Pressure returns the level. A level ends 2 % below where it begins, so that it does not come and
// go with every message. Pressure costs two atomic loads.
func (a *Account) Pressure() Level {
	if a.limit == 0 {
		return None
	}
	held, last := a.total.Load(), Level(a.level.Load())
	level := a.levelOf(held)
	if level < last {
		level = min(last, a.levelOf(held+a.percent(slack)))
	}
	if level != last {
		a.level.Store(int32(level))
	}
	return level
}

// levelOf returns the level that a sum has reached.
func (a *Account) levelOf(held int64) Level {
	for level := Shed; level > None; level-- {
		if held >= a.percent(percent[level]) {
			return level
		}
	}
	return None
}

// Excess returns how many bytes must be given back to end shedding, which is at 75 % of the limit,
// or 0. The account must have a limit.
func (a *Account) Excess() int64 { return max(0, a.Held()-a.percent(shedTo)) }

// Crowding returns how many bytes must be given back so that new peers are accepted for a while,
// or 0 if they are accepted.
func (a *Account) Crowding() int64 {
	if a.Pressure() < Refuse {
		return 0
	}
	return a.Held() - a.percent(roomTo)
}

// Critical reports whether at least 90 % of the limit is held, so that connections are closed
// without waiting for their peers.
func (a *Account) Critical() bool {
	return a.limit > 0 && a.Held() >= a.percent(critical)
}

func (a *Account) percent(n int64) int64 { return a.limit / 100 * n }

// Room returns how many idle connections the account has room for before it reaches [Refuse], at
// least 1, or 0 if there is no limit. Each takes cost bytes.
func (a *Account) Room(cost int64) int {
	if a.limit == 0 {
		return 0
	}
	return int(max(1, (a.percent(percent[Refuse])-a.HeldBy(Base))/cost))
}
