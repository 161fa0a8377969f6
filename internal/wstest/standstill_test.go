package wstest

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestStandstillOfARunningProcess is none. In the bubble no time passes that nobody waits for.
func TestStandstillOfARunningProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := Standstill()
		time.Sleep(time.Minute)
		if got := end(); got != 0 {
			t.Errorf("it stood still for %v", got)
		}
	})
}
