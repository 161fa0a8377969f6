package wsconn

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// controls are what the query of an upgrade asks a connection to do.
type controls struct {
	query string // as received, but at most maxQuery bytes
	names string // of the controls, with commas

	greet       bool
	delay       time.Duration
	closing     ending // with a close frame, of closeCode and closeReason
	closeCode   wsproto.CloseCode
	closeReason string
	drop        ending        // without a close frame
	reset       ending        // with RST
	stallIn     time.Duration // or never
	ping        time.Duration // 0 means no pings, never means PING_INTERVAL
	answerPings bool
	fragment    int // bytes; 0 leaves fragments as they are
	deflate     bool
	subprotocol string        // empty means SUBPROTOCOLS, "none" means none
	every       time.Duration // 0 means no messages
	ignoreClose bool
}

// ending is when a control ends the connection.
type ending struct {
	after int           // echoed messages; 0 means never
	in    time.Duration // after the handshake, or never
}

const never time.Duration = -1

// The bounds of values.
const (
	maxDelay    = time.Minute           // of delay
	maxTime     = 24 * time.Hour        // of every other duration
	minInterval = 10 * time.Millisecond // between pings, and between messages of the control every
)

// maxQueryParts is the largest number of parts of a query, separated by "&". It leaves room
// for all controls and for parts that a proxy or a client adds.
const maxQueryParts = 64

// control describes one control.
type control struct {
	name    string
	example string // for help and refusals
	allowed string // which values, for help and refusals
	// set sets the control, and reports whether the value is allowed.
	set func(k *controls, value string) bool
}

// controlTable lists the controls.
var controlTable = []control{
	{"greet", "greet=1", "1, or 0 for none", func(k *controls, v string) bool { return setSwitch(&k.greet, v) }},
	{"delay", "delay=250ms", "a duration from 0 to 1m0s, such as 250ms", func(k *controls, v string) bool { return setTime(&k.delay, v, 0, maxDelay) }},
	{"close_after", "close_after=N", allowedCount, func(k *controls, v string) bool { return setCount(&k.closing.after, v) }},
	{"close_in", "close_in=10s", allowedTime, func(k *controls, v string) bool { return setTime(&k.closing.in, v, 0, maxTime) }},
	{"close_code", "close_code=4000", "a close code that a server may send, together with close_after or close_in: 1000 to 1003, 1007 to 1009, 1011 to 1014, 3000 to 4999", setCloseCode},
	{"close_reason", "close_reason=TEXT", "UTF-8 of at most 123 bytes, together with close_after or close_in", setCloseReason},
	{"drop_after", "drop_after=N", allowedCount, func(k *controls, v string) bool { return setCount(&k.drop.after, v) }},
	{"drop_in", "drop_in=10s", allowedTime, func(k *controls, v string) bool { return setTime(&k.drop.in, v, 0, maxTime) }},
	{"reset_after", "reset_after=N", allowedCount, func(k *controls, v string) bool { return setCount(&k.reset.after, v) }},
	{"reset_in", "reset_in=10s", allowedTime, func(k *controls, v string) bool { return setTime(&k.reset.in, v, 0, maxTime) }},
	{"stall_in", "stall_in=10s", allowedTime, func(k *controls, v string) bool { return setTime(&k.stallIn, v, 0, maxTime) }},
	{"ping", "ping=5s", "a duration from 10ms to 24h0m0s, such as 5s, or 0 for none", func(k *controls, v string) bool {
		return setTime(&k.ping, v, minInterval, maxTime) || setTime(&k.ping, v, 0, 0)
	}},
	{"pong", "pong=0", "0 for none, or 1", func(k *controls, v string) bool { return setSwitch(&k.answerPings, v) }},
	{"fragment", "fragment=N", "a number of bytes, 1 or more", func(k *controls, v string) bool { return setCount(&k.fragment, v) }},
	{"deflate", "deflate=0", "0 for none, or 1", func(k *controls, v string) bool { return setSwitch(&k.deflate, v) }},
	{"subprotocol", "subprotocol=NAME", "the name of a subprotocol, or none", setSubprotocol},
	{"every", "every=1s", "a duration from 10ms to 24h0m0s, such as 1s", func(k *controls, v string) bool { return setTime(&k.every, v, minInterval, maxTime) }},
	{"close", "close=ignore", "ignore", func(k *controls, v string) bool { k.ignoreClose = v == "ignore"; return k.ignoreClose }},
}

const (
	allowedCount = "a number of messages, 1 or more"
	allowedTime  = "a duration from 0 to 24h0m0s, such as 10s"
)

// controlExamples is the list of controls in the text of a refusal.
var controlExamples = func() string {
	var examples []string
	for _, control := range controlTable {
		examples = append(examples, control.example)
	}
	return strings.Join(examples, ", ")
}()

