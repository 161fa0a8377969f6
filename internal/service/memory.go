package service

import (
	"log/slog"
	"math"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/config"
)

// What is counted without being measured, in bytes. docs/limits.md has the figures for
// operators.
const (
	baseCost     = 20 << 20  // the process before it has a connection
	loopCost     = 6 << 10   // an idle connection of the loop driver: 0.6 KiB, and 5 KiB in the kernel
	portableCost = 13 << 10  // one of the portable driver, without its buffer
	tlsCost      = 40 << 10  // what TLS adds to one of the portable driver
	loopTLSCost  = 8 << 10   // what TLS adds to one of the loop driver
	loopBase     = 640 << 10 // a loop's read buffer and table
	loopTLSBase  = 320 << 10 // what TLS adds to a loop: buffers for ciphertext, read and to be sent
)

// usesLoop reports whether a configuration chooses the loop driver.
func usesLoop(c config.Config) bool {
	return c.Driver == "loop" || c.Driver == "auto" && haveLoop
}

// loopCount returns how many loops the loop driver has: one for each core, or fewer, so that
// they take at most an eighth of the memory and of the file descriptors. A limit of 0 is none.
func loopCount(cores int, memory int64, files int) int {
	n := cores
	if memory > 0 {
		n = int(min(int64(n), memory/8/loopBase))
	}
	if files > 0 {
		n = min(n, files/8/loopFiles)
	}
	return max(1, n)
}

// newAccount returns the account for MEMORY_LIMIT, without the loops of a driver.
func newAccount(limit config.MemoryLimit, log *slog.Logger) *budget.Account {
	n := int64(limit)
	if limit == config.AutoMemoryLimit {
		n = cgroupLimit(log)
	}
	a := budget.NewAccount(n)
	a.Add(budget.Base, baseCost)
	return a
}

// cgroupLimit returns the memory limit of the process's cgroup, or 0 if there is none.
func cgroupLimit(log *slog.Logger) int64 {
	n, err := memlimit.FromCgroup()
	if err != nil {
		log.Debug("MEMORY_LIMIT=auto: no cgroup has a limit", "error", err)
		return 0
	}
	return int64(min(n, math.MaxInt64))
}

// idleBuffer returns the size of an idle connection's buffer. Only connections of the portable
// driver have one.
func idleBuffer(loop bool) int64 {
	if loop {
		return 0
	}
	return 5 << 10 // 4 KiB of Go's heap
}

// connCost returns what an idle connection costs.
func connCost(loop, tls bool) int64 {
	switch {
	case loop && tls:
		return loopCost + loopTLSCost
	case loop:
		return loopCost
	case tls:
		return portableCost + tlsCost
	}
	return portableCost
}
