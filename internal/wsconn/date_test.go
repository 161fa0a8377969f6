package wsconn

import (
	"testing"
	"time"
)

// TestDate_RFC9110Section5_6_7: the date is in GMT, and changes with each second, back too.
func TestDate_RFC9110Section5_6_7(t *testing.T) {
	var d dates
	at := time.Date(2026, 11, 26, 1, 59, 59, 0, time.FixedZone("", 3600))
	for _, test := range []struct {
		after time.Duration
		want  string
	}{
		{0, "Thu, 26 Nov 2026 00:59:59 GMT"},
		{999 * time.Millisecond, "Thu, 26 Nov 2026 00:59:59 GMT"},
		{time.Second, "Thu, 26 Nov 2026 01:00:00 GMT"},
		{-24 * time.Hour, "Wed, 25 Nov 2026 00:59:59 GMT"},
	} {
		if got := d.at(at.Add(test.after)); got != test.want {
			t.Errorf("after %v: %q, want %q", test.after, got, test.want)
		}
	}
}

func TestDateAllocatesOnceASecond(t *testing.T) {
	var d dates
	now := time.Unix(1e9, 0)
	d.at(now)
	if n := testing.AllocsPerRun(100, func() { d.at(now) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