// WriteControls writes a line for each control: an example, and the values that are allowed.
func WriteControls(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, control := range controlTable {
		fmt.Fprintf(table, "  %s\t%s\n", control.example, control.allowed)
	}
	return table.Flush()
}

// parseControls parses the controls in the query of a target. It returns nil if there are
// none. allowed is the setting CONTROLS. A refusal names an unknown parameter without its
// value, which may be another application's secret.
func parseControls(target string, allowed bool) (*controls, *wsproto.HandshakeError) {
	_, query, _ := strings.Cut(target, "?")
	if query == "" {
		return nil, nil
	}
	if strings.Count(query, "&") >= maxQueryParts {
		return nil, refuseQuery("the query has more than %d parts, the limit of this server", maxQueryParts)
	}
	k := newControls(strings.Clone(query[:min(len(query), maxQuery)])) // a substring would keep the whole request head in memory
	seen, names := map[string]bool{}, []string{}
	for part := range strings.SplitSeq(query, "&") {
		rawName, rawValue, _ := strings.Cut(part, "=")
		name, _ := url.QueryUnescape(rawName)
		value, malformed := url.QueryUnescape(rawValue)
		i := slices.IndexFunc(controlTable, func(c control) bool { return c.name == name })
		switch {
		case part == "", i < 0 && !allowed:
			continue
		case i < 0:
			return nil, refuseControls("the query has %.80q, which is not a control of this server", rawName)
		case !allowed:
			return nil, refuseQuery("the query has the control %s, but CONTROLS=false of this server turns controls off", name)
		case seen[name]:
			return nil, refuseControls("the query has the control %s twice", name)
		case malformed != nil || !controlTable[i].set(k, value):
			return nil, refuseControls("the control %s is %.80q; it must be %s", name, rawValue, controlTable[i].allowed)
		}
		seen[name] = true
		names = append(names, controlTable[i].name)
	}
	k.names = strings.Join(names, ",")
	switch {
	case len(seen) == 0:
		return nil, nil
	case (seen["close_code"] || seen["close_reason"]) && !seen["close_after"] && !seen["close_in"]:
		return nil, refuseControls("close_code and close_reason need close_after or close_in")
	}
	return k, nil
}

// refuseQuery returns the refusal of an upgrade because of its query.
func refuseQuery(format string, args ...any) *wsproto.HandshakeError {
	return wsproto.Refuse(http.StatusBadRequest, ReasonControl, format, args...)
}

// refuseControls is refuseQuery with the list of controls.
func refuseControls(format string, args ...any) *wsproto.HandshakeError {
	return refuseQuery(format+". The controls are %s", append(args, controlExamples)...)
}

// maxQuery is how much of a query is kept for /connections, in bytes.
const maxQuery = 200

// newControls returns controls that change nothing.
func newControls(query string) *controls {
	no := ending{in: never}
	return &controls{
		query: query, closing: no, closeCode: wsproto.CloseNormalClosure, drop: no, reset: no, stallIn: never,
		ping: never, answerPings: true, deflate: true,
	}
}

func setTime(d *time.Duration, value string, least, most time.Duration) bool {
	parsed, err := time.ParseDuration(value)
	*d = parsed
	return err == nil && least <= parsed && parsed <= most
}

func setCount(n *int, value string) bool {
	parsed, err := strconv.ParseInt(value, 10, 32)
	*n = int(parsed)
	return err == nil && parsed > 0
}

func setSwitch(on *bool, value string) bool {
	*on = value == "1"
	return value == "0" || value == "1"
}

// setCloseCode accepts the close codes that a server may send. That excludes 1010, which
// only a client sends (RFC 6455 section 7.4.1).
func setCloseCode(k *controls, value string) bool {
	n, err := strconv.ParseUint(value, 10, 16)
	k.closeCode = wsproto.CloseCode(n)
	return err == nil && k.closeCode.MaySend() && k.closeCode != wsproto.CloseMandatoryExtension
}

func setCloseReason(k *controls, value string) bool {
	k.closeReason = strings.Clone(value)
	return len(value) <= wsproto.MaxCloseReason && utf8.ValidString(value)
}

func setSubprotocol(k *controls, value string) bool {
	k.subprotocol = strings.Clone(value)
	return wsproto.IsToken(value)
}

// override changes the outcome of a handshake. It may choose a subprotocol that the client
// did not offer, to test how the client reacts.
func (k *controls) override(h *wsproto.Handshake) {
	if !k.deflate {
		h.Deflate = wsproto.Deflate{}
	}
	switch k.subprotocol {
	case "":
	case "none":
		h.Subprotocol = ""
	default:
		h.Subprotocol = k.subprotocol
	}
}
