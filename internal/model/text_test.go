package model

import "testing"

// TestScanText_RFC3629: where text is cut, and with which byte it cannot become UTF-8.
func TestScanText_RFC3629(t *testing.T) {
	tests := []struct {
		text    string
		whole   int
		invalid bool
	}{
		{"", 0, false},
		{"κόσμε", 10, false},
		{"a\xf0\x9f\x98", 1, false},
		{"a\xed\x9f", 1, false},
		{"\uFFFD", 3, false},
		{"a\x80", 1, true},
		{"a\xc0", 1, true},
		{"a\xe0\x80", 1, true},
		{"a\xed\xa0", 1, true},
		{"a\xf4\x90", 1, true},
		{"a\xf5", 1, true},
		{"a\xc3b", 1, true},
	}
	for _, test := range tests {
		if whole, invalid := scanText([]byte(test.text)); whole != test.whole || invalid != test.invalid {
			t.Errorf("%x: %d, %v; want %d, %v", test.text, whole, invalid, test.whole, test.invalid)
		}
	}
}

func TestGoodbyeIgnoresTheCaseOfLettersAlone(t *testing.T) {
	for text, want := range map[string]bool{"bye": true, "BYE": true, "bYe": true, "by": false, "byes": false, "b\x19e": false, "": false} {
		if got := isGoodbye([]byte(text), "bye"); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if isGoodbye([]byte{'@'}, "`") || isGoodbye(nil, "") {
		t.Error("what is no letter has no case, and no word is never said")
	}
}
