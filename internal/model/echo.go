package model

import (
	"encoding/binary"
	"slices"
	"unicode/utf8"
)

// wholeFrame is the largest payload, in bytes, that the echo promises to answer in one
// frame. A larger one may come back in several.
const wholeFrame = 64 << 10

// A Session is what the handshake and the server's configuration have settled.
type Session struct {
	Deflate    Params
	MaxMessage uint64 // in bytes, inflated; 0 is no limit
	Goodbye    string // the word that ends the conversation; empty is none
}

// An ending is what the client has to expect once it has read all answers.
type ending uint8

const (
	endOpen    ending = iota // the server waits for the client
	endClosing               // the server has sent its close frame and waits for the client's
	endEnded                 // the server ends the connection by itself
)

// An Expectation is what a client may read.
type Expectation struct {
	items    []item
	end      ending
	boundary bool // the client's stream ends between two frames
	fin      bool // the client has shut down its sending side

	drained   bool // the service is shutting down
	drainFrom int  // the first item before or within which the server may say so

	visited []Transition
	state   string
}

// echo works an Expectation out.
type echo struct {
	Session
	Expectation
	message message
	open    bool   // message is not complete
	history []byte // what compressed messages may refer to
	closing bool
}

// message is what has arrived of a message of the client.
type message struct {
	opcode     byte
	compressed bool
	size       uint64 // as its headers state it
	wire       []byte // as it came
	plain      []byte // inflated
	whole      int    // bytes of plain that are whole characters; counted for text alone
	begun      bool   // a part of the answer is among the items
	doubts     []int  // items that stand until the message turns out to be DEFLATE
}

// expect works out what a client may read that has sent stream after the handshake, and
// then, with fin, has shut down its sending side.
func expect(s Session, stream []byte, fin bool) *Expectation {
	e := &echo{Session: s}
	e.fin = fin
	for e.end != endEnded && e.frame(&stream) {
	}
	if e.closing && e.end != endEnded {
		e.end = endClosing
	}
	e.state = e.where()
	if fin && e.end != endEnded {
		if e.boundary {
			e.visit("end of input")
		} else {
			e.visit("end of input in a frame")
		}
	}
	return &e.Expectation
}

// frame takes the next frame off stream. It reports whether there may be more.
func (e *echo) frame(stream *[]byte) bool {
	p := *stream
	h, n, broken := readHeader(p, e.open, e.Deflate.Agreed)
	e.boundary = len(p) == 0
	switch {
	case broken != "":
		e.fail(broken)
		return false
	case n == 0:
		return false
	}
	size := len(p) - n
	complete := uint64(size) >= h.length
	if complete {
		size = int(h.length)
	}
	payload := unmask(p[n:n+size], h.key)
	*stream = p[n+size:]
	switch {
	case !h.control():
		e.data(&h, payload, complete)
	case complete:
		e.control(&h, payload)
	}
	return complete
}

// control answers a control frame (RFC 6455 section 5.5).
func (e *echo) control(h *clientHeader, payload []byte) {
	switch h.opcode {
	case opPing:
		e.visit("ping")
		e.add(item{kind: exact, first: finBit | opPong, payload: payload})
	case opPong:
		e.visit("pong")
	case opClose:
		e.close(payload)
	}
}

// close answers a close frame (section 5.5.1).
func (e *echo) close(payload []byte) {
	switch {
	case len(payload) == 0:
		e.visit("close without a code")
	case len(payload) == 1:
		e.fail(closePayload)
		return
	case !mayClose(binary.BigEndian.Uint16(payload)):
		e.fail(closeCode)
		return
	case !utf8.Valid(payload[2:]):
		e.fail(closeReason)
		return
	default:
		e.visit("close")
	}
	e.add(item{kind: exact, first: finBit | opClose, payload: payload})
	e.end = endEnded
}

// fail answers a breach (section 7.1.7).
func (e *echo) fail(f fault) {
	e.visit(string(f))
	e.add(item{kind: serverClose, code: f.code()})
	e.end = endEnded
}

