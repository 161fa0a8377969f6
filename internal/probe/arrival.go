package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/coder/websocket"
)

// A change is a header field, or the Path, that did not arrive as it was sent.
type change struct {
	Name    string `json:"name"`
	Sent    string `json:"sent"`
	Arrived string `json:"arrived"`
}

// arrivalData is how a request was sent, and how it arrived.
type arrivalData struct {
	Request string   `json:"request"` // the request line, as it arrived
	Removed []Field  `json:"removed,omitempty"`
	Changed []change `json:"changed,omitempty"`
	Added   []Field  `json:"added,omitempty"`
	// RemovedFromResponse are fields that the server sent but that did not arrive.
	RemovedFromResponse []string `json:"removed_from_response,omitempty"`
}

// arrival compares a handshake as it was sent with what arrived, which echosvc reports in its
// greeting, and the response with what the server must have sent.
func (p *prober) arrival(ctx context.Context) Check {
	const name = "arrival"
	o := offer{
		query:        controls("subprotocol", "probe.first"), // makes the server select it in any case
		subprotocols: []string{"probe.first", "probe.second"}, compression: websocket.CompressionContextTakeover,
	}
	s, err := p.dial(ctx, o)
	switch {
	case refusesControls(err):
		return note(name, "unknown: the server refuses controls: %v", err)
	case err != nil:
		return failed(name, "%v", err)
	}
	defer s.release()
	g, known, err := s.firstEcho(ctx, "what arrived?")
	switch {
	case !known:
		return note(name, "unknown: only echosvc reports what arrives, with its control greet=1 and CONTROLS=true")
	case err != nil:
		return failed(name, "no echo: %s", describeEnd(err))
	}
	sent, arrived, response := s.wire.request.head(), head{g.Request, g.Headers}, s.wire.response.head()
	data := compare(&sent, &arrived)
	if arrived.has("Sec-WebSocket-Protocol") && !response.has("Sec-WebSocket-Protocol") {
		data.RemovedFromResponse = append(data.RemovedFromResponse, "Sec-WebSocket-Protocol")
	}
	if arrived.has("Sec-WebSocket-Extensions") && !response.has("Sec-WebSocket-Extensions") && s.serverCompresses(ctx) {
		data.RemovedFromResponse = append(data.RemovedFromResponse, "Sec-WebSocket-Extensions")
	}
	return data.check(name, func() string { return p.proxyBehind(ctx, &response) })
}

// compare compares a request as it was sent with how it arrived.
func compare(sent, arrived *head) *arrivalData {
	data := &arrivalData{Request: arrived.line}
	if want, got := requestTarget(sent.line), requestTarget(arrived.line); want != got {
		wantPath, wantQuery, _ := strings.Cut(want, "?")
		if path, query, _ := strings.Cut(got, "?"); query == wantQuery {
			want, got = wantPath, path
		}
		data.Changed = append(data.Changed, change{"Path", want, got})
	}
	seen := map[string]bool{}
	for _, f := range sent.fields {
		lower := strings.ToLower(f.Name)
		if seen[lower] {
			continue
		}
		seen[lower] = true
		want, got := sent.value(f.Name), arrived.value(f.Name)
		switch {
		case !arrived.has(f.Name):
			data.Removed = append(data.Removed, Field{f.Name, want})
		case !sameValue(lower, want, got):
			data.Changed = append(data.Changed, change{f.Name, want, got})
		}
	}
	for _, f := range arrived.fields {
		if !seen[strings.ToLower(f.Name)] {
			data.Added = append(data.Added, f)
		}
	}
	return data
}

// requestTarget returns the target of a request line.
func requestTarget(line string) string {
	_, rest, _ := strings.Cut(line, " ")
	target, _, _ := strings.Cut(rest, " ")
	return target
}

