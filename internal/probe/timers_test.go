package probe

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"
)

// timerVectors is testdata/timers.json, which the page's timers_test.mjs reads too.
type timerVectors struct {
	Timers []struct {
		Seconds       float64
		Name, Setting string
		Whole         bool
	}
	Cuts []struct {
		Seconds float64
		Names   []string
	}
}

func readTimerVectors(t *testing.T) (v timerVectors) {
	t.Helper()
	text, err := os.ReadFile("testdata/timers.json")
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func fromSeconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func TestProxyTimersAreThoseOfThePage(t *testing.T) {
	var want []proxyTimer
	for _, timer := range readTimerVectors(t).Timers {
		want = append(want, proxyTimer{fromSeconds(timer.Seconds), timer.Name, timer.Setting, timer.Whole})
	}
	if !slices.Equal(proxyTimers, want) {
		t.Errorf("the table is %v, want %v", proxyTimers, want)
	}
}

func TestTimersAt(t *testing.T) {
	for _, cut := range readTimerVectors(t).Cuts {
		var names []string
		for _, timer := range timersAt(fromSeconds(cut.Seconds)) {
			names = append(names, timer.name)
		}
		if !slices.Equal(names, cut.Names) {
			t.Errorf("a cut after %v s matches %q, want %q", cut.Seconds, names, cut.Names)
		}
	}
}

func TestDescribeTimers(t *testing.T) {
	for cut, want := range map[time.Duration]string{
		5 * time.Second:  "",
		15 * time.Second: "Envoy (timeout of the route, for the whole connection)",
		55 * time.Second: "Heroku router (fixed)",
		62 * time.Second: "nginx and ingress-nginx (proxy_read_timeout), AWS Application Load Balancer (idle_timeout.timeout_seconds)",
	} {
		if got := describeTimers(timersAt(cut)); got != want {
			t.Errorf("%v: %q, want %q", cut, got, want)
		}
	}
}
