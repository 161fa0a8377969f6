package model

import (
	"strings"
	"testing"
)

// TestFrameBytes_Section5_2: the header of a client's frame, in every form of the length.
func TestFrameBytes_Section5_2(t *testing.T) {
	tests := []struct {
		frame Frame
		want  string // the beginning
	}{
		{Frame{First: 0x81, Payload: "Hello", Key: 0x37fa213d}, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"}, // section 5.7
		{Frame{First: 0x81, Payload: "Hello", Unmasked: true}, "\x81\x05Hello"},                                 // section 5.7
		{Frame{First: 0x02, Payload: "ab", Times: 63}, "\x02\xfe\x00\x7e\x00\x00\x00\x00ab"},
		{Frame{First: 0x82, Payload: "x", Times: 65535}, "\x82\xfe\xff\xff\x00\x00\x00\x00x"},
		{Frame{First: 0x82, Payload: "x", Times: 65536}, "\x82\xff\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00x"},
		{Frame{First: 0x82, Payload: "x", Length: Long16}, "\x82\xfe\x00\x01\x00\x00\x00\x00x"},
		{Frame{First: 0x82, Payload: "x", Length: Long64}, "\x82\xff\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00x"},
		{Frame{First: 0x82, Payload: "x", Length: TopBit}, "\x82\xff\x80\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00x"},
		{Frame{First: 0x82, Payload: "x", Claim: 3}, "\x82\x83\x00\x00\x00\x00x"},
	}
	for _, test := range tests {
		if got := string(test.frame.append(nil)); !strings.HasPrefix(got, test.want) {
			t.Errorf("%+v: %.20x; want %x", test.frame, got, test.want)
		}
	}
}

// TestReadHeader_Section5: each breach is found with the byte that makes it certain, and not
// before.
func TestReadHeader_Section5(t *testing.T) {
	tests := []struct {
		header             string
		inMessage, deflate bool
		size               int
		broken             fault
	}{
		{"", false, false, 0, ""},
		{"\x81", false, false, 0, ""},
		{"\x81\x85\x01\x02\x03", false, false, 0, ""},
		{"\x81\x85\x01\x02\x03\x04", false, false, 6, ""},
		{"\x82\xfe\x00\x7e\x01\x02\x03\x04", false, false, 8, ""},
		{"\x82\xff\x00\x00\x00\x00\x00\x01\x00\x00\x01\x02\x03\x04", false, false, 14, ""},
		{"\xc1\x85\x01\x02\x03\x04", false, true, 6, ""},
		{"\x80\x80\x01\x02\x03\x04", true, false, 6, ""},
		{"\x89\x80\x01\x02\x03\x04", true, false, 6, ""},
		{"\xc1", false, false, 0, reservedBits},
		{"\xa1", false, true, 0, reservedBits},
		{"\xc0", true, true, 0, reservedBits},
		{"\xc9", false, true, 0, reservedBits},
		{"\x83", false, false, 0, reservedOpcode},
		{"\x8f", false, false, 0, reservedOpcode},
		{"\x09", false, false, 0, fragmentedControl},
		{"\x80", false, false, 0, unexpectedContinuation},
		{"\x81", true, false, 0, expectedContinuation},
		{"\x81\x05", false, false, 0, unmaskedFrame},
		{"\x89\xfe", false, false, 0, controlTooLong},
		{"\x82\xfe\x00", false, false, 0, ""},
		{"\x82\xfe\x00\x7d", false, false, 0, nonMinimalLength},
		{"\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff", false, false, 0, nonMinimalLength},
		{"\x82\xff", false, false, 0, ""},
		{"\x82\xff\x80", false, false, 0, lengthTopBit},
	}
	for _, test := range tests {
		_, size, broken := readHeader([]byte(test.header), test.inMessage, test.deflate)
		if size != test.size || broken != test.broken {
			t.Errorf("%x: size %d, %q; want %d, %q", test.header, size, broken, test.size, test.broken)
		}
	}
}

// TestMayClose_Section7_4: which close codes a client may send.
func TestMayClose_Section7_4(t *testing.T) {
	for code, want := range map[uint16]bool{
		0: false, 999: false, 1000: true, 1003: true, 1004: false, 1005: false, 1006: false, 1007: true,
		1014: true, 1015: false, 1016: false, 2999: false, 3000: true, 4999: true, 5000: false, 65535: false,
	} {
		if got := mayClose(code); got != want {
			t.Errorf("%d: %v", code, got)
		}
	}
}
