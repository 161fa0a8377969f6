package wsconn

import (
	"net/http"
	"sync/atomic"
	"time"
)

// dates formats the values of Date fields (RFC 9110 section 6.6.1), once a second. The zero
// value is ready to use, from any goroutine.
type dates struct {
	last atomic.Pointer[date]
}

// date is the text of a second.
type date struct {
	second int64 // Unix time
	text   string
}

// at returns the value of Date at a time.
func (d *dates) at(now time.Time) string {
	second := now.Unix()
	last := d.last.Load()
	if last == nil || last.second != second {
		last = &date{second, now.UTC().Format(http.TimeFormat)}
		d.last.Store(last)
	}
	return last.text
}
