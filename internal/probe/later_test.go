package probe

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A limit shows only after the first handshake. The probe tells what is limited.
func TestLimitsOnLaterHandshakesAreDiagnosed(t *testing.T) {
	page := "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
	// rate allows a number of handshakes in a time.
	rate := func(number int, per time.Duration) func(p *peer) {
		var mu sync.Mutex
		var accepted []time.Time
		return func(p *peer) {
			p.refuse = func(w http.ResponseWriter, r *http.Request) bool {
				mu.Lock()
				defer mu.Unlock()
				if n := len(accepted); n >= number && time.Since(accepted[n-number]) < per {
					return status(503, page)(w, r)
				}
				accepted = append(accepted, time.Now())
				return false
			}
		}
	}
	// most allows a number of connections at a time, those that are being opened included. Each
	// takes time to open, so that those that are opened concurrently do meet.
	most := func(number int32) func(p *peer) {
		return func(p *peer) {
			var opening atomic.Int32
			p.refuse = func(w http.ResponseWriter, r *http.Request) bool {
				defer opening.Add(-1)
				full := p.open.Load()+opening.Add(1) > number
				time.Sleep(10 * time.Millisecond)
				return full && status(503, page)(w, r)
			}
		}
	}
	tests := map[string]struct {
		limit func(p *peer)
		id    string
	}{
		"one a second":             {rate(1, time.Second), "request-rate-limited"},
		"ten in half a second":     {rate(10, 500*time.Millisecond), "request-rate-limited"},
		"five at a time":           {most(5), "connections-limited"},
		"the server goes away":     {afterFive(status(503, page)), "limited"},
		"the server says that":     {afterFive(status(503, "the server is shutting down")), "unavailable"},
		"the server has no others": {afterFive(status(502, page)), "no-backend"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := faithful()
				test.limit(p)
				checks := p.run(t, runChecks)
				expect(t, checks, "handshake", OK, "101")
				expect(t, checks, "later handshakes", Failed, "though the first one succeeded")
				if d := checks["later handshakes"].Diagnoses; len(d) != 1 || d[0].ID != test.id {
					t.Errorf("%v, want %s", d, test.id)
				}
			})
		})
	}
}

// afterFive lets five handshakes through, and then refuses.
func afterFive(refuse func(http.ResponseWriter, *http.Request) bool) func(p *peer) {
	var count atomic.Int32
	return func(p *peer) {
		p.refuse = func(w http.ResponseWriter, r *http.Request) bool { return count.Add(1) > 5 && refuse(w, r) }
	}
}

// A server that is gone does not cost a time-out for each of the remaining checks.
func TestRunEndsAfterThreeFailedHandshakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := faithful()
		afterFive(func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true })(p)
		started := time.Now()
		expect(t, p.run(t, runChecks), "end", Failed, "3 handshakes in a row failed: the remaining checks did not run")
		if took := time.Since(started); took > 2*time.Minute {
			t.Errorf("took %v", took)
		}
	})
}
