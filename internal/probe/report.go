package probe

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// A Report writes results as text, each as it arrives, or as JSON: one document at the end
// or, for a watch, one line for each event.
type Report struct {
	Out      io.Writer
	JSON     bool
	Progress io.Writer // the terminal for the progress line; nil for none

	url     string
	started time.Time
	checks  []Check
	showing bool // the progress line is on the terminal
}

// Begin starts the report of a target.
func (r *Report) Begin(url string) {
	r.url, r.started = url, time.Now()
	if !r.JSON {
		fmt.Fprintln(r.Out, url)
	}
}

// Check adds a check.
func (r *Report) Check(c Check) {
	r.checks = append(r.checks, c)
	if r.JSON {
		return
	}
	r.clear()
	verdict := string(c.Verdict)
	if c.Verdict == Failed {
		verdict = "FAILED" // stands out in a long list
	}
	detail := strings.ReplaceAll(c.Detail, "\n", "\n"+strings.Repeat(" ", 38))
	fmt.Fprintf(r.Out, "  %-6s  %-26s  %s\n", verdict, c.Name, detail)
}

// Event adds an event of a watch.
func (r *Report) Event(e Event) {
	if r.JSON {
		json.NewEncoder(r.Out).Encode(e)
		return
	}
	r.clear()
	fmt.Fprintf(r.Out, "  %s  %-10s  %s\n", e.Time.UTC().Format("15:04:05.000"), e.Event, e.Detail)
}

// Step replaces the progress line.
func (r *Report) Step(text string) {
	if r.Progress != nil {
		fmt.Fprintf(r.Progress, "\r\x1b[K%s", text)
		r.showing = true
	}
}

// clear erases the progress line.
func (r *Report) clear() {
	if r.showing {
		fmt.Fprint(r.Progress, "\r\x1b[K")
		r.showing = false
	}
}

// document is the JSON report.
type document struct {
	URL     string    `json:"url"`
	Started time.Time `json:"started"`
	OK      bool      `json:"ok"`
	Checks  []Check   `json:"checks"`
}

// End writes the summary. It reports whether no check has failed.
func (r *Report) End() bool {
	r.clear()
	count := map[Verdict]int{}
	for _, c := range r.checks {
		count[c.Verdict]++
	}
	passed := count[Failed] == 0
	if r.JSON {
		encoder := json.NewEncoder(r.Out)
		encoder.SetIndent("", "  ")
		encoder.Encode(document{r.url, r.started.UTC(), passed, r.checks})
		return passed
	}
	fmt.Fprintf(r.Out, "%d ok, %d noted, %d failed\n", count[OK], count[Note], count[Failed])
	return passed
}
