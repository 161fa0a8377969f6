package probe

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// violations are frames that a client must not send, in hex, each with the close code that RFC
// 6455 section 7.4.1 assigns to it. It assigns none to a reason that is not UTF-8. No library
// sends these frames. The masking key is 0, so the payload is readable.
var violations = []struct {
	name, sent string
	want       codes
}{
	{"invalid UTF-8", "81 83 00000000 61 c328", codes{1007}},                              // section 8.1
	{"half a character", "81 82 00000000 61 ce", codes{1007}},                             // section 8.1
	{"unmasked frame", "81 05 48656c6c6f", codes{1002}},                                   // section 5.1
	{"reserved bit", "a1 85 00000000 48656c6c6f", codes{1002}},                            // section 5.2
	{"reserved opcode", "83 80 00000000", codes{1002}},                                    // section 5.2
	{"reserved control opcode", "8b 80 00000000", codes{1002}},                            // section 5.2
	{"fragmented ping", "09 80 00000000", codes{1002}},                                    // section 5.5
	{"ping of 126 bytes", "89 fe 007e 00000000" + strings.Repeat("61", 126), codes{1002}}, // section 5.5
	{"unexpected continuation", "80 81 00000000 61", codes{1002}},                         // section 5.4
	{"message within a message", "01 81 00000000 61 81 81 00000000 62", codes{1002}},      // section 5.4
	{"close payload of one byte", "88 81 00000000 03", codes{1002}},                       // section 5.5.1
	{"close code 1005", "88 82 00000000 03ed", codes{1002}},                               // section 7.4.1
	{"close reason not UTF-8", "88 84 00000000 03e8 c328", codes{1007, 1002}},             // section 5.5.1
}

// followUp is the text message "after". A server that echoes it has accepted the violation.
const followUp = "81 85 00000000 6166746572"

// patience is how long to wait for a server that answers at once. Only then is followUp sent,
// because a server that closes without reading it would reset the connection, and the reset
// could destroy the close frame.
const patience = 2 * time.Second

// invalid sends each violation on a connection of its own, all concurrently.
func (p *prober) invalid(ctx context.Context) {
	checks := make([]Check, len(violations))
	var wg sync.WaitGroup
	for i, b := range violations {
		wg.Go(func() { checks[i] = p.violation(ctx, b.name, b.sent, b.want) })
	}
	wg.Wait()
	for _, c := range checks {
		p.emit(c)
	}
}

func (p *prober) violation(ctx context.Context, name, sent string, want codes) Check {
	s, err := p.open(ctx, offer{})
	if err != nil {
		return failed(name, "%v", err)
	}
	defer s.release()
	s.wire.SetWriteDeadline(time.Now().Add(p.Timeout))
	if err := s.write(sent); err != nil {
		return failed(name, "%s", describeEnd(s.endOr(err)))
	}
	later := time.AfterFunc(patience, func() { s.write(followUp) })
	defer later.Stop()
	m, err := s.next(ctx)
	if err == nil {
		return failed(name, "accepted: want %v, but the server answered with %s %q", want, typeName(m.kind), printable(m.payload))
	}
	closed, found := closeFrame(err)
	switch {
	case found && slices.Contains(want, closed.Code):
		return ok(name, "closed with %s", formatClose(closed))
	case found && closed.Code == websocket.StatusNoStatusRcvd:
		return failed(name, "closed without a code: want %v", want)
	case found:
		return failed(name, "closed with %d: want %v; the reason is %q", int(closed.Code), want, printable([]byte(closed.Reason)))
	}
	return failed(name, "no close frame: want %v; %s", want, describeEnd(err))
}

// write writes bytes, given in hex, to the wire.
func (s *session) write(inHex string) error {
	p, err := hex.DecodeString(strings.ReplaceAll(inHex, " ", ""))
	if err == nil {
		_, err = s.wire.Write(p)
	}
	return err
}

// codes are the acceptable close codes.
type codes []websocket.StatusCode

func (c codes) String() string {
	var words []string
	for _, code := range c {
		words = append(words, fmt.Sprintf("%d (%s)", int(code), closeNames[code]))
	}
	return strings.Join(words, " or ")
}
