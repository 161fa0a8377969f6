package probe

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A Report writes results as text, each as it arrives, or as JSON: one document at the end
// or, for a watch, one line for each event.
type Report struct {
	Out      io.Writer
	JSON     bool
	Progress io.Writer // the terminal for the progress line; nil for none

	// NotTested is what a run leaves out and how to test it, printed after a run in which a
	// connection could be opened.
	NotTested string

	url       string
	started   time.Time
	checks    []Check
	first     map[string]string   // the first check that failed with a detail
	repeated  map[string][]string // the checks that failed with the same detail, by the first one
	diagnoses []*Diagnosis
	showing   bool // the progress line is on the terminal
}

// Begin starts the report of a target.
func (r *Report) Begin(url string) {
	r.url, r.started = url, time.Now()
	r.first, r.repeated = map[string]string{}, map[string][]string{}
	if !r.JSON {
		r.print("%s\n", url)
	}
}

// Check adds a check. As text, a failure that is the same as an earlier one is not printed
// again: End lists the checks.
func (r *Report) Check(c Check) {
	if c.Verdict == Failed {
		if c.SameAs = r.first[c.Detail]; c.SameAs == "" {
			r.first[c.Detail] = c.Name
		} else {
			r.repeated[c.SameAs] = append(r.repeated[c.SameAs], c.Name)
		}
	}
	r.checks = append(r.checks, c)
	for _, d := range c.Diagnoses {
		if !slices.ContainsFunc(r.diagnoses, func(known *Diagnosis) bool { return *known == *d }) {
			r.diagnoses = append(r.diagnoses, d)
		}
	}
	if r.JSON || c.SameAs != "" {
		return
	}
	r.clear()
	verdict := string(c.Verdict)
	if c.Verdict == Failed {
		verdict = "FAILED" // stands out in a long list
	}
	r.line(verdict, c.Name, c.Detail)
}

// line writes a line of the text.
func (r *Report) line(verdict, name, detail string) {
	detail = strings.ReplaceAll(detail, "\n", "\n"+strings.Repeat(" ", 38))
	r.print("  %-6s  %-26s  %s\n", verdict, name, detail)
}

// print writes text. What a server sent must not control the terminal.
func (r *Report) print(format string, args ...any) {
	io.WriteString(r.Out, visible(fmt.Sprintf(format, args...)))
}

// visible replaces what is not printable in lines of text, such as escape sequences.
func visible(text string) string {
	return strings.Map(func(c rune) rune {
		if c == '\n' || unicode.IsPrint(c) {
			return c
		}
		return utf8.RuneError
	}, text)
}

// Event adds an event of a watch.
func (r *Report) Event(e Event) {
	if r.JSON {
		json.NewEncoder(r.Out).Encode(struct {
			Schema int `json:"schema"`
			Event
		}{schema, e})
		return
	}
	r.clear()
	r.print("  %s  %-10s  %s\n", e.Time.UTC().Format("15:04:05.000"), e.Event, e.Detail)
}

// maxStep is the length of the longest progress line, in characters. A line that a narrow terminal
// wraps could not be erased.
const maxStep = 79

// Step replaces the progress line.
func (r *Report) Step(text string) {
	if r.Progress != nil {
		if characters := []rune(text); len(characters) > maxStep {
			text = string(characters[:maxStep-3]) + "..."
		}
		fmt.Fprintf(r.Progress, "\r\x1b[K%s", visible(text))
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

// schema is the version of the JSON output. It increases when a field is removed or changes its
// meaning; docs/probe.schema.json describes it.
const schema = 1

// document is the JSON report.
type document struct {
	Schema    int          `json:"schema"`
	URL       string       `json:"url"`
	Started   time.Time    `json:"started"`
	OK        bool         `json:"ok"`
	Checks    []Check      `json:"checks"`
	Diagnoses []*Diagnosis `json:"diagnoses,omitempty"` // of all checks, each once
	NotTested string       `json:"not_tested,omitempty"`
}

// End writes the summary. It reports whether no check has failed.
func (r *Report) End() bool {
	r.clear()
	count := map[Verdict]int{}
	for _, c := range r.checks {
		count[c.Verdict]++
	}
	passed := count[Failed] == 0
	notTested := ""
	if count[OK] > 0 {
		notTested = r.NotTested
	}
	if r.JSON {
		encoder := json.NewEncoder(r.Out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		encoder.Encode(document{schema, r.url, r.started.UTC(), passed, r.checks, r.diagnoses, notTested})
		return passed
	}
	for _, c := range r.checks {
		if same := r.repeated[c.Name]; len(same) > 0 {
			r.line("FAILED", fmt.Sprintf("%d more", len(same)), "as "+c.Name+": "+strings.Join(same, "; "))
			delete(r.repeated, c.Name)
		}
	}
	r.print("%d ok, %d noted, %d failed\n", count[OK], count[Note], count[Failed])
	for _, d := range r.diagnoses {
		r.print("%v\n", d)
	}
	if notTested != "" {
		r.print("not tested: %s\n", notTested)
	}
	return passed
}
