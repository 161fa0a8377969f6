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
