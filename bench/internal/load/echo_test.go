package load

import (
	"testing"
	"time"
)

func TestMessagesInFlightEndInOrder(t *testing.T) {
	c := &echoConn{sent: make([]time.Duration, 3)}
	for range 5 {
		for at := range time.Duration(3) {
			if !c.begin(at) {
				t.Fatalf("no room for message %d of 3", at+1)
			}
		}
		if c.begin(3) {
			t.Error("room for a fourth message")
		}
		for at := range time.Duration(2) {
			if got := c.end(); got != at {
				t.Errorf("message %v ended, want %v", got, at)
			}
		}
		c.begin(9)
		if got := [2]time.Duration{c.end(), c.end()}; got != [2]time.Duration{2, 9} || c.flying != 0 {
			t.Errorf("messages %v ended, %d are in flight", got, c.flying)
		}
	}
}
