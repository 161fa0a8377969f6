package model

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// A Transition is an event in a state of the model.
type Transition struct{ State, Event string }

func (t Transition) String() string { return t.State + ": " + t.Event }

// Coverage counts transitions. It may be used concurrently.
type Coverage struct {
	mu     sync.Mutex
	counts map[Transition]int
}

// Add counts transitions.
func (c *Coverage) Add(visited []Transition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[Transition]int{}
	}
	for _, t := range visited {
		c.counts[t]++
	}
}

// The states of the model after the handshake.
const (
	stateIdle           = "between messages"
	stateText           = "in text"
	stateBinary         = "in binary"
	stateDeflatedText   = "in compressed text"
	stateDeflatedBinary = "in compressed binary"
	stateClosing        = "closing" // the server's close frame is sent, the client's is awaited
)

// inMessage has the states between the fragments of a message.
var inMessage = []string{stateText, stateBinary, stateDeflatedText, stateDeflatedBinary}

// inEveryState has the events that are told apart in every state.
var inEveryState = []string{
	string(reservedBits), string(reservedOpcode), string(fragmentedControl), string(controlTooLong),
	string(unmaskedFrame), string(nonMinimalLength), string(lengthTopBit),
	string(closePayload), string(closeCode), string(closeReason),
	"ping", "pong", "close without a code", "close", "end of input", "end of input in a frame",
}

// Transitions returns all transitions of the model.
func Transitions() []Transition {
	var all []Transition
	add := func(state string, events ...string) {
		for _, event := range events {
			all = append(all, Transition{state, event})
		}
	}
	for _, state := range append([]string{stateIdle, stateClosing}, inMessage...) {
		add(state, inEveryState...)
	}
	add(stateIdle, "text", "binary", "compressed text", "compressed binary",
		"text, first fragment", "binary, first fragment", "compressed text, first fragment", "compressed binary, first fragment",
		string(unexpectedContinuation), string(invalidText), string(tooBig), string(corruptDeflate), "goodbye", "drain")
	for _, state := range inMessage {
		add(state, "fragment", "last fragment", string(expectedContinuation), string(tooBig), "drain")
	}
	add(stateText, string(invalidText), "goodbye")
	add(stateDeflatedText, string(invalidText), string(corruptDeflate), "goodbye")
	add(stateDeflatedBinary, string(corruptDeflate))
	add(stateClosing, "data")
	add("handshake", "101", "101 with permessage-deflate", "101 with a subprotocol")
	for _, r := range refusals {
		add("handshake", r.name)
	}
	return all
}

// visited returns how many transitions were visited, and how many there are.
func (c *Coverage) visited() (visited, all int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range Transitions() {
		if c.counts[t] > 0 {
			visited++
		}
		all++
	}
	return visited, all
}

// String reports how many transitions were visited, by state, and which were not.
func (c *Coverage) String() string {
	visited, all := c.visited()
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d transitions visited", visited, all)
	missing := map[string][]string{}
	for _, t := range Transitions() {
		if c.counts[t] == 0 {
			missing[t.State] = append(missing[t.State], t.Event)
		}
	}
	for _, state := range slices.Sorted(maps.Keys(missing)) {
		fmt.Fprintf(&b, "\n  not visited %s: %s", state, strings.Join(missing[state], ", "))
	}
	for t := range c.counts {
		if !slices.Contains(Transitions(), t) {
			fmt.Fprintf(&b, "\n  not in the table: %v", t)
		}
	}
	return b.String()
}
