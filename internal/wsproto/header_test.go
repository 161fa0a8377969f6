package wsproto

import (
	"math"
	"testing"
)

func TestParseHeader_Section5_2(t *testing.T) {
	tests := []struct {
		name string
		in   []byte
		want header
		n    int
	}{
		{"masked text \"Hello\" of section 5.7", []byte("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), header{true, false, OpText, 0x3d21fa37, 5}, 6},
		{"first fragment", []byte("\x01\x83\x01\x02\x03\x04"), header{false, false, OpText, 0x04030201, 3}, 6},
		{"last fragment", []byte("\x80\x82\x01\x02\x03\x04"), header{true, false, OpContinuation, 0x04030201, 2}, 6},
		{"binary, empty", []byte("\x82\x80\x01\x02\x03\x04"), header{true, false, OpBinary, 0x04030201, 0}, 6},
		{"125 bytes", []byte("\x82\xfd\x01\x02\x03\x04"), header{true, false, OpBinary, 0x04030201, 125}, 6},
		{"126 bytes", []byte("\x82\xfe\x00\x7e\x01\x02\x03\x04"), header{true, false, OpBinary, 0x04030201, 126}, 8},
		{"65535 bytes", []byte("\x82\xfe\xff\xff\x01\x02\x03\x04"), header{true, false, OpBinary, 0x04030201, 65535}, 8},
		{"65536 bytes", []byte("\x82\xff\x00\x00\x00\x00\x00\x01\x00\x00\x01\x02\x03\x04"), header{true, false, OpBinary, 0x04030201, 65536}, 14},
		{"2^63-1 bytes", []byte("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04"), header{true, false, OpBinary, 0x04030201, math.MaxInt64}, 14},
		{"compressed text of RFC 7692 section 7.2.3.1", []byte("\xc1\x87\x01\x02\x03\x04"), header{true, true, OpText, 0x04030201, 7}, 6},
		{"first fragment, compressed", []byte("\x42\x83\x01\x02\x03\x04"), header{false, true, OpBinary, 0x04030201, 3}, 6},
		{"close", []byte("\x88\x80\x01\x02\x03\x04"), header{true, false, OpClose, 0x04030201, 0}, 6},
		{"ping", []byte("\x89\x80\x01\x02\x03\x04"), header{true, false, OpPing, 0x04030201, 0}, 6},
		{"pong", []byte("\x8a\x80\x01\x02\x03\x04"), header{true, false, OpPong, 0x04030201, 0}, 6},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			message := OpContinuation
			if test.want.opcode == OpContinuation {
				message = OpText // which it continues
			}
			for i := range test.n {
				var h header
				if n, err := h.parse(test.in[:i], message, true); n != 0 || err != 0 {
					t.Errorf("of %d bytes: n = %d, %v; want to need more", i, n, err)
				}
			}
			var h header
			if n, err := h.parse(test.in, message, true); h != test.want || n != test.n || err != 0 {
				t.Errorf("got %+v, %d, %v; want %+v, %d", h, n, err, test.want, test.n)
			}
		})
	}
}
