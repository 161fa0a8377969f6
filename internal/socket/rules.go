package socket

import "fmt"

// caller is the method of a Handler that a Step comes from.
type caller uint8

const (
	byOpened caller = iota
	byReceive
	byEndOfInput
	byWake
	byShed
)

// inputState is what a driver has to do about a connection's input.
type inputState uint8

const (
	reading  inputState = iota // wait for input and give it to Receive
	yielding                   // call Receive with what is kept, in the next turn
	paused                     // neither read nor call Receive
)

// after returns the state after a Step. It panics if the Step asks for an Action that its method
// may not ask for.
func (s inputState) after(by caller, then Action) inputState {
	switch {
	case by == byEndOfInput && then != Close && then != Reset:
		panic("socket: a Step of EndOfInput must ask for Close or Reset")
	case by == byShed && then != ShutDown && then != Close && then != Reset:
		panic("socket: a Step of Shed must ask for ShutDown, Close or Reset")
	case by == byShed:
		return reading
	case by != byReceive && then == Yield:
		panic("socket: only a Step of Receive may ask for Yield")
	case then == Yield:
		return yielding
	case then == Pause:
		return paused
	case by == byWake && s != reading:
		return yielding // an outstanding Yield stays so, and a pause ends with a call of Receive
	}
	return reading
}

// check panics if a Step writes or keeps more than it may. given is how many bytes
// Receive was given; given and kept mean nothing for the other methods.
func (c *Config) check(by caller, step Step, given, kept int) {
	most := c.Buffer
	if by == byReceive {
		most = max(most, c.Headroom+given-kept)
		switch {
		case kept < 0 || kept > given:
			panic(fmt.Sprintf("socket: Receive kept %d bytes of %d", kept, given))
		case kept > 0 && kept >= c.Buffer-c.Headroom && (step.Then == Read || step.Then == ShutDown):
			panic(fmt.Sprintf("socket: Receive kept %d bytes, which leaves no room to read in Config.Buffer=%d", kept, c.Buffer))
		}
	}
	if len(step.Write) > most {
		panic(fmt.Sprintf("socket: a Step writes %d bytes, and at most %d are allowed", len(step.Write), most))
	}
}