// data answers a data frame, or what has come of it.
func (e *echo) data(h *clientHeader, payload []byte, complete bool) {
	if h.opcode != opContinuation {
		e.message = message{opcode: h.opcode, compressed: h.compressed}
	}
	m := &e.message
	m.size += h.length
	if !m.compressed && e.over(m.size) {
		e.fail(tooBig)
		return
	}
	before := len(m.wire)
	broken := e.take(payload, complete && h.fin)
	if broken == invalidText && !m.compressed { // nothing goes back that cannot be the beginning of a character
		payload = payload[:max(0, min(m.whole+utf8.UTFMax-1-before, len(payload)))]
	}
	e.answerData(h, payload, complete && broken == "")
	switch {
	case broken != "":
		e.fail(broken)
	case complete:
		e.visit(dataEvent(h, m))
		if h.fin {
			e.endMessage()
		}
		e.open = !h.fin
	}
}

// over reports whether a message of that many bytes is over the limit.
func (e *echo) over(size uint64) bool { return e.MaxMessage != 0 && size > e.MaxMessage }

// take adds payload to the message and returns the first breach in it.
func (e *echo) take(payload []byte, last bool) fault {
	m := &e.message
	m.wire = append(m.wire, payload...)
	corrupt := false
	if m.compressed {
		m.plain, corrupt = inflate(m.wire, e.history)
	} else {
		m.plain = m.wire
	}
	within := m.plain
	if e.over(uint64(len(within))) {
		within = within[:e.MaxMessage]
	}
	if m.opcode == opText {
		n, invalid := scanText(within[m.whole:])
		m.whole += n
		if invalid {
			return invalidText
		}
	}
	switch {
	case len(within) < len(m.plain):
		return tooBig
	case corrupt, last && m.compressed && !mayEnd(m.wire, e.history, m.plain):
		return corruptDeflate
	case last && m.opcode == opText && m.whole < len(m.plain):
		return invalidText
	}
	return ""
}

// answerData expects the answer to a data frame.
func (e *echo) answerData(h *clientHeader, payload []byte, complete bool) {
	m := &e.message
	if m.compressed {
		m.doubts = append(m.doubts, len(e.items))
		e.add(item{kind: doubt})
	}
	it := item{kind: pieces, payload: payload, complete: complete, fin: h.fin}
	if !m.begun {
		it.first = m.opcode
		if m.compressed {
			it.first |= rsv1Bit
		}
	}
	switch {
	case h.length > wholeFrame:
		e.add(it)
	case complete:
		it.kind = exact
		if h.fin {
			it.first |= finBit
		}
		e.add(it)
	}
	m.begun = true
}

// endMessage ends the message.
func (e *echo) endMessage() {
	m := &e.message
	if m.compressed && !e.closing {
		for _, i := range m.doubts {
			e.items[i].kind = nothing
		}
	}
	if m.compressed && !e.Deflate.ClientNoContext {
		e.history = append(e.history, m.plain...)
		e.history = e.history[max(0, len(e.history)-window):]
	}
	if m.opcode == opText && isGoodbye(m.plain, e.Goodbye) && !e.closing {
		e.visit("goodbye")
		e.add(item{kind: serverClose, code: 1000, reason: "goodbye"})
		e.closing = true
	}
}

// add expects it, unless the server has sent its close frame (section 5.5.1).
func (e *echo) add(it item) {
	if !e.closing {
		e.items = append(e.items, it)
	}
}

// where returns the state.
func (e *echo) where() string {
	switch m := &e.message; {
	case e.closing:
		return stateClosing
	case !e.open:
		return stateIdle
	case m.compressed && m.opcode == opText:
		return stateDeflatedText
	case m.compressed:
		return stateDeflatedBinary
	case m.opcode == opText:
		return stateText
	}
	return stateBinary
}

// visit notes a transition.
func (e *echo) visit(event string) {
	state := e.where()
	if state == stateClosing && !slices.Contains(inEveryState, event) {
		event = "data" // which is dropped, with whatever is wrong in it
	}
	e.visited = append(e.visited, Transition{state, event})
}

// dataEvent names a complete data frame.
func dataEvent(h *clientHeader, m *message) string {
	if h.opcode == opContinuation {
		if h.fin {
			return "last fragment"
		}
		return "fragment"
	}
	name := "text"
	if m.opcode == opBinary {
		name = "binary"
	}
	if m.compressed {
		name = "compressed " + name
	}
	if !h.fin {
		name += ", first fragment"
	}
	return name
}
