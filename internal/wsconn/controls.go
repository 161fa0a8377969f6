package wsconn

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/echosvc/echosvc/internal/query"
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

	refuse      int // the status of a refused handshake; 0 means none
	refuseAfter int // seconds, in Retry-After; -1 means none
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

// controlTable lists the controls.
var controlTable = query.Table[controls]{
	control("greet", "greet=1", "1, or 0 for none", func(k *controls, v string) bool { return query.SetSwitch(&k.greet, v) }),
	control("delay", "delay=250ms", "a duration from 0 to 1m0s, such as 250ms", func(k *controls, v string) bool { return query.SetTime(&k.delay, v, 0, maxDelay) }),
	control("close_after", "close_after=N", allowedCount, func(k *controls, v string) bool { return setCount(&k.closing.after, v) }),
	control("close_in", "close_in=10s", allowedTime, func(k *controls, v string) bool { return query.SetTime(&k.closing.in, v, 0, maxTime) }),
	control("close_code", "close_code=4000", "a close code that a server may send, together with close_after or close_in: 1000 to 1003, 1007 to 1009, 1011 to 1014, 3000 to 4999", setCloseCode),
	control("close_reason", "close_reason=TEXT", "UTF-8 of at most 123 bytes, together with close_after or close_in", setCloseReason),
	control("drop_after", "drop_after=N", allowedCount, func(k *controls, v string) bool { return setCount(&k.drop.after, v) }),
	control("drop_in", "drop_in=10s", allowedTime, func(k *controls, v string) bool { return query.SetTime(&k.drop.in, v, 0, maxTime) }),
	control("reset_after", "reset_after=N", allowedCount, func(k *controls, v string) bool { return setCount(&k.reset.after, v) }),
	control("reset_in", "reset_in=10s", allowedTime, func(k *controls, v string) bool { return query.SetTime(&k.reset.in, v, 0, maxTime) }),
	control("stall_in", "stall_in=10s", allowedTime, func(k *controls, v string) bool { return query.SetTime(&k.stallIn, v, 0, maxTime) }),
	control("ping", "ping=5s", "a duration from 10ms to 24h0m0s, such as 5s, or 0 for none", func(k *controls, v string) bool {
		return query.SetTime(&k.ping, v, minInterval, maxTime) || query.SetTime(&k.ping, v, 0, 0)
	}),
	control("pong", "pong=0", "0 for none, or 1", func(k *controls, v string) bool { return query.SetSwitch(&k.answerPings, v) }),
	control("fragment", "fragment=N", "a number of bytes, 1 or more", func(k *controls, v string) bool { return setCount(&k.fragment, v) }),
	control("deflate", "deflate=0", "0 for none, or 1", func(k *controls, v string) bool { return query.SetSwitch(&k.deflate, v) }),
	control("subprotocol", "subprotocol=NAME", fmt.Sprintf("the name of a subprotocol of at most %d bytes, or none", wsproto.MaxSubprotocol), setSubprotocol),
	control("every", "every=1s", "a duration from 10ms to 24h0m0s, such as 1s", func(k *controls, v string) bool { return query.SetTime(&k.every, v, minInterval, maxTime) }),
	control("close", "close=ignore", "ignore", func(k *controls, v string) bool { k.ignoreClose = v == "ignore"; return k.ignoreClose }),
	control("refuse", "refuse=503", "an HTTP status from 400 to 599", func(k *controls, v string) bool { return query.SetNumber(&k.refuse, v, 400, 599) }),
	control("refuse_after", "refuse_after=5", "a number of seconds from 0 to 86400, together with refuse", func(k *controls, v string) bool { return query.SetNumber(&k.refuseAfter, v, 0, 86400) }),
}

const (
	allowedCount = "a number of messages, 1 or more"
	allowedTime  = "a duration from 0 to 24h0m0s, such as 10s"
)

// control returns a row of controlTable.
func control(name, example, allowed string, set func(k *controls, value string) bool) query.Control[controls] {
	return query.Control[controls]{Name: name, Example: example, Allowed: allowed, Set: set}
}

// WriteControls writes a line for each control: an example, and the values that are allowed.
func WriteControls(w io.Writer) error { return controlTable.WriteHelp(w) }

// ControlNames returns the names of the controls that an open WebSocket can have.
func ControlNames() (names []string) {
	for _, c := range controlTable {
		if c.Name != "refuse" && c.Name != "refuse_after" {
			names = append(names, c.Name)
		}
	}
	return names
}

// parseControls parses the controls in the query of a target. It returns nil if there are
// none, and the names of the parameters that were ignored. allowed is the setting CONTROLS.
func parseControls(target string, allowed bool) (*controls, query.Names, *wsproto.HandshakeError) {
	_, raw, _ := strings.Cut(target, "?")
	switch {
	case raw == "":
		return nil, query.Names{}, nil
	case !allowed:
		return nil, query.Ignore(target), nil
	}
	k := newControls(strings.Clone(raw[:min(len(raw), maxQuery)])) // a substring would keep the whole request head in memory
	found, ignored, refusal := controlTable.Parse(target, k, true)
	has := func(name string) bool { return slices.Contains(found, name) }
	k.names = strings.Join(found, ",")
	switch {
	case refusal != nil:
		return nil, ignored, refusal
	case len(found) == 0:
		return nil, ignored, nil
	case (has("close_code") || has("close_reason")) && !has("close_after") && !has("close_in"):
		return nil, ignored, controlTable.Refuse("close_code and close_reason need close_after or close_in")
	case has("refuse_after") && !has("refuse"):
		return nil, ignored, controlTable.Refuse("refuse_after needs refuse")
	}
	return k, ignored, nil
}

// maxQuery is how much of a query is kept for /connections, in bytes.
const maxQuery = 200

// newControls returns controls that change nothing.
func newControls(query string) *controls {
	no := ending{in: never}
	return &controls{
		query: query, closing: no, closeCode: wsproto.CloseNormalClosure, drop: no, reset: no, stallIn: never,
		ping: never, answerPings: true, deflate: true, refuseAfter: -1,
	}
}

func setCount(n *int, value string) bool { return query.SetNumber(n, value, 1, math.MaxInt32) }

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
	k.subprotocol = value
	return wsproto.IsToken(value) && len(value) <= wsproto.MaxSubprotocol
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
	k.subprotocol = "" // which may be long, and is not needed again
}
