package wsproto

import (
	"strings"
	"testing"
)

func TestMaySend_Section7_4(t *testing.T) {
	may := func(code int) bool {
		switch code {
		case 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014:
			return true
		}
		return code >= 3000 && code < 5000
	}
	for code := range 65536 {
		if got := CloseCode(code).MaySend(); got != may(code) {
			t.Errorf("%d: got %v", code, got)
		}
	}
}

func TestAppendClose_Section5_5_1(t *testing.T) {
	tests := []struct {
		name   string
		reason string
		want   string
	}{
		{"no reason: exactly two bytes of payload", "", "\x88\x02\x03\xe9"},
		{"a reason", "bye", "\x88\x05\x03\xe9bye"},
		{"the longest", strings.Repeat("x", 123), "\x88\x7d\x03\xe9" + strings.Repeat("x", 123)},
		{"a longer one is cut", strings.Repeat("x", 124), "\x88\x7d\x03\xe9" + strings.Repeat("x", 123)},
		{"cut before a character that does not fit", strings.Repeat("x", 122) + "€", "\x88\x7c\x03\xe9" + strings.Repeat("x", 122)},
	}
	if got := string(AppendClose(nil, CloseNoStatusReceived, "ignored")); got != "\x88\x00" {
		t.Errorf("without a code: got %x", got)
	}
	for _, test := range tests {
		if got := string(AppendClose(nil, CloseGoingAway, test.reason)); got != test.want {
			t.Errorf("%s: got %x, want %x", test.name, got, test.want)
		}
	}
}
