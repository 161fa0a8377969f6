package wsproto

import (
	"bytes"
	"encoding/binary"
	"github.com/echosvc/echosvc/internal/wstest"
	"strings"
	"testing"
	"unicode/utf8"
)

type violationTest struct {
	name   string
	in     []byte
	enough int // bytes of in; 0 is all
	want   Violation
	code   CloseCode
}

// violationTests has, for each breach, bytes that show it and how many of them are
// enough: the answer must not wait for more.
var violationTests = []violationTest{
	{"RSV1 set", []byte("\xc1\x80"), 1, ReservedBits, 1002},
	{"RSV2 set", []byte("\xa1\x80"), 1, ReservedBits, 1002},
	{"RSV3 set", []byte("\x91\x80"), 1, ReservedBits, 1002},
	{"RSV1 on a ping", []byte("\xc9\x80"), 1, ReservedBits, 1002},
	{"opcode 3", []byte("\x83\x80"), 1, ReservedOpcode, 1002},
	{"opcode 7", []byte("\x87\x80"), 1, ReservedOpcode, 1002},
	{"opcode 11", []byte("\x8b\x80"), 1, ReservedOpcode, 1002},
	{"opcode 15", []byte("\x8f\x80"), 1, ReservedOpcode, 1002},
	{"fragmented ping", []byte("\x09\x80"), 1, FragmentedControl, 1002},
	{"fragmented close", []byte("\x08\x80"), 1, FragmentedControl, 1002},
	{"ping of 126 bytes", []byte("\x89\xfe\x00\x7e"), 2, ControlTooLong, 1002},
	{"close of 65536 bytes", []byte("\x88\xff"), 2, ControlTooLong, 1002},
	{"not masked", []byte("\x81\x05Hello"), 2, UnmaskedFrame, 1002},
	{"ping not masked", []byte("\x89\x00"), 2, UnmaskedFrame, 1002},
	{"125 in 16 bits", []byte("\x82\xfe\x00\x7d"), 4, NonMinimalLength, 1002},
	{"0 in 16 bits", []byte("\x82\xfe\x00\x00"), 4, NonMinimalLength, 1002},
	{"65535 in 64 bits", []byte("\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff"), 10, NonMinimalLength, 1002},
	{"length 2^63", wstest.Claim(0x82, 1<<63), 3, LengthOverflow, 1002},
	{"length 2^64-1", wstest.Claim(0x82, 1<<64-1), 3, LengthOverflow, 1002},
	{"continuation of nothing", wstest.Frame(0x80, "x"), 1, UnexpectedContinuation, 1002},
	{"continuation of nothing, unfinished", wstest.Frame(0x00, "x"), 1, UnexpectedContinuation, 1002},
	{"continuation behind a finished message", join(wstest.Frame(0x81, "a"), wstest.Frame(0x80, "x")), 8, UnexpectedContinuation, 1002},
	{"text within a text", join(wstest.Frame(0x01, "a"), wstest.Frame(0x81, "b")), 8, ExpectedContinuation, 1002},
	{"binary within a text", join(wstest.Frame(0x01, "a"), wstest.Frame(0x02, "b")), 8, ExpectedContinuation, 1002},
	{"over the limit", wstest.Claim(0x82, 1<<20+1), 14, MessageOverLimit, 1009},
	{"text is not UTF-8", wstest.Frame(0x81, "a\xffb"), 8, InvalidUTF8, 1007},
	{"text ends within a character", wstest.Frame(0x81, "\xe2\x82"), 0, InvalidUTF8, 1007},
	{"character cut by a fragment goes wrong", join(wstest.Frame(0x01, "\xe2"), wstest.Frame(0x00, "a")), 0, InvalidUTF8, 1007},
	{"fragments end within a character", join(wstest.Frame(0x01, "\xe2"), wstest.Frame(0x80, "")), 0, InvalidUTF8, 1007},
	{"large text, not UTF-8 in what has come", append(wstest.Claim(0x81, 1<<20), 'a'^0x37, 'b'^0xfa, 0xff^0x21), 0, InvalidUTF8, 1007},
	{"close payload of one byte", wstest.Frame(0x88, "\x03"), 0, ClosePayloadTooShort, 1002},
	{"close code 0", wstest.Frame(0x88, "\x00\x00"), 0, InvalidCloseCode, 1002},
	{"close code 999", wstest.Frame(0x88, "\x03\xe7"), 0, InvalidCloseCode, 1002},
	{"close code 1004", wstest.Frame(0x88, "\x03\xec"), 0, InvalidCloseCode, 1002},
	{"close code 1005", wstest.Frame(0x88, "\x03\xed"), 0, InvalidCloseCode, 1002},
	{"close code 1006", wstest.Frame(0x88, "\x03\xee"), 0, InvalidCloseCode, 1002},
	{"close code 1015", wstest.Frame(0x88, "\x03\xf7"), 0, InvalidCloseCode, 1002},
	{"close code 2999", wstest.Frame(0x88, "\x0b\xb7"), 0, InvalidCloseCode, 1002},
	{"close code 5000", wstest.Frame(0x88, "\x13\x88"), 0, InvalidCloseCode, 1002},
	{"close reason is not UTF-8", wstest.Frame(0x88, "\x03\xe8\xff"), 0, InvalidCloseReason, 1007},
}

