package report

import (
	"fmt"
	"strconv"
)

// digits formats a number with three significant digits, or all before the point: 0.482, 6.25, 14.3, 1,453.
func digits(f float64) string {
	switch {
	case f < 1:
		return strconv.FormatFloat(f, 'f', 3, 64)
	case f < 10:
		return strconv.FormatFloat(f, 'f', 2, 64)
	case f < 100:
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return count(f)
}

// count formats a whole number with commas between the thousands.
func count(f float64) string {
	s := strconv.FormatFloat(f, 'f', 0, 64)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// times formats a ratio, with more digits for a small one.
func times(f float64) string {
	switch {
	case f < 0.1:
		return fmt.Sprintf("%.3f×", f)
	case f < 10:
		return fmt.Sprintf("%.2f×", f)
	}
	return fmt.Sprintf("%.0f×", f)
}

// cost formats what a load costs a server, with the unit.
func (l Load) cost(f float64) string {
	if l.Idle {
		return count(f) + " B"
	}
	return digits(f) + " µs"
}
