package wsproto

import (
	"strings"
	"testing"
)

func TestAppendFrame_Section5_2(t *testing.T) {
	x := func(n int) []byte { return []byte(strings.Repeat("x", n)) }
	tests := []struct {
		name  string
		frame Frame
		want  string // without the payload
	}{
		{"text", Frame{Fin: true, Opcode: OpText, Payload: x(5)}, "\x81\x05"},
		{"first fragment, empty", Frame{Opcode: OpBinary}, "\x02\x00"},
		{"last fragment, 125 bytes", Frame{Fin: true, Payload: x(125)}, "\x80\x7d"},
		{"126 bytes", Frame{Fin: true, Opcode: OpBinary, Payload: x(126)}, "\x82\x7e\x00\x7e"},
		{"65535 bytes", Frame{Fin: true, Opcode: OpBinary, Payload: x(65535)}, "\x82\x7e\xff\xff"},
		{"65536 bytes", Frame{Fin: true, Opcode: OpBinary, Payload: x(65536)}, "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"},
		{"compressed (RFC 7692 section 6)", Frame{Compressed: true, Opcode: OpText, Payload: x(1)}, "\x41\x01"},
	}
	for _, test := range tests {
		if got := string(AppendFrame([]byte("before"), test.frame)); got != "before"+test.want+string(test.frame.Payload) {
			t.Errorf("%s: got %.30q, want %q and the payload", test.name, got, test.want)
		}
	}
}

func TestAppendMessages_Section5(t *testing.T) {
	for _, test := range []struct{ name, got, want string }{
		{"text (section 5.6)", string(AppendText([]byte("x"), []byte("abc"))), "x\x81\x03abc"},
		{"binary (section 5.6)", string(AppendBinary(nil, []byte("\x00"))), "\x82\x01\x00"},
		{"ping (section 5.5.2)", string(AppendPing(nil, []byte("abc"))), "\x89\x03abc"},
		{"pong (section 5.5.3)", string(AppendPong(nil, nil)), "\x8a\x00"},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %x, want %x", test.name, test.got, test.want)
		}
	}
}

func TestOpcodes_Section11_8(t *testing.T) {
	names := map[Opcode]string{OpContinuation: "continuation", OpText: "text", OpBinary: "binary", OpClose: "close", OpPing: "ping", OpPong: "pong", 3: "opcode 3"}
	for opcode, want := range names {
		if got := opcode.String(); got != want {
			t.Errorf("%d is named %q, want %q", opcode, got, want)
		}
		if got, want := opcode.IsControl(), opcode == OpClose || opcode == OpPing || opcode == OpPong; got != want {
			t.Errorf("%v: IsControl is %v", opcode, got)
		}
	}
}
