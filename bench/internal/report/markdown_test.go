package report

import (
	"strings"
	"testing"
)

func TestMarkdown(t *testing.T) {
	table := example()
	table.Loads[0].Cells[2].Failed = []string{"end of file"}
	got := Markdown(table)
	for _, want := range []string{
		"`go run .`, 2026-01-02, Test <CPU> & more, 2 cores. Best of 2 rounds of 1s each.\n",
		"| server | One | Two | Idle |\n|---|--:|--:|--:|\n",
		"| a/peer | **2.00×** 10.0 µs (+10 %) | 40.0 µs (+25 %) | **20×** 12,000 B (+0 %) |\n",
		"| echosvc | **1.00×** 5.00 µs (+0 %) | – | **1.00×** 600 B (+1 %) |\n",
		"| bare | 0.50× | 2.50 µs | +20 % | 2.75 µs | 400,000 | 10.0 µs | 20.0 µs | 3.0 MiB | 100 % | 1.00 µs | 50 % |\n",
		"The cost of echosvc, divided by that of a bare echo:\n\n| load | best rounds | medians | bare echo |\n|---|--:|--:|--:|\n| One | 2.00× | 1.82× | bare |\n\n",
		"A round of bare under “One” failed and does not count: end of file\n",
		"| server | × echosvc | memory per connection | spread | median | RSS |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestMarkdownComparesBuilds(t *testing.T) {
	table := example()
	if got := Markdown(table); strings.Contains(got, "divided by that of a/peer") {
		t.Errorf("a peer is compared as a build:\n%s", got)
	}
	table.Servers[0] = Server{Name: "old", Title: "old (loop)", Group: Ours, Another: true}
	table.Servers[0], table.Servers[1] = table.Servers[1], table.Servers[0]
	for _, l := range table.Loads {
		l.Cells[0], l.Cells[1] = l.Cells[1], l.Cells[0]
	}
	got := Markdown(table)
	want := "The cost of echosvc, divided by that of old (loop):\n\n| load | best rounds | medians |\n|---|--:|--:|\n" +
		"| One | 0.500 | 0.476 |\n| Idle | 0.050 | 0.050 |\n"
	if !strings.Contains(got, want) {
		t.Errorf("no %q in\n%s", want, got)
	}
}

func TestMarkdownRowsMatchTheirHead(t *testing.T) {
	for table := range strings.SplitSeq(Markdown(example()), "\n\n") {
		lines := strings.Split(strings.TrimSpace(table), "\n")
		if !strings.HasPrefix(lines[0], "|") {
			continue
		}
		for _, line := range lines {
			if strings.Count(line, "|") != strings.Count(lines[0], "|") {
				t.Errorf("%q below %q", line, lines[0])
			}
		}
	}
}
