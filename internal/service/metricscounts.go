package service

import (
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/echosvc/echosvc/internal/httpecho"
	"github.com/echosvc/echosvc/internal/wsconn"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// counts are the counters of the connections of one loop. It implements [wsconn.Metrics]. Each
// loop has its own, because a counter that two loops write to costs each of them a cache miss.
// A scrape adds them up.
type counts struct {
	_ cacheLine // keeps the counters apart from what the allocator has put before them

	text, binary, bytes, saved atomic.Int64 // echoed messages, their payload, and what compression saved

	opened, pingsMissed atomic.Int64
	durations, rtts     prometheus.Histogram // of all loops: ends and pongs are few
	closes              [initiators][codeLabels]atomic.Int64
	rejected            []atomic.Int64 // by index in rejections
	protocolErrors      []atomic.Int64 // by error, from 1
	controls            []atomic.Int64 // by index in controlNames

	_ cacheLine
}

// cacheLine is two cache lines, since processors fetch them in pairs. In bytes.
type cacheLine [128]byte

// The series of labels with a fixed set of values.
var (
	rejections     = append(wsconn.Reasons(), httpecho.ReasonRequests)
	rejectionIndex = indexes(rejections)
	controlNames   = wsconn.ControlNames()
	controlIndex   = indexes(controlNames)
)

const (
	initiators = int(wsconn.ByServer) + 1
	// codeLabels are 1000 to 1014, 3xxx and 4xxx.
	codeLabels = int(wsproto.CloseBadGateway-wsproto.CloseNormalClosure) + 3
)

// indexes returns the index of each element of a list.
func indexes[T comparable](list []T) map[T]int {
	m := map[T]int{}
	for i, v := range list {
		m[v] = i
	}
	return m
}

// newCounts returns counters at zero, and the histograms that all loops share.
func newCounts(durations, rtts prometheus.Histogram) *counts {
	return &counts{
		durations:      durations,
		rtts:           rtts,
		rejected:       make([]atomic.Int64, len(rejections)),
		protocolErrors: make([]atomic.Int64, len(wsproto.ProtocolErrors())+1),
		controls:       make([]atomic.Int64, len(controlNames)),
	}
}

// Opened counts a WebSocket.
func (c *counts) Opened() { c.opened.Add(1) }

// Rejected counts a request that was refused.
func (c *counts) Rejected(e *wsproto.HandshakeError) { c.rejected[rejectionIndex[e.Reason]].Add(1) }

// Echoed counts messages and payload.
func (c *counts) Echoed(t wsconn.Traffic) {
	if t.Bytes > 0 {
		c.bytes.Add(t.Bytes)
	}
	if t.Text > 0 {
		c.text.Add(t.Text)
	}
	if t.Binary > 0 {
		c.binary.Add(t.Binary)
	}
	if t.Saved > 0 {
		c.saved.Add(t.Saved)
	}
}

// PongReceived counts the answer to a ping.
func (c *counts) PongReceived(rtt time.Duration) { c.rtts.Observe(rtt.Seconds()) }

// PongMissed counts a connection that is closed because a pong is missing.
func (c *counts) PongMissed() { c.pingsMissed.Add(1) }

// Closed counts the end of a WebSocket.
func (c *counts) Closed(s *wsconn.Summary) {
	c.durations.Observe(s.Duration.Seconds())
	c.closes[s.Initiator][codeIndex(s.Code)].Add(1)
	if s.Err != 0 {
		c.protocolErrors[s.Err].Add(1)
	}
}

// Controls adds n to the connections that use the controls, whose names are separated by
// commas.
func (c *counts) Controls(names string, n int64) {
	for name := range strings.SplitSeq(names, ",") {
		if i, open := controlIndex[name]; open {
			c.controls[i].Add(n)
		}
	}
}

// codeIndex maps close codes to their series: one each for the registered codes, and for the
// ranges 3000 to 3999 and 4000 to 4999 (RFC 6455 section 7.4.2).
func codeIndex(code wsproto.CloseCode) int {
	switch {
	case code < 3000:
		return int(code - wsproto.CloseNormalClosure)
	case code < 4000:
		return codeLabels - 2
	}
	return codeLabels - 1
}

// codeLabel returns the label of a series of close codes.
func codeLabel(index int) string {
	switch index {
	case codeLabels - 2:
		return "3xxx"
	case codeLabels - 1:
		return "4xxx"
	}
	return strconv.Itoa(int(wsproto.CloseNormalClosure) + index)
}

// canHappen reports whether a connection can end with that close code and initiator.
func canHappen(initiator wsconn.Initiator, index int) bool {
	const reserved = 1004
	switch code := int(wsproto.CloseNormalClosure) + index; code {
	case reserved:
		return false
	case int(wsproto.CloseNoStatusReceived):
		return initiator == wsconn.ByClient
	case int(wsproto.CloseAbnormalClosure):
		return initiator != wsconn.ByClient
	}
	return initiator != wsconn.ByNobody
}
