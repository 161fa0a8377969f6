package query

import (
	"strconv"
	"time"
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
