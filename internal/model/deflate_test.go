package model

import "testing"

// TestInflate_RFC7692Section7_2_3: the examples of the RFC, and what may not end a message.
func TestInflate_RFC7692Section7_2_3(t *testing.T) {
	tests := []struct {
		name, wire, history, plain string
		corrupt, mayEnd            bool
	}{
		{"7.2.3.1, one block", "\xf2\x48\xcd\xc9\xc9\x07\x00", "", "Hello", false, true},
		{"7.2.3.2, sharing the window", "\xf2\x00\x11\x00\x00", "Hello", "Hello", false, true},
		{"7.2.3.2, with no window to share", "\xf2\x00\x11\x00\x00", "", "H", true, false},
		{"7.2.3.3, no compression", "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", "", "Hello", false, true},
		{"7.2.3.4, BFINAL", "\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "", "Hello", false, true},
		{"7.2.3.4, BFINAL and no block after it", "\xf3\x48\xcd\xc9\xc9\x07\x00", "", "Hello", false, true},
		{"7.2.3.5, two blocks", "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", "", "Hello", false, true},
		{"7.2.3.6, empty", "\x00", "", "", false, true},
		{"nothing", "", "", "", false, false},
		{"a block that does not end", "\xf2\x48\xcd\xc9\xc9\x07", "", "Hello", false, false},
		{"a stored block whose text is the tail", "\x00\x04\x00\xfb\xff", "", "", false, false},
		{"the tail is there", "\x00\x00\x00\xff\xff", "", "", false, false},
		{"the reserved block type", "\x06", "", "", true, false},
	}
	for _, test := range tests {
		plain, corrupt := inflate([]byte(test.wire), []byte(test.history))
		if string(plain) != test.plain || corrupt != test.corrupt {
			t.Errorf("%s: %q, corrupt %v", test.name, plain, corrupt)
		}
		if !corrupt && mayEnd([]byte(test.wire), []byte(test.history), plain) != test.mayEnd {
			t.Errorf("%s: may end: %v", test.name, !test.mayEnd)
		}
	}
}