// deflateViolationTests are those that need permessage-deflate, without context takeover.
var deflateViolationTests = []violationTest{
	{"RSV1 and RSV2 set", []byte("\xe1\x80"), 1, ReservedBits, 1002},
	{"RSV3 set", []byte("\x91\x80"), 1, ReservedBits, 1002},
	{"RSV1 on a ping", []byte("\xc9\x80"), 1, MisplacedRSV1, 1002},
	{"RSV1 on a close frame", []byte("\xc8\x80"), 1, MisplacedRSV1, 1002},
	{"RSV1 on a continuation", join(wstest.Frame(0x41, "\xf2\x48"), []byte("\xc0\x80")), 9, MisplacedRSV1, 1002},
	{"RSV1 on a continuation of what is not compressed", join(wstest.Frame(0x01, "a"), []byte("\xc0\x80")), 8, MisplacedRSV1, 1002},
	{"RSV1 on a reserved opcode", []byte("\xc3\x80"), 1, ReservedOpcode, 1002},
	{"a compressed text within a text", join(wstest.Frame(0x01, "a"), wstest.Frame(0xc1, "\x00")), 8, ExpectedContinuation, 1002},
	{"block of type 3", wstest.Frame(0xc2, "\x07abcdefghijkl"), 7, CorruptDeflate, 1007},
	{"ends within a block", wstest.Frame(0xc1, "\xf2\x48\xcd"), 0, CorruptDeflate, 1007},
	{"no bytes at all", wstest.Frame(0xc1, ""), 0, CorruptDeflate, 1007},
	{"the tail is not cut off, and a byte behind it", wstest.Frame(0xc1, "\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff\x06"), 0, CorruptDeflate, 1007},
	{"refers to the message before", join(wstest.Frame(0xc1, "\xf2\x48\xcd\xc9\xc9\x07\x00"), wstest.Frame(0xc1, "\xf2\x00\x11\x00\x00")), 22, CorruptDeflate, 1007},
	{"text is not UTF-8", wstest.Frame(0xc1, string(stored("a\xffb"))+"\x00"), 13, InvalidUTF8, 1007},
	{"text ends within a character", wstest.Frame(0xc1, string(stored("\xe2\x82"))+"\x00"), 0, InvalidUTF8, 1007},
	{"character cut by a fragment goes wrong", join(wstest.Frame(0x41, string(stored("\xe2"))), wstest.Frame(0x00, string(stored("a")))), 0, InvalidUTF8, 1007},
	{"large text, not UTF-8 in what has come", append(wstest.Claim(0xc1, 1<<20), wstest.Frame(0, string(stored("ab\xff")))[6:]...), 0, InvalidUTF8, 1007},
}

