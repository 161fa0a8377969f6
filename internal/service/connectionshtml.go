package service

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"

	"github.com/echosvc/echosvc/internal/wsconn"
)

// The table's rows are written one by one between these, so they are not nodes.
const (
	tableStart = `<div class="scroll" tabindex="0" role="region" aria-label="Connections">` + "\n<table>\n"
	bodyStart  = "<tbody>\n"
	tableEnd   = "</tbody>\n</table>\n</div>\n"
)

// writeHTML writes the list as a page. An error of w means that the client is gone.
func (l *listing) writeHTML(w io.Writer, now time.Time) {
	page := bufio.NewWriter(w)
	defer page.Flush()
	title, otherTitle := "Open connections", "Connections that ended"
	if l.closed {
		title, otherTitle = otherTitle, title
	}
	writeHead(page, "Connections - echosvc")
	writeNodes(page,
		element("h1", nil, text(title)),
		element("nav", attributes("aria-label", "Other pages"), anchor("./", "HEALTH_PORT"), text(" "), anchor(l.otherLink(), otherTitle)),
		l.form(),
		l.pager(),
	)
	page.WriteString(tableStart)
	writeNodes(page, l.tableHead())
	page.WriteString(bodyStart)
	l.each(func(info *wsconn.Info) bool { return writeNodes(page, row(info, now)) == nil })
	page.WriteString(tableEnd + mainEnd)
}

// otherLink returns a link to the connections that ended from the open ones, and back.
func (l *listing) otherLink() string {
	other := defaultQuery(!l.closed)
	other.limit = l.limit
	return other.link()
}

// form returns the form that filters the list.
func (l *listing) form() *html.Node {
	form := element("form", attributes("action", "connections", "method", "get"), text("\n"))
	add := func(n *html.Node) {
		form.AppendChild(n)
		form.AppendChild(text("\n"))
	}
	field := func(label, name, value string, more ...string) {
		input := element("input", append(attributes("name", name, "value", value), attributes(more...)...))
		add(element("label", nil, text(label+" "), input))
	}
	if l.closed {
		add(element("input", attributes("type", "hidden", "name", "closed", "value", "1")))
	}
	if sort := l.values().Get("sort"); sort != "" {
		add(element("input", attributes("type", "hidden", "name", "sort", "value", sort)))
	}
	field("Client", "client", l.client, "placeholder", "10.0.0.0/8")
	field("Path", "path", l.path, "placeholder", "/chat*")
	if l.closed {
		code := ""
		if l.code != 0 {
			code = strconv.Itoa(l.code)
		}
		field("Code", "code", code, "size", "6", "inputmode", "numeric")
	} else {
		choice := element("select", attributes("name", "state"), element("option", attributes("value", ""), text("any")))
		for _, state := range states {
			var selected []html.Attribute
			if state == l.state {
				selected = attributes("selected", "")
			}
			choice.AppendChild(element("option", selected, text(state)))
		}
		add(element("label", nil, text("State "), choice))
	}
	add(element("button", nil, text("Filter")))
	return form
}