// sameValue reports whether the values of a field mean the same. The name is in lower case.
func sameValue(name, sent, arrived string) bool {
	switch name {
	case "connection": // for one hop only (RFC 9110 section 7.6.1): what counts is Upgrade
		h := head{fields: []Field{{name, arrived}}}
		return h.hasToken(name, "upgrade")
	case "upgrade":
		return strings.EqualFold(sent, arrived)
	case "host": // many proxies leave out the port
		if host, _, err := net.SplitHostPort(sent); err == nil && strings.EqualFold(host, strings.Trim(arrived, "[]")) {
			return true
		}
		return strings.EqualFold(sent, arrived)
	}
	// An echosvc hides some values from what may be a browser.
	return sent == arrived || arrived == fmt.Sprintf("hidden from browsers: %d bytes", len(sent))
}

// compressedHello is "Hello" in a compressed text frame with the masking key 0 (RFC 7692 section
// 7.2.3.1).
const compressedHello = "c1 87 00000000 f2 48 cd c9 c9 07 00"

// serverCompresses reports whether the server believes that compression was agreed on: it then
// answers a compressed message with one. Otherwise it must fail the connection, since a reserved
// bit is set (RFC 6455 section 5.2).
func (s *session) serverCompresses(ctx context.Context) bool {
	if s.write(compressedHello) != nil {
		return false
	}
	err := s.end(ctx) // the library did not agree on compression, and fails at a compressed message
	_, closed := closeFrame(err)
	return !closed && err != errStillOpen && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) && !isReset(err) && ctx.Err() == nil
}

// check returns the result. proxy returns the name of the proxy, and is called only if a
// diagnosis needs it.
func (d *arrivalData) check(name string, proxy func() string) Check {
	c := Check{Name: name, Verdict: OK, Data: d}
	found := func(verdict Verdict, id, format string, args ...any) *Diagnosis {
		if c.Verdict != Failed {
			c.Verdict = verdict
		}
		diagnosis := diagnose(id, proxy(), format, args...)
		diagnosis.Verdict = verdict
		c.Diagnoses = append(c.Diagnoses, diagnosis)
		return diagnosis
	}
	var parts []string
	for _, f := range d.Removed {
		parts = append(parts, "removed: "+f.Name)
		switch strings.ToLower(f.Name) {
		case "sec-websocket-protocol":
			found(Failed, "subprotocol-removed", "Sec-WebSocket-Protocol was sent, but never arrived: browsers that offer a subprotocol cannot connect")
		case "sec-websocket-extensions":
			found(Note, "extensions-removed", "Sec-WebSocket-Extensions was sent, but never arrived: messages are not compressed")
		default:
			diagnosis := found(Note, "field-removed", "%s was sent, but never arrived", f.Name).forField(f.Name)
			if diagnosis.Proxy == nginx && strings.Contains(f.Name, "_") {
				diagnosis.Fix = "underscores_in_headers on;"
			}
		}
	}
	for _, f := range d.Changed {
		parts = append(parts, fmt.Sprintf("changed: %s %q arrived as %q", f.Name, printable([]byte(f.Sent)), printable([]byte(f.Arrived))))
		switch strings.ToLower(f.Name) {
		case "path":
			found(Note, "path-rewritten", "the path was sent as %s and arrived as %s", f.Sent, f.Arrived)
		case "host":
			found(Note, "host-rewritten", "Host was sent as %s and arrived as %s", f.Sent, f.Arrived)
		default:
			found(Note, "field-changed", "%s was changed on its way to the server", f.Name).forField(f.Name)
		}
	}
	for _, f := range d.RemovedFromResponse {
		parts = append(parts, "removed from the response: "+f)
		id, effect := "subprotocol-removed-from-response", "browsers that offer a subprotocol cannot connect"
		if f == "Sec-WebSocket-Extensions" {
			id, effect = "extensions-removed-from-response", "the server believes that compression was agreed on, and the client does not"
		}
		found(Failed, id, "%s was selected by the server, and removed by the proxy: %s", f, effect)
	}
	if len(d.Added) > 0 {
		var added []string
		for _, f := range d.Added {
			added = append(added, f.Name+": "+printable([]byte(f.Value)))
		}
		slices.Sort(added)
		parts = append(parts, "added: "+strings.Join(added, ", "))
	}
	c.Detail = strings.Join(parts, "\n")
	if len(d.Removed)+len(d.Changed)+len(d.RemovedFromResponse) == 0 {
		c.Detail = strings.TrimSuffix("the request arrived as it was sent\n"+c.Detail, "\n")
	}
	return c
}