// stored is a block of DEFLATE that is not compressed (RFC 1951 section 3.2.4).
func stored(text string) []byte {
	n := uint16(len(text))
	return append([]byte{0, byte(n), byte(n >> 8), byte(^n), byte(^n >> 8)}, text...)
}

// TestEveryViolationEndsInItsCloseFrame_Section7_1_7 sends each breach whole, with more
// behind it, and byte by byte: the answer is one close frame, at the first byte that
// shows the breach, and nothing behind it.
func TestEveryViolationEndsInItsCloseFrame_Section7_1_7(t *testing.T) {
	seen := map[Violation]bool{}
	for _, test := range violationTests {
		seen[test.want] = true
		t.Run(test.name, func(t *testing.T) { test.run(t, Deflate{}) })
	}
	for _, test := range deflateViolationTests {
		seen[test.want] = true
		t.Run("deflate/"+test.name, func(t *testing.T) { test.run(t, stateless) })
	}
	for v := ReservedBits; int(v) < len(violations); v++ {
		if !seen[v] {
			t.Errorf("%v has no test", v)
		}
	}
}

func (test *violationTest) run(t *testing.T, deflate Deflate) {
	config := &Config{MaxMessageSize: 1 << 20, Inflaters: newTestInflaters(t)}
	enough := test.enough
	if enough == 0 {
		enough = len(test.in)
	}
	check := func(s *session) {
		t.Helper()
		frames := s.frames()
		last := frames[len(frames)-1]
		if last.First != 0x88 || binary.BigEndian.Uint16([]byte(last.Payload)) != uint16(test.code) || !utf8.ValidString(last.Payload[2:]) {
			t.Errorf("answered with %v, want a close frame with %d", last, test.code)
		}
		if ev := s.events[len(s.events)-1]; ev.Kind != Failed || ev.Violation != test.want {
			t.Errorf("the event is %+v, want %v", ev, test.want)
		}
		if !s.echo.Last() || !s.echo.CloseSent() || s.echo.CloseReceived() || len(s.kept) > 0 {
			t.Error("the Echo has not ended")
		}
	}
	whole := newDeflateSession(t, config, deflate)
	whole.read(join(test.in, wstest.Frame(0x81, "behind")))
	check(whole)

	s := newDeflateSession(t, config, deflate)
	for _, b := range test.in[:enough] {
		if s.echo.Last() {
			t.Fatal("ended before the byte that shows it")
		}
		s.read([]byte{b})
	}
	check(s)
	sent := len(s.out)
	s.read(wstest.Frame(0x81, "behind"))
	if len(s.out) != sent {
		t.Error("something was answered behind the close frame")
	}
}

func TestViolationTable(t *testing.T) {
	names := map[string]bool{}
	for v := ReservedBits; int(v) < len(violations); v++ {
		if names[v.String()] || strings.Trim(v.String(), "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			t.Errorf("the name %q stands twice, or is not one for metrics", v)
		}
		names[v.String()] = true
		if reason := violations[v].reason; reason == "" || len(reason) > MaxCloseReason {
			t.Errorf("%v: the reason has %d bytes", v, len(reason))
		}
	}
}

// TestNoCloseFrameIsSentTwice_Section5_5_1: a breach behind a close frame of the server's
// own ends the connection without another.
func TestNoCloseFrameIsSentTwice_Section5_5_1(t *testing.T) {
	s := newSession(t, &Config{})
	if frame := s.echo.AppendClose(nil, GoingAway, ""); !bytes.Equal(frame, []byte("\x88\x02\x03\xe9")) {
		t.Fatalf("the close frame is %x", frame)
	}
	s.read([]byte("\xc1\x80"))
	if len(s.out) != 0 || !s.echo.Last() {
		t.Errorf("sent %x, ended %v", s.out, s.echo.Last())
	}
}
