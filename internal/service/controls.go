package service

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// controls are what the query of an upgrade asks this one connection to do, and how far it
// is with that. A connection whose query asks for nothing has none.
type controls struct {
	query string // as sent

	greet       bool
	delay       time.Duration
	closeWith   ending // with a close frame: closeCode and closeReason
	closeCode   wsproto.CloseCode
	closeReason string
	drop        ending        // without one
	reset       ending        // with RST
	stallIn     time.Duration // or never
	ping        time.Duration // 0 is no pings, never is as the configuration says
	answerPings bool
	fragment    int           // 0 is as they come
	deflate     bool          // compression may be agreed on
	subprotocol string        // "" is as the configuration says, "none" is none
	every       time.Duration // 0 is no messages
	ignoreClose bool

	state controlState
}

// ending says when a connection is to end in some way.
type ending struct {
	after int           // answered messages; 0 is none
	in    time.Duration // since the handshake, or never
}

const never time.Duration = -1

// Bounds of values. What is held is held for maxDelay at the most, and what is sent
// unasked comes no faster than minInterval.
const (
	maxDelay    = time.Minute
	maxTime     = 24 * time.Hour
	minInterval = 10 * time.Millisecond
)

// control is what is said of a control when one is wrong.
type control struct{ name, example, allowed string }

// controlTable lists the controls.
var controlTable = []control{
	{"greet", "greet=1", "1, or 0 for none"},
	{"delay", "delay=250ms", "a duration from 0 to 1m0s, such as 250ms"},
	{"close_after", "close_after=N", "a number of messages, 1 or more"},
	{"close_in", "close_in=10s", "a duration from 0 to 24h0m0s, such as 10s"},
	{"close_code", "close_code=4000", "a close code that a server may send, beside close_after or close_in: 1000 to 1003, 1007 to 1009, 1011 to 1014, 3000 to 4999"},
	{"close_reason", "close_reason=TEXT", "UTF-8 of at most 123 bytes, beside close_after or close_in"},
	{"drop_after", "drop_after=N", "a number of messages, 1 or more"},
	{"drop_in", "drop_in=10s", "a duration from 0 to 24h0m0s, such as 10s"},
	{"reset_after", "reset_after=N", "a number of messages, 1 or more"},
	{"reset_in", "reset_in=10s", "a duration from 0 to 24h0m0s, such as 10s"},
	{"stall_in", "stall_in=10s", "a duration from 0 to 24h0m0s, such as 10s"},
	{"ping", "ping=5s", "a duration from 10ms to 24h0m0s, such as 5s, or 0 for none"},
	{"pong", "pong=0", "0 for none, or 1"},
	{"fragment", "fragment=N", "a number of bytes, 1 or more"},
	{"deflate", "deflate=0", "0 for none, or 1"},
	{"subprotocol", "subprotocol=NAME", "the name of a subprotocol, or none"},
	{"every", "every=1s", "a duration from 10ms to 24h0m0s, such as 1s"},
	{"close", "close=ignore", "ignore"},
}

// controlExamples is how the controls are listed in a refusal.
var controlExamples = func() string {
	var examples []string
	for _, control := range controlTable {
		examples = append(examples, control.example)
	}
	return strings.Join(examples, ", ")
}()

// WriteControls writes a line for every control: an example, and what is allowed.
func WriteControls(w io.Writer) error {
	for _, control := range controlTable {
		if _, err := fmt.Fprintf(w, "  %-18s %s\n", control.example, control.allowed); err != nil {
			return err
		}
	}
	return nil
}

// controlsOf reads the controls of a request's target. A refusal names what is wrong, and
// no value of what is not a control: that may be a secret of something else.
func (s *Service) controlsOf(target string) (*controls, *wsproto.Refusal) {
	_, query, _ := strings.Cut(target, "?")
	if query == "" {
		return nil, nil
	}
	k := newControls(query)
	seen := map[string]bool{}
	for part := range strings.SplitSeq(query, "&") {
		rawName, rawValue, _ := strings.Cut(part, "=")
		name, _ := url.QueryUnescape(rawName)
		value, malformed := url.QueryUnescape(rawValue)
		i := slices.IndexFunc(controlTable, func(c control) bool { return c.name == name })
		switch {
		case part == "", i < 0 && !s.config.Controls:
			continue
		case i < 0:
			return nil, refuseControls("the query has %.80q, which is not a control of this server", rawName)
		case !s.config.Controls:
			return nil, refuseQuery("the query has the control %s, and CONTROLS=false of this server switches controls off", name)
		case seen[name]:
			return nil, refuseControls("the query has the control %s twice", name)
		case malformed != nil || !k.set(name, value):
			return nil, refuseControls("the control %s is %.80q; it must be %s", name, rawValue, controlTable[i].allowed)
		}
		seen[name] = true
	}
	switch {
	case len(seen) == 0:
		return nil, nil
	case (seen["close_code"] || seen["close_reason"]) && !seen["close_after"] && !seen["close_in"]:
		return nil, refuseControls("close_code and close_reason need close_after or close_in beside them")
	}
	return k, nil
}

