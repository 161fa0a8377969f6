package probe

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"
)

// TestPageHasTheSameTimers: the page's list is JavaScript, and says the same times.
func TestPageHasTheSameTimers(t *testing.T) {
	script, err := os.ReadFile("../page/static/timers.js")
	if err != nil {
		t.Fatal(err)
	}
	var got, want []time.Duration
	for _, match := range regexp.MustCompile(`\{ seconds: (\d+), who:`).FindAllSubmatch(script, -1) {
		seconds, err := strconv.Atoi(string(match[1]))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, time.Duration(seconds)*time.Second)
	}
	for _, timer := range timers {
		want = append(want, timer.after)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the page has %v, the probe %v", got, want)
	}
}
