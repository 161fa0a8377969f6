package report

import (
	"fmt"
	"strings"
)

// Markdown formats the results as tables: the costs with one row for each server, then all
// figures of each load.
func Markdown(t *Table) string {
	var b strings.Builder
	fmt.Fprintf(&b, "`%s`, %s, %s. Best of %d rounds of %v each.\n\n", t.Command, t.Date.Format("2006-01-02"), t.Machine, t.Rounds, t.Measured)
	b.WriteString("Server CPU time (user and system) per message, or per unit that the load counts, and resident memory per idle connection: " +
		"the ratio to the first row, the figure, and how much more the worst round cost. Less is better.\n\n")
	t.costs(&b)
	t.floors(&b)
	t.builds(&b)
	t.failures(&b)
	for i := range t.Loads {
		fmt.Fprintf(&b, "\n**%s**\n\n", t.Loads[i].Title)
		t.details(&b, t.Loads[i])
	}
	return b.String()
}

// row writes a table row.
func row(b *strings.Builder, cells ...string) {
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

// rule writes the line below a table's head: the first column left-aligned, the others right-aligned.
func rule(b *strings.Builder, columns int) {
	b.WriteString("|---|" + strings.Repeat("--:|", columns-1) + "\n")
}

func (t *Table) costs(b *strings.Builder) {
	head := []string{"server"}
	for _, l := range t.Loads {
		head = append(head, l.Title)
	}
	row(b, head...)
	rule(b, len(head))
	for k, s := range t.Servers {
		cells := []string{s.Title}
		for _, l := range t.Loads {
			cells = append(cells, t.cell(l, k))
		}
		row(b, cells...)
	}
}

// floors compares the reference with the last bare echo that was measured under each load.
func (t *Table) floors(b *strings.Builder) {
	reference := t.reference()
	var rows [][]string
	for _, l := range t.Loads {
		for k := len(t.Servers) - 1; k >= 0 && t.Servers[k].Group == Kernel; k-- {
			if best, median, ok := ratios(l.Cells[reference], l.Cells[k]); ok && !l.Idle {
				rows = append(rows, []string{l.Title, times(best), times(median), t.Servers[k].Title})
				break
			}
		}
	}
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "\nThe cost of %s, divided by that of a bare echo:\n\n", t.Servers[reference].Title)
	head := []string{"load", "best rounds", "medians", "bare echo"}
	row(b, head...)
	rule(b, len(head))
	for _, cells := range rows {
		row(b, cells...)
	}
}

// builds compares the reference with each other build of echosvc.
func (t *Table) builds(b *strings.Builder) {
	reference := t.reference()
	for k, s := range t.Servers {
		if !s.Another {
			continue
		}
		fmt.Fprintf(b, "\nThe cost of %s, divided by that of %s:\n\n", t.Servers[reference].Title, s.Title)
		head := []string{"load", "best rounds", "medians"}
		row(b, head...)
		rule(b, len(head))
		for _, l := range t.Loads {
			if best, median, ok := ratios(l.Cells[reference], l.Cells[k]); ok {
				row(b, l.Title, fmt.Sprintf("%.3f", best), fmt.Sprintf("%.3f", median))
			}
		}
	}
}

// failures lists the rounds that failed, and why.
func (t *Table) failures(b *strings.Builder) {
	for _, l := range t.Loads {
		for k, c := range l.Cells {
			for _, reason := range c.Failed {
				fmt.Fprintf(b, "\nA round of %s under “%s” failed and does not count: %s\n", t.Servers[k].Title, l.Title, reason)
			}
		}
	}
}

// cell formats a ratio, a cost and its spread, or a dash.
func (t *Table) cell(l Load, server int) string {
	c := l.Cells[server]
	if !c.Measured() {
		return "–"
	}
	text := fmt.Sprintf("%s (%s)", l.cost(c.Best().Cost), t.spread(c))
	if ratio, ok := t.ratio(l, server); ok {
		return fmt.Sprintf("**%s** %s", times(ratio), text)
	}
	return text
}

func (t *Table) details(b *strings.Builder, l Load) {
	head := []string{"server", "× echosvc", "CPU per " + l.Unit, "spread", "median", l.Unit + "s per second", "p50", "p99", "RSS", "server busy", "load's own CPU", "load busy"}
	if l.Idle {
		head = []string{"server", "× echosvc", "memory per connection", "spread", "median", "RSS"}
	}
	row(b, head...)
	rule(b, len(head))
	for k, s := range t.Servers {
		c := l.Cells[k]
		if !c.Measured() {
			continue
		}
		r, ratio := c.Best(), "–"
		if f, ok := t.ratio(l, k); ok {
			ratio = times(f)
		}
		cells := []string{s.Title, ratio, l.cost(r.Cost), t.spread(c), l.cost(c.Median())}
		rss := fmt.Sprintf("%.1f MiB", r.RSS/(1<<20))
		if l.Idle {
			cells = append(cells, rss)
		} else {
			cells = append(cells, count(r.Rate), latency(r.P50), latency(r.P99), rss,
				fmt.Sprintf("%.0f %%", 100*r.ServerBusy), digits(r.LoadCost)+" µs", fmt.Sprintf("%.0f %%", 100*r.LoadBusy))
		}
		row(b, cells...)
	}
}

// latency formats a latency, or a dash for a load without.
func latency(f float64) string {
	if f == 0 {
		return "–"
	}
	return digits(f) + " µs"
}