// refuseQuery refuses an upgrade for its query.
func refuseQuery(format string, args ...any) *wsproto.Refusal {
	return &wsproto.Refusal{Status: http.StatusBadRequest, Text: fmt.Sprintf(format, args...)}
}

// refuseControls is refuseQuery with a list of what there is.
func refuseControls(format string, args ...any) *wsproto.Refusal {
	return refuseQuery(format+". The controls are %s", append(args, controlExamples)...)
}

// newControls returns controls that ask for nothing.
func newControls(query string) *controls {
	no := ending{in: never}
	return &controls{
		query: query, closeWith: no, closeCode: wsproto.NormalClosure, drop: no, reset: no, stallIn: never,
		ping: never, answerPings: true, deflate: true,
	}
}

// set sets the control of that name, which the table has. It says whether the value is
// what the table allows.
func (k *controls) set(name, value string) (ok bool) {
	switch name {
	case "greet":
		k.greet, ok = parseSwitch(value)
	case "delay":
		k.delay, ok = parseTime(value, 0, maxDelay)
	case "close_after":
		k.closeWith.after, ok = parseCount(value)
	case "close_in":
		k.closeWith.in, ok = parseTime(value, 0, maxTime)
	case "close_code":
		k.closeCode, ok = parseCloseCode(value)
	case "close_reason":
		k.closeReason, ok = value, len(value) <= wsproto.MaxCloseReason && utf8.ValidString(value)
	case "drop_after":
		k.drop.after, ok = parseCount(value)
	case "drop_in":
		k.drop.in, ok = parseTime(value, 0, maxTime)
	case "reset_after":
		k.reset.after, ok = parseCount(value)
	case "reset_in":
		k.reset.in, ok = parseTime(value, 0, maxTime)
	case "stall_in":
		k.stallIn, ok = parseTime(value, 0, maxTime)
	case "ping":
		if k.ping, ok = parseTime(value, minInterval, maxTime); !ok {
			k.ping, ok = parseTime(value, 0, 0)
		}
	case "pong":
		k.answerPings, ok = parseSwitch(value)
	case "fragment":
		k.fragment, ok = parseCount(value)
	case "deflate":
		k.deflate, ok = parseSwitch(value)
	case "subprotocol":
		k.subprotocol, ok = value, wsproto.IsToken(value)
	case "every":
		k.every, ok = parseTime(value, minInterval, maxTime)
	case "close":
		k.ignoreClose = value == "ignore"
		ok = k.ignoreClose
	}
	return ok
}

// choose overrules what was agreed on. The subprotocol is what the controls say, whatever
// the client offers: it is to be seen what the client makes of it.
func (k *controls) choose(a *wsproto.Agreement) {
	if !k.deflate {
		a.Deflate = wsproto.Deflate{}
	}
	switch k.subprotocol {
	case "":
	case "none":
		a.Subprotocol = ""
	default:
		a.Subprotocol = k.subprotocol
	}
}

func parseTime(value string, least, most time.Duration) (d time.Duration, ok bool) {
	d, err := time.ParseDuration(value)
	return d, err == nil && least <= d && d <= most
}

func parseCount(value string) (n int, ok bool) {
	n64, err := strconv.ParseInt(value, 10, 32)
	return int(n64), err == nil && n64 > 0
}

func parseSwitch(value string) (on, ok bool) { return value == "1", value == "0" || value == "1" }

// parseCloseCode reads a close code that a server may send: not 1010, which is the client's
// (RFC 6455 section 7.4.1).
func parseCloseCode(value string) (code wsproto.CloseCode, ok bool) {
	n, err := strconv.ParseUint(value, 10, 16)
	code = wsproto.CloseCode(n)
	return code, err == nil && code.MaySend() && code != wsproto.MandatoryExtension
}
