package service

import (
	"context"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/wstest"
)

// gzipped is how profiles begin: they are gzipped protocol buffers (RFC 1952 section 2.3.1).
const gzipped = "\x1f\x8b\x08"

// startProfiled starts a service with PPROF=true.
func startProfiled(t *testing.T, write time.Duration) *running {
	return start(t, "portable", func(c *config.Config) { c.Pprof, c.WriteTimeout = true, write })
}

// TestProfiles are on HEALTH_PORT alone, with PPROF=true.
func TestProfiles(t *testing.T) {
	r := startProfiled(t, wstest.Patience)
	for _, test := range []struct {
		target       string
		status       int
		prefix, part string
	}{
		{"", 200, "<!DOCTYPE html>\n", `<dt><a href="goroutine?debug=1">goroutine</a></dt><dd>the stacks`},
		{"", 200, "<!DOCTYPE html>\n", `<dt><a href="trace">trace</a></dt>`},
		{"", 200, "<!DOCTYPE html>\n", "</dl>\n</main>\n"},
		{"cmdline", 200, "", ".test"},
		{"allocs", 200, gzipped, ""},
		{"block", 200, gzipped, ""},
		{"goroutine", 200, gzipped, ""},
		{"heap", 200, gzipped, ""},
		{"heap?gc=1", 200, gzipped, ""},
		{"mutex", 200, gzipped, ""},
		{"threadcreate", 200, gzipped, ""},
		{"heap?debug=0", 200, gzipped, ""},
		{"heap?debug=1&gc=1", 200, "heap profile: ", "\n# HeapAlloc"},
		{"goroutine?debug=1", 200, "goroutine profile: total ", "service"},
		{"goroutine?debug=2", 200, "goroutine ", "[running]:"},
		{"profile?seconds=1", 200, gzipped, ""},
		{"trace?seconds=0.1", 200, "go 1.", " trace\x00\x00\x00"},
		{"profile?seconds=0", 400, `seconds is "0"; it must be a number above 0, at most 3600.`, ""},
		{"profile?seconds=-1", 400, `seconds is "-1"`, ""},
		{"trace?seconds=NaN", 400, `seconds is "NaN"`, ""},
		{"trace?seconds=1h", 400, `seconds is "1h"`, ""},
		{"trace?seconds=3601", 400, `seconds is "3601"`, ""},
		{"heap?seconds=1", 400, "seconds is for profile and trace.", "-diff_base"},
		{"heap?debug=3", 400, "debug must be a whole number from 0 to 2.", ""},
		{"nothing", 404, `There is no profile "nothing"; /debug/pprof/ lists them.`, ""},
		{"symbol", 404, `There is no profile "symbol"`, ""},
		{"heap/x", 404, "This is HEALTH_PORT", ""},
	} {
		status, body := fetch(t, "http://"+r.health+profilesRoot+test.target)
		if status != test.status || !strings.HasPrefix(body, test.prefix) || !strings.Contains(body, test.part) {
			t.Errorf("%s is answered with %d, %.100q", test.target, status, body)
		}
	}
	for _, name := range []string{"", "heap", "profile", "trace", "cmdline"} {
		if status, _ := r.do("POST", profilesRoot+name); status != 405 {
			t.Errorf("POST %s is answered with %d", name, status)
		}
	}
	if _, body := fetch(t, "http://"+r.addr+"/debug/pprof/cmdline"); strings.Contains(body, ".test") && !strings.Contains(body, `"path"`) {
		t.Errorf("PORT has profiles: %.100q", body)
	}
}

// TestProfileOutlastsWriteTimeout: WRITE_TIMEOUT begins when the profile should have been taken. A slow
// machine may not write it within that time, so the test tries again.
func TestProfileOutlastsWriteTimeout(t *testing.T) {
	r := startProfiled(t, 500*time.Millisecond)
	wstest.Eventually(t, "a profile is answered with 200", func() bool {
		began := time.Now()
		c := wstest.Connect(t, r.health)
		defer c.Close()
		c.Send([]byte("GET " + profilesRoot + "profile?seconds=1 HTTP/1.0\r\n\r\n"))
		answer, err := io.ReadAll(c)
		head, body, _ := strings.Cut(string(answer), "\r\n\r\n")
		if err != nil || body == "" {
			t.Logf("%d bytes, %v", len(answer), err)
			return false
		}
		if took := time.Since(began); !strings.HasPrefix(head, "HTTP/1.0 200 ") || !strings.HasPrefix(body, gzipped) || took < time.Second {
			t.Errorf("answered with %s, %.100q after %v", head, body, took)
		}
		return true
	})
}

// deadlines records the deadlines that a handler sets.
type deadlines struct {
	*httptest.ResponseRecorder
	read, write time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error  { d.read = t; return nil }
func (d *deadlines) SetWriteDeadline(t time.Time) error { d.write = t; return nil }

// TestProfileDeadlines: both are after the end of the profile, the one for reading because
// net/http cancels a request whose connection cannot be read any more.
func TestProfileDeadlines(t *testing.T) {
	const write = 10 * time.Second
	for target, want := range map[string]time.Duration{"/": 30 * time.Second, "/?seconds=1.5": 1500 * time.Millisecond, "/?seconds=3600": time.Hour} {
		started, stopped := false, false
		p := timedProfile{"name", "", 30, func(io.Writer) error { started = true; return nil }, func() { stopped = true }}
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // the client is gone
		w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		before := time.Now()
		p.handler(write).ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", target, nil))
		earliest, latest := before.Add(want+write), time.Now().Add(want+write)
		for _, deadline := range []time.Time{w.read, w.write} {
			if deadline.Before(earliest) || deadline.After(latest) {
				t.Errorf("%s has the deadline %v, want %v to %v", target, deadline, earliest, latest)
			}
		}
		if !started || !stopped {
			t.Errorf("%s: started is %v, stopped is %v", target, started, stopped)
		}
	}
}

// TestOneProfileAtATime: a second one is refused as go tool pprof shows it.
func TestOneProfileAtATime(t *testing.T) {
	for _, p := range timedProfiles {
		if err := p.start(io.Discard); err != nil {
			t.Fatal(err)
		}
		ask := func() *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			p.handler(0).ServeHTTP(w, httptest.NewRequest("GET", "/?seconds=0.001", nil))
			return w
		}
		second := ask()
		p.stop()
		h, want := second.Header(), p.name+" is being taken for another request"
		if second.Code != 500 || !strings.HasPrefix(second.Body.String(), want) || h.Get("X-Go-Pprof") != "1" || h.Get("Content-Type") != "text/plain; charset=utf-8" || h.Get("Content-Disposition") != "" {
			t.Errorf("the second %s is answered with %d, %v, %q", p.name, second.Code, h, second.Body)
		}
		if third := ask(); third.Code != 200 || third.Header().Get("Content-Disposition") == "" {
			t.Errorf("%s after that is answered with %d, %v", p.name, third.Code, third.Header())
		}
	}
}
