//go:build linux

package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// columns are the heads of the table.
var columns = []string{
	"attack", "peers", "connections", "refused",
	"p50 ms", "x", "p99 ms", "x", "floor p99",
	"new WebSockets", "health", "MiB", "peak", "in sockets", "files", "cores", "back after s", "result",
}

// writeHead writes the head of the table of a driver.
func writeHead(w io.Writer, d driver, sc *scenario) {
	fmt.Fprintf(w, "\n## %s\n\n%d good clients, %v quiet, %v under attack.\n"+
		"p50 and p99: round trips, quiet -> under attack, in ms. The floor is a bare TCP echo at the same time, within this program.\n"+
		"MiB: process and sockets, before -> after the attack, the peak, and the sockets' part of it. Files: the most at a time. Cores: under attack.\n", d.name, sc.clients, sc.quiet, sc.duration)
	fmt.Fprintf(w, "\n| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
}

// writeRow writes a line of the table.
func writeRow(w io.Writer, r *result, failures []string) {
	verdict := "ok"
	if len(failures) > 0 {
		verdict = "**FAIL** " + strings.NewReplacer("|", "/", "\n", " ").Replace(strings.Join(failures, "; "))
	}
	back := "never"
	if r.settled >= 0 {
		back = fmt.Sprintf("%.1f", r.settled.Seconds())
	}
	fmt.Fprintf(w, "| %s |\n", strings.Join([]string{
		r.attack.name, strconv.Itoa(r.peers), strconv.FormatInt(r.tried, 10), strconv.FormatInt(r.refused, 10),
		arrow(r.fleet.roundTrips, 0.5), factor(r.ratio(0.5)), arrow(r.fleet.roundTrips, 0.99), factor(r.ratio(0.99)), arrow(r.floor, 0.99),
		r.opened.String(), r.health.String(),
		mebibytes(r.base.total()) + " -> " + mebibytes(r.after.total()), mebibytes(r.peakSum), mebibytes(r.peak.sockets), strconv.Itoa(r.peak.files),
		fmt.Sprintf("%.2f", r.attackCPU), back, verdict,
	}, " | "))
}

// arrow formats a percentile before and under attack.
func arrow(samples [phases][]time.Duration, p float64) string {
	return milliseconds(percentile(samples[quiet], p)) + " -> " + milliseconds(percentile(samples[underAttack], p))
}

func milliseconds(d time.Duration) string {
	ms := float64(d) / 1e6
	if ms >= 10 {
		return fmt.Sprintf("%.0f", ms)
	}
	return fmt.Sprintf("%.2g", ms)
}

func factor(f float64) string {
	if f >= 10 {
		return fmt.Sprintf("%.0f", f)
	}
	return fmt.Sprintf("%.1f", f)
}

func mebibytes(n int64) string { return fmt.Sprintf("%.0f", float64(n)/(1<<20)) }

// units are those of sizes, from the largest.
var units = []struct {
	name string
	size int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// formatSize formats bytes with the largest unit of which there is at least one, rounded
// unless they are a multiple.
func formatSize(n int64) string {
	for _, u := range units {
		if n >= u.size && n%u.size == 0 {
			return strconv.FormatInt(n/u.size, 10) + u.name
		}
		if n >= 10*u.size {
			return strconv.FormatInt(int64(math.Round(float64(n)/float64(u.size))), 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10) + "B"
}

// A size is a flag in bytes, with a unit.
type size int64

func (s *size) String() string { return formatSize(int64(*s)) }

func (s *size) Set(text string) error {
	for _, u := range units {
		if number, ok := strings.CutSuffix(text, u.name); ok {
			n, err := strconv.ParseInt(number, 10, 64)
			if err != nil || n < 0 || n > math.MaxInt64/u.size {
				return fmt.Errorf("%q is not a size such as 256MiB", text)
			}
			*s = size(n * u.size)
			return nil
		}
	}
	if text == "0" {
		*s = 0
		return nil
	}
	return fmt.Errorf("%q is not a size such as 256MiB", text)
}
