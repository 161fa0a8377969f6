package wsproto

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/echosvc/echosvc/internal/wstest"
)

type protocolErrorTest struct {
	name   string
	in     []byte
	enough int // bytes of in that prove it; 0 if all are needed
	want   ProtocolError
	code   CloseCode
}

// protocolErrorTests has input for each error, and how many bytes of it prove the error. The
// answer must not wait for more.
var protocolErrorTests = []protocolErrorTest{
	{"RSV1 set", []byte("\xc1\x80"), 1, ErrReservedBits, 1002},
	{"RSV2 set", []byte("\xa1\x80"), 1, ErrReservedBits, 1002},
	{"RSV3 set", []byte("\x91\x80"), 1, ErrReservedBits, 1002},
	{"RSV1 on a ping", []byte("\xc9\x80"), 1, ErrReservedBits, 1002},
	{"opcode 3", []byte("\x83\x80"), 1, ErrReservedOpcode, 1002},
	{"opcode 7", []byte("\x87\x80"), 1, ErrReservedOpcode, 1002},
	{"opcode 11", []byte("\x8b\x80"), 1, ErrReservedOpcode, 1002},
	{"opcode 15", []byte("\x8f\x80"), 1, ErrReservedOpcode, 1002},
	{"fragmented ping", []byte("\x09\x80"), 1, ErrFragmentedControl, 1002},
	{"fragmented close", []byte("\x08\x80"), 1, ErrFragmentedControl, 1002},
	{"ping of 126 bytes", []byte("\x89\xfe\x00\x7e"), 2, ErrControlTooLong, 1002},
	{"close of 65536 bytes", []byte("\x88\xff"), 2, ErrControlTooLong, 1002},
	{"not masked", []byte("\x81\x05Hello"), 2, ErrUnmaskedFrame, 1002},
	{"ping not masked", []byte("\x89\x00"), 2, ErrUnmaskedFrame, 1002},
	{"125 in 16 bits", []byte("\x82\xfe\x00\x7d"), 4, ErrNonMinimalLength, 1002},
	{"0 in 16 bits", []byte("\x82\xfe\x00\x00"), 4, ErrNonMinimalLength, 1002},
	{"65535 in 64 bits", []byte("\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff"), 10, ErrNonMinimalLength, 1002},
	{"length 2^63", wstest.Claim(0x82, 1<<63), 3, ErrLengthOverflow, 1002},
	{"length 2^64-1", wstest.Claim(0x82, 1<<64-1), 3, ErrLengthOverflow, 1002},
	{"continuation without a message", wstest.Frame(0x80, "x"), 1, ErrUnexpectedContinuation, 1002},
	{"continuation without a message, unfinished", wstest.Frame(0x00, "x"), 1, ErrUnexpectedContinuation, 1002},
	{"continuation after a finished message", join(wstest.Frame(0x81, "a"), wstest.Frame(0x80, "x")), 8, ErrUnexpectedContinuation, 1002},
	{"text within a text", join(wstest.Frame(0x01, "a"), wstest.Frame(0x81, "b")), 8, ErrExpectedContinuation, 1002},
	{"binary within a text", join(wstest.Frame(0x01, "a"), wstest.Frame(0x02, "b")), 8, ErrExpectedContinuation, 1002},
	{"over the limit", wstest.Claim(0x82, 1<<20+1), 14, ErrMessageOverLimit, 1009},
	{"text is not UTF-8", wstest.Frame(0x81, "a\xffb"), 8, ErrInvalidUTF8, 1007},
	{"text ends within a character", wstest.Frame(0x81, "\xe2\x82"), 0, ErrInvalidUTF8, 1007},
	{"character cut by a fragment, then invalid", join(wstest.Frame(0x01, "\xe2"), wstest.Frame(0x00, "a")), 0, ErrInvalidUTF8, 1007},
	{"fragmented text ends within a character", join(wstest.Frame(0x01, "\xe2"), wstest.Frame(0x80, "")), 0, ErrInvalidUTF8, 1007},
	{"unfinished frame, not UTF-8 so far", append(wstest.Claim(0x81, 1<<20), 'a'^0x37, 'b'^0xfa, 0xff^0x21), 0, ErrInvalidUTF8, 1007},
	{"close payload of one byte", wstest.Frame(0x88, "\x03"), 0, ErrClosePayloadTooShort, 1002},
	{"close code 0", wstest.Frame(0x88, "\x00\x00"), 0, ErrInvalidCloseCode, 1002},
	{"close code 999", wstest.Frame(0x88, "\x03\xe7"), 0, ErrInvalidCloseCode, 1002},
	{"close code 1004", wstest.Frame(0x88, "\x03\xec"), 0, ErrInvalidCloseCode, 1002},
	{"close code 1005", wstest.Frame(0x88, "\x03\xed"), 0, ErrInvalidCloseCode, 1002},
	{"close code 1006", wstest.Frame(0x88, "\x03\xee"), 0, ErrInvalidCloseCode, 1002},
	{"close code 1015", wstest.Frame(0x88, "\x03\xf7"), 0, ErrInvalidCloseCode, 1002},
	{"close code 2999", wstest.Frame(0x88, "\x0b\xb7"), 0, ErrInvalidCloseCode, 1002},
	{"close code 5000", wstest.Frame(0x88, "\x13\x88"), 0, ErrInvalidCloseCode, 1002},
	{"close reason is not UTF-8", wstest.Frame(0x88, "\x03\xe8\xff"), 0, ErrInvalidCloseReason, 1007},
}

