package load

import (
	"errors"
	"testing"
	"time"
)

func TestCheckRate(t *testing.T) {
	for _, test := range []struct {
		messages int
		elapsed  time.Duration
		kept     bool
	}{
		{2000, time.Second, true}, {1961, time.Second, true}, {1019, time.Second / 2, true},
		{1959, time.Second, false}, {2041, time.Second, false}, {0, time.Second, false},
	} {
		err := checkRate(Result{Messages: test.messages, Elapsed: test.elapsed}, 2000)
		if (err == nil) != test.kept || err != nil && !errors.Is(err, ErrRate) {
			t.Errorf("%d messages in %v at 2000 a second: %v", test.messages, test.elapsed, err)
		}
	}
}
