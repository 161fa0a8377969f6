package model

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Generate makes the program of a seed, for a server. With drain, the service is to
// shut down during it.
func Generate(s *Server, seed uint64, drain bool) *Program {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0)), server: s, drain: drain}
	p := &g.program
	g.handshake()
	for range 1 + g.IntN(8) {
		g.action()
	}
	if g.oneIn(8) {
		p.Missing = 1 + g.IntN(20)
	}
	p.SlowRead = !drain && g.oneIn(25)
	if p.SlowRead {
		g.flood()
	}
	g.cuts()
	p.End = []End{HalfClose, HalfClose, HalfClose, HalfClose, Reply, Reply, Reply, Silent, Silent, Abort}[g.IntN(10)]
	if p.End == Abort && (drain || g.oneIn(2)) {
		p.End = Reply
	}
	return p
}

// generator makes a program.
type generator struct {
	*rand.Rand
	server  *Server
	drain   bool
	program Program

	deflate    bool // permessage-deflate will be agreed on
	narrow     bool // with a window that compress/flate does not know of
	compressor compressor
}

// oneIn reports true in one of n cases.
func (g *generator) oneIn(n int) bool { return g.IntN(n) == 0 }

// pick returns one of the values.
func pick[T any](g *generator, values ...T) T { return values[g.IntN(len(values))] }

var validOffers = []string{
	"permessage-deflate",
	"permessage-deflate",
	"permessage-deflate; client_max_window_bits",
	"permessage-deflate; client_no_context_takeover",
	"permessage-deflate; server_no_context_takeover",
	"permessage-deflate; server_no_context_takeover; client_max_window_bits=15",
	"permessage-deflate; server_max_window_bits=15",
	"permessage-deflate; server_max_window_bits=10",
	"permessage-deflate; server_max_window_bits=9; client_max_window_bits",
	`permessage-deflate; server_max_window_bits="12"; client_max_window_bits=10`,
}

var declinedOffers = []string{
	"x-unknown",
	"permessage-deflate; unknown",
	"permessage-deflate; server_max_window_bits=7",
	"permessage-deflate; server_max_window_bits",
	"permessage-deflate; client_max_window_bits=016",
	"permessage-deflate; server_no_context_takeover; server_no_context_takeover",
	"permessage-deflate; client_no_context_takeover=1",
}

// handshake makes the request.
func (g *generator) handshake() {
	h := &g.program.Handshake
	h.Nonce = byte(g.IntN(256))
	if !g.drain && g.oneIn(15) {
		h.Refusal = refusals[g.IntN(len(refusals))].name
		return
	}
	if g.oneIn(6) {
		h.Protocols = pick(g, []string{"chat"}, []string{"v2.example, v1.example"}, []string{"b", "a"})
	}
	if g.oneIn(6) {
		h.Offers = append(h.Offers, pick(g, declinedOffers...))
	}
	if g.IntN(3) > 0 {
		h.Offers = append(h.Offers, pick(g, validOffers...))
		g.deflate = g.server.Compression != "off"
		o, _ := parseOffer(h.Offers[len(h.Offers)-1])
		g.narrow = o.ServerWindowBits != 0 && o.ServerWindowBits < 15
		g.compressor.takeover = g.server.Compression == "takeover" && !o.ServerNoContext && !o.ClientNoContext && !g.narrow
	}
}

// action adds a message, or something else that the client does.
func (g *generator) action() {
	if g.compressor.takeover && g.oneIn(3) {
		g.compressedMessage()
		return
	}
	switch n := g.IntN(100); {
	case n < 20:
		g.message(opText, g.text(), false)
	case n < 32:
		g.message(opBinary, g.binary(), false)
	case n < 58:
		g.compressedMessage()
	case n < 68:
		g.control()
	case n < 74:
		g.message(opText, pick(g, "bye", "BYE", "bYe"), g.deflate && g.oneIn(2))
		g.between()
	case n < 78:
		g.message(pick[byte](g, opText, opBinary), pick(g, "bye", "bye ", "byebye", "by", "b\x19e", "Bye\n"), g.deflate && g.oneIn(2))
	case n < 81:
		g.large()
	case n < 85 && g.server.MaxMessage <= 1<<20:
		g.overLimit()
	case n < 89:
		g.message(opText, g.invalidText(), g.deflate && g.oneIn(2))
	case n < 93:
		g.close()
	default:
		g.fault()
	}
}

// add adds a frame.
func (g *generator) add(f Frame) {
	if g.IntN(4) > 0 {
		f.Key = g.Uint32()
	}
	g.program.Frames = append(g.program.Frames, f)
}

// message adds a message, often in fragments.
func (g *generator) message(opcode byte, payload string, compressed bool) {
	if compressed {
		if g.narrow {
			payload = payload[:min(len(payload), 200)] // which may cut a character
		}
		payload = g.compressor.compress(g, payload)
		opcode |= rsv1Bit
	}
	g.fragments(opcode, payload)
}

