package wstest

import (
	"testing"
	"time"
)

// Eventually waits until happens returns true, for what another goroutine is about to do. It
// fails the test after [Patience].
func Eventually(t testing.TB, what string, happens func() bool) {
	t.Helper()
	for deadline := time.Now().Add(Patience); !happens(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("this did not happen within %v: %s", Patience, what)
		}
	}
}
