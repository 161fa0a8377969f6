package service

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/echosvc/echosvc/internal/wsconn"
)

//go:embed operator.html
var operatorHTML string

//go:embed operator.css
var operatorCSS string

// operatorPages are the HTML pages of HEALTH_PORT. They have no script.
var operatorPages = template.Must(template.New("").Funcs(template.FuncMap{
	"css": func() template.CSS { return template.CSS(operatorCSS) },
}).Parse(operatorHTML))

// operatorPolicy is their Content-Security-Policy: nothing but their own style, and forms that
// ask HEALTH_PORT.
var operatorPolicy = fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'", styleHash())

func styleHash() string {
	hash := sha256.Sum256([]byte(operatorCSS))
	return base64.StdEncoding.EncodeToString(hash[:])
}

// setHTML sets the header fields of an HTML page.
func setHTML(h http.Header) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", operatorPolicy)
	h.Set("Referrer-Policy", "no-referrer")
}

// columnHead is the head of a column of the table.
type columnHead struct {
	Title string
	Link  string // to the list sorted by it; "" if it cannot be
	Sort  string // aria-sort, or ""
}

// listPage is what the template of the list gets.
type listPage struct {
	Sort                  string
	Closed                bool
	Client, Path, State   string
	Code                  int
	States                []string
	Total, Matching       int
	First, Last           int // places in the list
	Heads                 []columnHead
	Previous, Next, Other string // links
}

// listRow is a row of the table.
type listRow struct {
	*wsconn.Info
	Age, Idle string
	Duration  string
}

// writeHTML writes the list as a page. An error of w means that the client is gone.
func (l *listing) writeHTML(w io.Writer, now time.Time) {
	if operatorPages.ExecuteTemplate(w, "list-head", l.page()) != nil {
		return
	}
	l.each(func(info *wsconn.Info) bool {
		row := listRow{Info: info, Age: brief(now.Sub(info.Since)), Idle: brief(now.Sub(info.LastActivity))}
		if info.Ended != nil {
			row.Age = brief(now.Sub(info.At))
			row.Duration = brief(time.Duration(info.DurationMS * float64(time.Millisecond)))
		}
		return operatorPages.ExecuteTemplate(w, "list-row", row) == nil
	})
	operatorPages.ExecuteTemplate(w, "list-foot", nil)
}

// page returns the head of the page.
func (l *listing) page() listPage {
	p := listPage{
		Sort: l.values().Get("sort"), Closed: l.closed, Client: l.client, Path: l.path, State: l.state, Code: l.code, States: states,
		Total: l.total, Matching: l.matching, First: min(l.offset+1, l.matching), Last: min(l.offset+l.limit, l.matching),
	}
	if l.offset > 0 {
		p.Previous = l.link(func(q *listQuery) { q.offset = max(0, q.offset-q.limit) })
	}
	if p.Last < l.matching {
		p.Next = l.link(func(q *listQuery) { q.offset += q.limit })
	}
	other := listQuery{limit: l.limit, sort: "id", closed: !l.closed}
	if other.closed {
		other.sort, other.descending = "ended", true
	}
	p.Other = other.link(nil)
	for _, c := range shownColumns {
		if c.only != "" && (c.only == "ended") != l.closed {
			continue
		}
		p.Heads = append(p.Heads, l.head(c.title, c.sort))
	}
	return p
}

// shownColumns are the columns of the table.
var shownColumns = []struct {
	title, sort string // sort is a name in columns, or ""
	only        string // open or ended; "" for both
}{
	{"ID", "id", ""}, {"Client", "", ""}, {"Path", "", ""}, {"Host, origin, user agent", "", ""},
	{"Open for", "since", "open"}, {"Ended ago", "ended", "ended"}, {"Duration", "duration", "ended"},
	{"Idle for", "last_activity", "open"}, {"Code", "", "ended"}, {"By", "", "ended"}, {"Why", "", "ended"},
	{"Messages", "messages", ""}, {"Bytes", "bytes", ""}, {"Held", "held", "open"}, {"RTT", "rtt", ""},
	{"State", "", "open"}, {"Extensions, subprotocol, controls", "", ""},
}

// head returns the head of a column. The link of the column that the list is sorted by turns
// it round.
func (l *listing) head(title, sort string) columnHead {
	h := columnHead{Title: title}
	if sort == "" {
		return h
	}
	descending := sort != "id" && sort != "since" && sort != "last_activity" // most first
	if sort == l.sort {
		descending = !l.descending
		h.Sort = "ascending"
		if l.descending {
			h.Sort = "descending"
		}
	}
	h.Link = l.link(func(q *listQuery) { q.sort, q.descending, q.offset = sort, descending, 0 })
	return h
}

// link returns a link to the list with another query. change may be nil.
func (q listQuery) link(change func(*listQuery)) string {
	if change != nil {
		change(&q)
	}
	return "connections?" + q.values().Encode()
}

// brief returns a duration in two units at most.
func brief(d time.Duration) string {
	switch d = max(0, d); {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Hour:
		return d.Round(time.Second).String()
	case d < 48*time.Hour:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
	hours := int(d.Hours())
	return fmt.Sprintf("%dd%dh", hours/24, hours%24)
}
