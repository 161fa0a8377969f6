package service

import (
	"io"
	"net/http"
	"testing"

	"github.com/echosvc/echosvc/internal/wstest"
)

// TestSilentConnectionsLeaveTheHealthPort: those beyond the limit are closed, the oldest
// first, and a probe is answered.
func TestSilentConnectionsLeaveTheHealthPort(t *testing.T) {
	r := start(t, "portable", nil)
	silent := make([]*wstest.Client, 2*healthFiles)
	for i := range silent {
		silent[i] = wstest.Connect(t, r.health)
	}
	for _, c := range silent[:healthFiles] {
		if n, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the oldest connections read %d, %v; want EOF", n, err)
		}
	}
	if got := get(t, "http://"+r.health+"/healthz"); got != http.StatusOK {
		t.Errorf("/healthz is %d", got)
	}
}