// fragments adds a message as it is on the wire.
func (g *generator) fragments(first byte, payload string) {
	ends := []int{len(payload)}
	if g.oneIn(3) {
		for range 1 + g.IntN(4) {
			ends = append(ends, g.IntN(len(payload)+1))
		}
		slices.Sort(ends)
	}
	start := 0
	for i, end := range ends {
		if i == len(ends)-1 {
			first |= finBit
		}
		g.add(Frame{First: first, Payload: payload[start:end]})
		first, start = opContinuation, end
		if i < len(ends)-1 && !g.between() {
			return
		}
	}
}

// between adds what may come between two fragments. It reports whether the message goes on.
func (g *generator) between() bool {
	switch n := g.IntN(20); {
	case n < 6:
		g.control()
	case n < 8:
		g.fault()
	case n < 10:
		g.close()
	case n == 10:
		return false
	}
	return true
}

// control adds a ping or a pong.
func (g *generator) control() {
	g.add(Frame{First: pick[byte](g, finBit|opPing, finBit|opPing, finBit|opPong), Payload: g.bytes(pick(g, 0, 1, 4, 124, 125))})
}

// close adds a close frame.
func (g *generator) close() {
	code := func(code int) string { return string([]byte{byte(code >> 8), byte(code)}) }
	payload := ""
	switch g.IntN(8) {
	case 0:
	case 1:
		payload = "\x03"
	case 2:
		payload = code(pick(g, 0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)) + "reason"
	case 3:
		payload = code(1000) + pick(g, "\xff", "ok \xc3", "\xed\xa0\x80")
	case 4:
		payload = code(1001) + strings.Repeat("x", 123)
	default:
		payload = code(pick(g, 1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999)) + pick(g, "", "done", "κόσμε")
	}
	g.add(Frame{First: finBit | opClose, Payload: payload})
}

// fault adds a frame that breaks a rule.
func (g *generator) fault() {
	f := Frame{First: finBit | pick[byte](g, opText, opBinary, opPing, opContinuation), Payload: "fault"}
	switch g.IntN(9) {
	case 0:
		f.First |= pick[byte](g, 0x10, 0x20, 0x30, 0x40, 0x50, 0x70)
	case 1:
		f.First = finBit | pick[byte](g, 0x3, 0x7, 0xB, 0xF)
	case 2:
		f.First = pick[byte](g, opPing, opPong, opClose)
	case 3:
		f.First, f.Payload = finBit|pick[byte](g, opPing, opPong, opClose), strings.Repeat("x", 126)
	case 4:
		f.First = pick[byte](g, 0, finBit) | opContinuation
	case 5:
		f.Unmasked = true
	case 6:
		f.Length = Long16
	case 7:
		f.Length, f.Payload = Long64, strings.Repeat("x", pick(g, 1, 125, 126, 200))
	case 8:
		f.Length = TopBit
	}
	g.add(f)
}

// large adds a message that has frames over 64 KiB, or just not.
func (g *generator) large() {
	period := pick(g, "0123456789abcde\n", "дюжина😀..")
	times := pick(g, 4095, 4096, 4097, 5000, 9000)
	first := pick[byte](g, opText, opBinary)
	if g.deflate && g.oneIn(2) { // stored blocks
		period, times = "\x00\x10\x00\xef\xff0123456789abcde\n", pick(g, 3120, 3121, 4000)
		first |= rsv1Bit
		g.add(Frame{First: first, Payload: period, Times: times})
		g.between()
		g.add(Frame{First: finBit, Payload: pick(g, "\x00", "\x00", "\x00", "\x06")})
		return
	}
	if g.oneIn(3) {
		g.add(Frame{First: first, Payload: period, Times: times})
		g.between()
		first = opContinuation
	}
	f := Frame{First: finBit | first, Payload: period, Times: times}
	if g.oneIn(4) {
		f.First &^= finBit
		g.add(f)
		f = Frame{First: finBit, Payload: pick(g, "", "end", "\xff")}
	}
	g.add(f)
}

// overLimit adds a message over the limit of the server, or one that just is not.
func (g *generator) overLimit() {
	limit := int(g.server.MaxMessage)
	size := limit + pick(g, -1, 0, 1, 1000)
	switch opcode := pick[byte](g, opText, opBinary); {
	case g.deflate && !g.narrow && g.oneIn(2):
		g.message(opcode, strings.Repeat("x", size), true)
	case g.oneIn(2):
		g.add(Frame{First: opcode, Payload: "x", Times: size - 10})
		g.between()
		g.add(Frame{First: finBit, Payload: "0123456789"})
	case g.oneIn(2):
		g.add(Frame{First: finBit | opcode, Claim: uint64(size), Payload: "begun"})
	default:
		g.add(Frame{First: finBit | opcode, Payload: "x", Times: size})
	}
}

// flood adds more than the buffers of a connection hold.
func (g *generator) flood() {
	for i := range pick(g, 6, 20) {
		g.add(Frame{First: finBit | opBinary, Payload: fmt.Sprintf("%03d of a flood, ", i), Times: pick(g, 300, 3000, 4096)})
		if g.oneIn(4) {
			g.control()
		}
	}
}