// deflateErrorTests need permessage-deflate, without context takeover.
var deflateErrorTests = []protocolErrorTest{
	{"RSV1 and RSV2 set", []byte("\xe1\x80"), 1, ErrReservedBits, 1002},
	{"RSV3 set", []byte("\x91\x80"), 1, ErrReservedBits, 1002},
	{"RSV1 on a ping", []byte("\xc9\x80"), 1, ErrMisplacedRSV1, 1002},
	{"RSV1 on a close frame", []byte("\xc8\x80"), 1, ErrMisplacedRSV1, 1002},
	{"RSV1 on a continuation", join(wstest.Frame(0x41, "\xf2\x48"), []byte("\xc0\x80")), 9, ErrMisplacedRSV1, 1002},
	{"RSV1 on a continuation of an uncompressed message", join(wstest.Frame(0x01, "a"), []byte("\xc0\x80")), 8, ErrMisplacedRSV1, 1002},
	{"RSV1 on a reserved opcode", []byte("\xc3\x80"), 1, ErrReservedOpcode, 1002},
	{"a compressed text within a text", join(wstest.Frame(0x01, "a"), wstest.Frame(0xc1, "\x00")), 8, ErrExpectedContinuation, 1002},
	{"block of type 3", wstest.Frame(0xc2, "\x07abcdefghijkl"), 7, ErrCorruptDeflate, 1007},
	{"ends within a block", wstest.Frame(0xc1, "\xf2\x48\xcd"), 0, ErrCorruptDeflate, 1007},
	{"no payload", wstest.Frame(0xc1, ""), 0, ErrCorruptDeflate, 1007},
	{"00 00 ff ff is not removed, and a byte follows", wstest.Frame(0xc1, "\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff\x06"), 0, ErrCorruptDeflate, 1007},
	{"refers to the previous message", join(wstest.Frame(0xc1, "\xf2\x48\xcd\xc9\xc9\x07\x00"), wstest.Frame(0xc1, "\xf2\x00\x11\x00\x00")), 22, ErrCorruptDeflate, 1007},
	{"text is not UTF-8", wstest.Frame(0xc1, string(stored("a\xffb"))+"\x00"), 13, ErrInvalidUTF8, 1007},
	{"text ends within a character", wstest.Frame(0xc1, string(stored("\xe2\x82"))+"\x00"), 0, ErrInvalidUTF8, 1007},
	{"character cut by a fragment, then invalid", join(wstest.Frame(0x41, string(stored("\xe2"))), wstest.Frame(0x00, string(stored("a")))), 0, ErrInvalidUTF8, 1007},
	{"unfinished frame, not UTF-8 so far", append(wstest.Claim(0xc1, 1<<20), wstest.Frame(0, string(stored("ab\xff")))[6:]...), 0, ErrInvalidUTF8, 1007},
}