// pager returns the place in the list, and links to the pages before and after it.
func (l *listing) pager() *html.Node {
	first, last := min(l.offset+1, l.matching), min(l.offset+l.limit, l.matching)
	place := "None"
	if l.matching > 0 {
		place = fmt.Sprintf("%d to %d of %d", first, last, l.matching)
	}
	if l.matching != l.total {
		place += fmt.Sprintf(", of %d in all", l.total)
	}
	nav := element("nav", attributes("aria-label", "Place in the list"), element("span", nil, text(place)), text("\n"))
	if l.offset > 0 {
		nav.AppendChild(anchor(l.changed(func(q *listQuery) { q.offset = max(0, q.offset-q.limit) }), "Previous", "rel", "prev"))
		nav.AppendChild(text("\n"))
	}
	if last < l.matching {
		nav.AppendChild(anchor(l.changed(func(q *listQuery) { q.offset += q.limit }), "Next", "rel", "next"))
		nav.AppendChild(text("\n"))
	}
	return nav
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

// tableHead returns the heads of the columns.
func (l *listing) tableHead() *html.Node {
	heads := element("tr", nil)
	for _, c := range shownColumns {
		if c.only == "" || (c.only == "ended") == l.closed {
			heads.AppendChild(l.columnHead(c.title, c.sort))
		}
	}
	return element("thead", nil, heads)
}

// columnHead returns the head of a column. The link of the column that the list is sorted by
// reverses the order.
func (l *listing) columnHead(title, sort string) *html.Node {
	head := element("th", attributes("scope", "col"))
	if sort == "" {
		head.AppendChild(text(title))
		return head
	}
	descending := sort != "id" && sort != "since" && sort != "last_activity" // most first
	arrow := ""
	if sort == l.sort {
		descending = !l.descending
		direction := "ascending"
		arrow = " \u25b2"
		if l.descending {
			direction, arrow = "descending", " \u25bc"
		}
		head.Attr = append(head.Attr, attributes("aria-sort", direction)...)
	}
	head.AppendChild(anchor(l.changed(func(q *listQuery) { q.sort, q.descending, q.offset = sort, descending, 0 }), title))
	head.AppendChild(text(arrow))
	return head
}

// row returns the row of a connection.
func row(info *wsconn.Info, now time.Time) *html.Node {
	client := cell(info.Remote)
	if info.Client != "" {
		client = cell(info.Client, "by "+info.Remote)
	}
	cells := []*html.Node{cell(strconv.FormatUint(info.ID, 10)), client, long(cell(info.Path)), long(cell(info.Host, info.Origin, info.UserAgent))}
	since := attributes("title", info.Since.Format("2006-01-02 15:04:05 MST"))
	if ended := info.Ended; ended != nil {
		code := cell(strconv.Itoa(ended.Code))
		if !ended.Clean {
			code = element("td", attributes("class", "bad"), text(strconv.Itoa(ended.Code)+" unclean"))
		}
		cells = append(cells, element("td", since, text(brief(now.Sub(ended.At)))), cell(brief(milliseconds(ended.DurationMS))), code, cell(ended.Initiator), long(cell(ended.Why, ended.Error)))
	} else {
		cells = append(cells, element("td", since, text(brief(now.Sub(info.Since)))), cell(brief(now.Sub(info.LastActivity))))
	}
	rtt := cell("")
	if info.RTT > 0 {
		rtt = cell(milliseconds(info.RTT).String())
	}
	cells = append(cells, cell(strconv.FormatInt(info.Messages, 10)), cell(strconv.FormatInt(info.Bytes, 10)))
	if info.Ended == nil {
		cells = append(cells, cell(strconv.FormatInt(info.Held, 10)), rtt, cell(info.State))
	} else {
		cells = append(cells, rtt)
	}
	return element("tr", nil, append(cells, long(cell(info.Extensions, info.Subprotocol, info.Controls)))...)
}

// milliseconds returns the duration of a number of them, to the microsecond.
func milliseconds(n float64) time.Duration {
	return time.Duration(math.Round(n*1000)) * time.Microsecond
}

// cell returns a cell of the table. Each of the lines below its text that is not empty has its
// own div.
func cell(first string, below ...string) *html.Node {
	td := element("td", nil, text(first))
	for _, line := range below {
		if line != "" {
			td.AppendChild(element("div", nil, text(line)))
		}
	}
	return td
}

// long lets the text of a cell wrap.
func long(td *html.Node) *html.Node {
	td.Attr = attributes("class", "long")
	return td
}

// link returns a link to the list.
func (q *listQuery) link() string { return "connections?" + q.values().Encode() }

// changed returns a link to the list with another query.
func (q listQuery) changed(change func(*listQuery)) string {
	change(&q)
	return q.link()
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
