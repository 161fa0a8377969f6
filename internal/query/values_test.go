package query

import (
	"testing"
	"time"
)

func TestValuesAreWithinBounds(t *testing.T) {
	var d time.Duration
	for value, want := range map[string]bool{"0": true, "1s": true, "1000ms": true, "1.001s": false, "-1ms": false, "1": false, "": false, "s": false} {
		if got := SetTime(&d, value, 0, time.Second); got != want {
			t.Errorf("the time %q: %v", value, got)
		}
	}
	var n int
	for value, want := range map[string]bool{"400": true, "599": true, "399": false, "600": false, "": false, "5e2": false, "500 ": false, "99999999999999999999": false} {
		if got := SetNumber(&n, value, 400, 599); got != want {
			t.Errorf("the number %q: %v", value, got)
		}
	}
	for value, want := range map[string]bool{"0": true, "1": true, "": false, "2": false, "true": false} {
		var on bool
		if got := SetSwitch(&on, value); got != want || on != (value == "1") {
			t.Errorf("the switch %q: %v, %v", value, on, got)
		}
	}
}

// TestValuesOfOtherPrograms are told from controls with a typing error.
func TestValuesOfOtherPrograms(t *testing.T) {
	for _, test := range []struct {
		value                      string
		noNumber, noTime, noSwitch bool
	}{
		{"", true, true, false},
		{"active", true, true, true},
		{"open,closed", true, true, true},
		{"in_review_2", true, false, false},
		{"\u0434\u0430", true, true, true},
		{"*", true, true, true},
		{"5O3", false, false, false},
		{"99", false, false, false},
		{"-1", false, false, false},
		{" 503", false, false, false},
		{`"503"`, false, false, false},
		{"5s", false, false, false},
		{"PT5S", true, false, false},
		{"\u0665", false, false, false}, // a digit in Arabic
		{"Yes", true, true, false},
		{"off", true, true, false},
		{"\xff", true, true, true},
	} {
		if n, d, s := IsNoNumber(test.value), IsNoTime(test.value), IsNoSwitch(test.value); n != test.noNumber || d != test.noTime || s != test.noSwitch {
			t.Errorf("%q is no number: %v, no time: %v, no switch: %v", test.value, n, d, s)
		}
	}
}
