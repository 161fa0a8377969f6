package query

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// SetTime sets d to a duration such as 250ms, and reports whether it is within bounds.
func SetTime(d *time.Duration, value string, least, most time.Duration) bool {
	parsed, err := time.ParseDuration(value)
	*d = parsed
	return err == nil && least <= parsed && parsed <= most
}

// SetNumber sets n to a number, and reports whether it is within bounds.
func SetNumber(n *int, value string, least, most int) bool {
	parsed, err := strconv.Atoi(value)
	*n = parsed
	return err == nil && least <= parsed && parsed <= most
}

// SetSwitch sets on, and reports whether value is 0 or 1.
func SetSwitch(on *bool, value string) bool {
	*on = value == "1"
	return value == "0" || value == "1"
}

// IsNoNumber reports whether value is not meant as a number: it begins with a letter, or has no
// digit. One such as 5O3 is.
func IsNoNumber(value string) bool {
	first, _ := utf8.DecodeRuneInString(value)
	return unicode.IsLetter(first) || !hasDigit(value)
}

// IsNoTime reports whether value is not meant as a duration. One such as PT5S is.
func IsNoTime(value string) bool { return !hasDigit(value) }

// IsNoSwitch reports whether value is a word that is not meant as a switch. One such as yes is.
func IsNoSwitch(value string) bool {
	return value != "" && !hasDigit(value) && !slices.Contains(switches, strings.ToLower(value))
}

// switches are what people write for 1 and 0.
var switches = strings.Fields("on off true false yes no y n t f none always never")

func hasDigit(s string) bool { return strings.ContainsFunc(s, unicode.IsDigit) }