// stored returns text as a stored block (RFC 1951 section 3.2.4).
func stored(text string) []byte {
	n := uint16(len(text))
	return append([]byte{0, byte(n), byte(n >> 8), byte(^n), byte(^n >> 8)}, text...)
}

// TestProtocolErrors_Section7_1_7 sends each input in one read, with a frame after it, and
// byte by byte. The answer is one close frame, at the first byte that proves the error, and
// nothing after it.
func TestProtocolErrors_Section7_1_7(t *testing.T) {
	tested := map[ProtocolError]bool{}
	for _, test := range protocolErrorTests {
		tested[test.want] = true
		t.Run(test.name, func(t *testing.T) { test.run(t, Deflate{}) })
	}
	for _, test := range deflateErrorTests {
		tested[test.want] = true
		t.Run("deflate/"+test.name, func(t *testing.T) { test.run(t, stateless) })
	}
	for err := ErrReservedBits; int(err) < len(protocolErrors); err++ {
		if !tested[err] {
			t.Errorf("%s has no test", err.Name())
		}
	}
}

func (test *protocolErrorTest) run(t *testing.T, deflate Deflate) {
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
		if ev := s.lastEvent(); ev.Kind != Failed || ev.Err != test.want {
			t.Errorf("the event is %+v, want %s", ev, test.want.Name())
		}
		if !s.echo.Done() || !s.echo.CloseSent() || s.echo.CloseReceived() || len(s.kept) > 0 {
			t.Error("the Echo is not done")
		}
	}
	whole := newDeflateSession(t, config, deflate)
	whole.read(join(test.in, wstest.Frame(0x81, "after")))
	check(whole)

	s := newDeflateSession(t, config, deflate)
	for _, b := range test.in[:enough] {
		if s.echo.Done() {
			t.Fatal("done before the byte that proves the error")
		}
		s.read([]byte{b})
	}
	check(s)
	sent := len(s.out)
	s.read(wstest.Frame(0x81, "after"))
	if len(s.out) != sent {
		t.Error("a frame after the close frame was answered")
	}
}

func TestProtocolErrorTable(t *testing.T) {
	names := map[string]bool{}
	for err := ErrReservedBits; int(err) < len(protocolErrors); err++ {
		if names[err.Name()] || strings.Trim(err.Name(), "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			t.Errorf("the name %q occurs twice or is not snake case", err.Name())
		}
		names[err.Name()] = true
		if reason := err.Error(); reason == "" || len(reason) > MaxCloseReason {
			t.Errorf("%s: the reason has %d bytes", err.Name(), len(reason))
		}
		if !err.CloseCode().MaySend() {
			t.Errorf("%s: the close code is %d", err.Name(), err.CloseCode())
		}
	}
}

// TestProtocolErrors: the list has every error once, and no two share a name.
func TestProtocolErrors(t *testing.T) {
	seen := map[string]bool{}
	for i, err := range ProtocolErrors() {
		if int(err) != i+1 || seen[err.Name()] {
			t.Errorf("error %d of the list is %d, %s", i, err, err.Name())
		}
		seen[err.Name()] = true
	}
	if !seen[ErrReservedBits.Name()] || !seen[ErrInvalidCloseReason.Name()] || len(seen) != len(protocolErrors)-1 {
		t.Errorf("the list has %d of %d errors", len(seen), len(protocolErrors)-1)
	}
}
