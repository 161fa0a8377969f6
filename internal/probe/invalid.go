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

// breaches are what a client must not send, in hex, and the close code for each (RFC 6455 section 7.4.1;
// it names none for a reason that is not UTF-8). No library sends them. The masking key is 0: the payload can be read.
var breaches = []struct {
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
	{"continuation of nothing", "80 81 00000000 61", codes{1002}},                         // section 5.4
	{"message within a message", "01 81 00000000 61 81 81 00000000 62", codes{1002}},      // section 5.4
	{"close payload of one byte", "88 81 00000000 03", codes{1002}},                       // section 5.5.1
	{"close code 1005", "88 82 00000000 03ed", codes{1002}},                               // section 7.4.1
	{"close reason not UTF-8", "88 84 00000000 03e8 c328", codes{1007, 1002}},             // section 5.5.1
}

// sequel is a text message, "after". A server that answers it has not minded the breach.
const sequel = "81 85 00000000 6166746572"

// patience is how long a server may take with what is done at once. After it a breach gets its sequel,
// and not before: who closes without reading that would reset the connection, and lose its close frame.
const patience = 2 * time.Second

// invalid sends each breach on a connection of its own, all at a time.
func (p *prober) invalid(ctx context.Context) {
	checks := make([]Check, len(breaches))
	var wg sync.WaitGroup
	for i, b := range breaches {
		wg.Go(func() { checks[i] = p.breach(ctx, b.name, b.sent, b.want) })
	}
	wg.Wait()
	for _, c := range checks {
		p.emit(c)
	}
}

func (p *prober) breach(ctx context.Context, name, sent string, want codes) Check {
	s, err := p.open(ctx, offer{})
	if err != nil {
		return failed(name, "%v", err)
	}
	defer s.release()
	s.wire.SetWriteDeadline(time.Now().Add(p.Timeout))
	if err := s.write(sent); err != nil {
		return failed(name, "%s", ending(s.why(err)))
	}
	later := time.AfterFunc(patience, func() { s.write(sequel) })
	defer later.Stop()
	m, err := s.next(ctx)
	if err == nil {
		return failed(name, "taken: want %v, and the server answered with %s %q", want, kindOf(m.kind), printable(m.payload))
	}
	closed, found := closeFrame(err)
	switch {
	case found && slices.Contains(want, closed.Code):
		return ok(name, "closed with %s", closeText(closed))
	case found && closed.Code == websocket.StatusNoStatusRcvd:
		return failed(name, "closed without a code: want %v", want)
	case found:
		return failed(name, "closed with %d: want %v; the reason is %q", int(closed.Code), want, printable([]byte(closed.Reason)))
	}
	return failed(name, "no close frame: want %v, and it was %s", want, ending(err))
}

// write puts bytes, given in hex, on the connection beneath the library.
func (s *session) write(inHex string) error {
	p, err := hex.DecodeString(strings.ReplaceAll(inHex, " ", ""))
	if err == nil {
		_, err = s.wire.Write(p)
	}
	return err
}

// codes are the close codes that will do.
type codes []websocket.StatusCode

func (c codes) String() string {
	var words []string
	for _, code := range c {
		words = append(words, fmt.Sprintf("%d (%s)", int(code), closeWords[code]))
	}
	return strings.Join(words, " or ")
}
