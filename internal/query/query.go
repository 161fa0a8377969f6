// Package query reads controls from the query of a URL. A control is a parameter that changes
// what this server does. Clients, frameworks and proxies add their own parameters to URLs, so
// other parameters are ignored. Only a near miss can be refused: a name that is most likely a
// control with a typing error.
//
//   - query.go: a table of controls, and how it parses a query.
//   - nearmiss.go: which names are near misses.
//   - names.go: the list of the names that were ignored.
//   - values.go: times, numbers and switches within bounds.
//   - status.go: the header field that a status needs.
package query

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// ReasonControl is the reason of a refusal because of a control.
const ReasonControl wsproto.Reason = "control"

// Control describes a control that changes a T.
type Control[T any] struct {
	Name    string
	Example string // for help and refusals
	Allowed string // which values, for help and refusals
	// Set sets the control, and reports whether the value is allowed.
	Set func(t *T, value string) bool
	// Foreign reports whether a value shows that the parameter is not the control but another
	// program's of that name, which is ignored. It may be nil.
	Foreign func(value string) bool
}

// Table has the controls that a query may have.
type Table[T any] []Control[T]

// The bounds of what Parse does with names that are not controls, so that a query of any
// length takes about as much time as other bytes of a request head.
const (
	// maxNearMisses is how many other names are compared with those of controls.
	maxNearMisses = 32
	// maxName is the longest name of a control as it may arrive, with each byte escaped.
	maxName = 3 * maxControl
)

// Parse sets the controls in the query of a target. It returns their names, in the order of
// the query, and the names that it ignored. With strict, it refuses a near miss: a name that is
// most likely a control with a typing error. The text of a refusal quotes values of controls only.
func (t Table[T]) Parse(target string, into *T, strict bool) (found []string, ignored Names, refusal *wsproto.HandshakeError) {
	_, query, _ := strings.Cut(target, "?")
	if query == "" {
		return nil, ignored, nil
	}
	compared := 0
	for part := range strings.SplitSeq(query, "&") {
		rawName, rawValue, _ := strings.Cut(part, "=")
		name := decodeName(rawName)
		i := t.index(name)
		switch {
		case part == "":
			continue
		case i < 0:
			if isNew := ignored.add(part); strict && isNew && compared < maxNearMisses {
				compared++
				if meant := t.nearest(name); meant != "" {
					return nil, ignored, t.Refuse("the query has %.80q, which is not a control of this server; the control is called %s", rawName, known(meant))
				}
			}
			continue
		}
		value, malformed := url.QueryUnescape(rawValue)
		switch {
		case t[i].Foreign != nil && t[i].Foreign(value):
			ignored.add(part)
			continue
		case slices.Contains(found, name):
			return nil, ignored, t.Refuse("the query has the control %s twice", known(t[i].Name))
		case malformed != nil || !t[i].Set(into, value):
			return nil, ignored, t.Refuse("the control %s is %.80q; it must be %s", known(t[i].Name), rawValue, known(t[i].Allowed))
		}
		found = append(found, t[i].Name)
	}
	return found, ignored, nil
}

// index returns the index of a control, or -1.
func (t Table[T]) index(name string) int {
	for i := range t {
		if t[i].Name == name {
			return i
		}
	}
	return -1
}

// decodeName returns the name of a parameter, or "" if it is too long for a control or no
// valid percent-encoding.
func decodeName(raw string) string {
	if len(raw) > maxName {
		return ""
	}
	if !strings.Contains(raw, "%") {
		return raw
	}
	name, err := url.QueryUnescape(raw)
	if err != nil {
		return ""
	}
	return name
}

// nearest returns the control that a name most likely means, or "".
func (t Table[T]) nearest(name string) string {
	if len(name) < 3 || len(name) > maxControl || strings.ContainsFunc(name, func(r rune) bool { return r > '~' }) {
		return ""
	}
	nearest, least := "", far
	for _, c := range t {
		if d := distance(name, c.Name); d < least {
			nearest, least = c.Name, d
		}
	}
	if nearest != "" && ownWord(name) {
		return ""
	}
	return nearest
}

// Refuse returns the refusal of a request because of its query. Its text is that of
// [wsproto.Refuse], followed by the list of the controls.
func (t Table[T]) Refuse(format string, args ...any) *wsproto.HandshakeError {
	return wsproto.Refuse(http.StatusBadRequest, ReasonControl, format+". The controls are %s", append(args, known(t.examples()))...)
}

// known is a text of this server. In the log, [wsproto.Refuse] hides strings but not this type.
type known string

// examples returns an example of each control, as a list for the text of a refusal.
func (t Table[T]) examples() string {
	var examples []string
	for _, c := range t {
		examples = append(examples, c.Example)
	}
	return strings.Join(examples, ", ")
}

// WriteHelp writes a line for each control: an example, and the values that are allowed.
func (t Table[T]) WriteHelp(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range t {
		fmt.Fprintf(table, "  %s\t%s\n", c.Example, c.Allowed)
	}
	return table.Flush()
}
