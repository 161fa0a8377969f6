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
	b.WriteString("Server CPU time (user and system) per message or handshake, and resident memory per idle connection: " +
		"the ratio to the first row, the figure, and how much more the worst round cost. Less is better.\n\n")
	t.costs(&b)
	t.floor(&b)
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

// floor compares the first row with the last one if that is a bare echo, by the best rounds and by
// the medians.
func (t *Table) floor(b *strings.Builder) {
	first, last := t.reference(), len(t.Servers)-1
	if t.Servers[last].Group != Kernel {
		return
	}
	var best, median []string
	for _, l := range t.Loads {
		ours, kernel := l.Cells[first], l.Cells[last]
		if l.Idle || !ours.Measured() || !kernel.Measured() {
			continue
		}
		best = append(best, times(ours.Best().Cost/kernel.Best().Cost))
		median = append(median, times(ours.Median()/kernel.Median()))
	}
	fmt.Fprintf(b, "\n%s costs %s as much as %s, from left to right where both were measured; by the medians of the rounds %s.\n",
		t.Servers[first].Title, strings.Join(best, ", "), t.Servers[last].Title, strings.Join(median, ", "))
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
			cells = append(cells, count(r.Rate), digits(r.P50)+" µs", digits(r.P99)+" µs", rss,
				fmt.Sprintf("%.0f %%", 100*r.ServerBusy), digits(r.LoadCost)+" µs", fmt.Sprintf("%.0f %%", 100*r.LoadBusy))
		}
		row(b, cells...)
	}
}
