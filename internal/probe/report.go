package probe

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// Report writes what has been seen: lines for people as it comes, or JSON for machines:
// one document at the end, or, for a watch, an event a line.
type Report struct {
	Out      io.Writer
	JSON     bool
	Progress io.Writer // the terminal that shows progress; nil is none

	url     string
	started time.Time
	checks  []Check
	showing bool // a line of progress is on the terminal
}

// Begin starts a report.
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
		verdict = "FAILED" // in capitals, for those who only look
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

// Step shows a line of progress on the terminal, in place of the last.
func (r *Report) Step(text string) {
	if r.Progress != nil {
		fmt.Fprintf(r.Progress, "\r\x1b[K%s", text)
		r.showing = true
	}
}

// clear takes the line of progress away.
func (r *Report) clear() {
	if r.showing {
		fmt.Fprint(r.Progress, "\r\x1b[K")
		r.showing = false
	}
}

// document is the report for machines.
type document struct {
	URL     string    `json:"url"`
	Started time.Time `json:"started"`
	OK      bool      `json:"ok"`
	Checks  []Check   `json:"checks"`
}

// End sums up. It reports whether no check has failed.
func (r *Report) End() bool {
	r.clear()
	count := map[Verdict]int{}
	for _, c := range r.checks {
		count[c.Verdict]++
	}
	all := count[Failed] == 0
	if r.JSON {
		encoder := json.NewEncoder(r.Out)
		encoder.SetIndent("", "  ")
		encoder.Encode(document{r.url, r.started.UTC(), all, r.checks})
		return all
	}
	fmt.Fprintf(r.Out, "%d ok, %d to note, %d failed\n", count[OK], count[Note], count[Failed])
	return all
}
