package model

import (
	"strings"
	"testing"
)

// answer is what a client may read, for a table: frames as a server sends them.
func answer(t *testing.T, frames ...Frame) []byte {
	t.Helper()
	var p []byte
	for _, f := range frames {
		f.Unmasked = true
		p = f.append(p)
	}
	return p
}

// compareFrames returns how frames of a server differ from an Expectation.
func compareFrames(x *Expectation, p []byte) string {
	m := &matcher{Expectation: x}
	for len(p) > 0 {
		f, n, err := cutFrame(p)
		if err != nil {
			return err.Error()
		}
		if n == 0 {
			return "a part of a frame"
		}
		if diff := m.next(f); diff != "" {
			return diff
		}
		p = p[n:]
	}
	if missing := m.missing(); missing != "" {
		return "missing: " + missing
	}
	return ""
}

var (
	stateless = Params{Agreed: true, ServerNoContext: true, ClientNoContext: true}
	takeover  = Params{Agreed: true}
)

// TestExpect: what a client sends, what it must read, and in which state that leaves the
// connection.
func TestExpect(t *testing.T) {
	text := func(payload string) Frame { return Frame{First: 0x81, Payload: payload} }
	failed := func(code string) Frame { return Frame{First: 0x88, Payload: code + "why"} }
	const big = 70000
	tests := []struct {
		name    string
		deflate Params
		frames  []Frame
		answer  []Frame
		end     ending
		diff    string // a part of how the answer differs; empty is not at all
	}{
		{"5.4, fragments are kept", Params{}, []Frame{{First: 0x01, Payload: "a"}, {First: 0x89, Payload: "p"}, {First: 0x80}}, []Frame{{First: 0x01, Payload: "a"}, {First: 0x8a, Payload: "p"}, {First: 0x80}}, endOpen, ""},
		{"5.4, fragments are not kept", Params{}, []Frame{{First: 0x01, Payload: "a"}, {First: 0x80, Payload: "b"}}, []Frame{text("ab")}, endOpen, "want text without FIN"},
		{"5.5.3, a pong is not answered", Params{}, []Frame{{First: 0x8a, Payload: "p"}}, nil, endOpen, ""},
		{"5.5.1, nothing is sent after a close frame", Params{}, []Frame{{First: 0x88, Payload: "\x03\xe8x"}, text("a")}, []Frame{{First: 0x88, Payload: "\x03\xe8x"}}, endEnded, ""},
		{"5.5.1, the reason is kept", Params{}, []Frame{{First: 0x88, Payload: "\x03\xe8x"}}, []Frame{{First: 0x88, Payload: "\x03\xe8"}}, endEnded, "want close"},
		{"5.5.1, a close frame of one byte", Params{}, []Frame{{First: 0x88, Payload: "\x03"}}, []Frame{failed("\x03\xea")}, endEnded, ""},
		{"5.5.1, a reason that is not UTF-8", Params{}, []Frame{{First: 0x88, Payload: "\x03\xe8\xff"}}, []Frame{failed("\x03\xef")}, endEnded, ""},
		{"7.4, a code that may not be sent", Params{}, []Frame{{First: 0x88, Payload: "\x03\xed"}}, []Frame{failed("\x03\xea")}, endEnded, ""},
		{"5.1, what came before a breach is answered", Params{}, []Frame{text("a"), {First: 0x81, Unmasked: true}}, []Frame{text("a"), failed("\x03\xea")}, endEnded, ""},
		{"7.4.1, another code", Params{}, []Frame{{First: 0x83}}, []Frame{failed("\x03\xef")}, endEnded, "want a close frame with 1002"},
		{"8.1, within an unfinished frame", Params{}, []Frame{{First: 0x81, Payload: "a\xff", Claim: 100}}, []Frame{failed("\x03\xef")}, endEnded, ""},
		{"8.1, across fragments", Params{}, []Frame{{First: 0x01, Payload: "\xce"}, {First: 0x80, Payload: "\xce"}}, []Frame{{First: 0x01, Payload: "\xce"}, failed("\x03\xef")}, endEnded, ""},
		{"8.1, at the end of a message", Params{}, []Frame{{First: 0x81, Payload: "\xce"}}, []Frame{failed("\x03\xef")}, endEnded, ""},
		{"8.1, not in binary", Params{}, []Frame{{First: 0x82, Payload: "\xff"}}, []Frame{{First: 0x82, Payload: "\xff"}}, endOpen, ""},
		{"7.4.1, over the limit, by the header", Params{}, []Frame{{First: 0x82, Payload: "x", Claim: 100001}}, []Frame{failed("\x03\xf1")}, endEnded, ""},
		{"7.4.1, over the limit, in fragments", Params{}, []Frame{{First: 0x02, Payload: "x", Times: 1}, {First: 0x80, Claim: 100000}}, []Frame{{First: 0x02, Payload: "x"}, failed("\x03\xf1")}, endEnded, ""},
		{"5.4, a frame over 64 KiB in pieces", Params{}, []Frame{{First: 0x82, Payload: "x", Times: big}}, []Frame{{First: 0x02, Payload: "x", Times: big - 1}, {First: 0x80, Payload: "x"}}, endOpen, ""},
		{"5.4, a frame of 64 KiB in pieces", Params{}, []Frame{{First: 0x82, Payload: "x", Times: wholeFrame}}, []Frame{{First: 0x02, Payload: "x", Times: wholeFrame - 1}, {First: 0x80, Payload: "x"}}, endOpen, "the server sends"},
		{"5.4, a piece without FIN at the end", Params{}, []Frame{{First: 0x82, Payload: "x", Times: big}}, []Frame{{First: 0x02, Payload: "x", Times: big}}, endOpen, "FIN"},
		{"8.1, pieces before a breach", Params{}, []Frame{{First: 0x81, Payload: strings.Repeat("x", big) + "\xff"}}, []Frame{{First: 0x01, Payload: "x", Times: 20000}, failed("\x03\xef")}, endEnded, ""},
		{"8.1, pieces after a breach", Params{}, []Frame{{First: 0x81, Payload: "xxxxxxxx\xffxxxxx", Times: 5000}}, []Frame{{First: 0x01, Payload: "xxxxxxxx\xffxxx"}, failed("\x03\xef")}, endEnded, "want frame"},
		{"a frame that is not complete", Params{}, []Frame{{First: 0x82, Payload: "x", Claim: 2}}, nil, endOpen, ""},
		{"goodbye", Params{}, []Frame{text("bYe"), {First: 0x89}}, []Frame{text("bYe"), {First: 0x88, Payload: "\x03\xe8goodbye"}}, endClosing, ""},
		{"goodbye in fragments", Params{}, []Frame{{First: 0x01, Payload: "b"}, {First: 0x80, Payload: "ye"}}, []Frame{{First: 0x01, Payload: "b"}, {First: 0x80, Payload: "ye"}, {First: 0x88, Payload: "\x03\xe8goodbye"}}, endClosing, ""},
		{"goodbye in binary", Params{}, []Frame{{First: 0x82, Payload: "bye"}}, []Frame{{First: 0x82, Payload: "bye"}}, endOpen, ""},
		{"a breach after goodbye", Params{}, []Frame{text("bye"), {First: 0x83}}, []Frame{text("bye"), {First: 0x88, Payload: "\x03\xe8goodbye"}}, endEnded, ""},
		{"RFC 7692 6.1, RSV1 on the first frame alone", stateless, []Frame{{First: 0x41, Payload: "\xf2\x48"}, {First: 0x80, Payload: "\xcd\xc9\xc9\x07\x00"}}, []Frame{{First: 0x41, Payload: "\xf2\x48"}, {First: 0x80, Payload: "\xcd\xc9\xc9\x07\x00"}}, endOpen, ""},
		{"RFC 7692 6.1, RSV1 on the others", stateless, []Frame{{First: 0x41, Payload: "\xf2\x48"}, {First: 0x80, Payload: "\xcd\xc9\xc9\x07\x00"}}, []Frame{{First: 0x41, Payload: "\xf2\x48"}, {First: 0xc0, Payload: "\xcd\xc9\xc9\x07\x00"}}, endOpen, "reserved bits"},
		{"RFC 7692 7.2.3.2, takeover", takeover, []Frame{{First: 0xc1, Payload: "\xf2\x48\xcd\xc9\xc9\x07\x00"}, {First: 0xc1, Payload: "\xf2\x00\x11\x00\x00"}}, []Frame{{First: 0xc1, Payload: "\xf2\x48\xcd\xc9\xc9\x07\x00"}, {First: 0xc1, Payload: "\xf2\x00\x11\x00\x00"}}, endOpen, ""},
		{"RFC 7692 7.1.1, no takeover", stateless, []Frame{{First: 0xc1, Payload: "\xf2\x48\xcd\xc9\xc9\x07\x00"}, {First: 0xc1, Payload: "\xf2\x00\x11\x00\x00"}}, []Frame{{First: 0xc1, Payload: "\xf2\x48\xcd\xc9\xc9\x07\x00"}, failed("\x03\xef")}, endEnded, ""},
		{"RFC 7692 7.2.2, corrupt", stateless, []Frame{{First: 0x42, Payload: "\x06"}}, []Frame{failed("\x03\xef")}, endEnded, ""},
		{"RFC 7692 7.2.2, doubtful", stateless, []Frame{{First: 0x42, Payload: "\x04"}}, []Frame{failed("\x03\xef")}, endOpen, ""},
	}
	for _, test := range tests {
		var stream []byte
		for _, f := range test.frames {
			stream = f.append(stream)
		}
		x := expect(Session{Deflate: test.deflate, MaxMessage: 100000, Goodbye: "bye"}, stream, false)
		diff := compareFrames(x, answer(t, test.answer...))
		if (diff == "") != (test.diff == "") || !strings.Contains(diff, test.diff) || x.end != test.end {
			t.Errorf("%s: ends in %d, differs by %q; want %d, %q", test.name, x.end, diff, test.end, test.diff)
		}
	}
}

// TestDrain: the close frame of the drain may come in the place of everything that is not
// answered before, and must where the client waits.
func TestDrain(t *testing.T) {
	drain := Frame{First: 0x88, Payload: "\x03\xe9" + drainReason}
	a, b := Frame{First: 0x81, Payload: "a"}, Frame{First: 0x81, Payload: "b"}
	stream := b.append(a.append(nil))
	for _, test := range []struct {
		answer []Frame
		diff   string
	}{
		{[]Frame{a, b, drain}, ""},
		{[]Frame{a, drain}, ""},
		{[]Frame{drain}, "want text"},
		{[]Frame{a, drain, b}, "after its close frame"},
		{[]Frame{a, b}, "missing"},
	} {
		x := expect(Session{}, stream, false)
		x.drained, x.drainFrom = true, 1
		if diff := compareFrames(x, answer(t, test.answer...)); (diff == "") != (test.diff == "") || !strings.Contains(diff, test.diff) {
			t.Errorf("%v: %q; want %q", test.answer, diff, test.diff)
		}
	}
}
