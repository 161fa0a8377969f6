package wsconn

import (
	"bytes"
	"strings"
	"sync"
	"time"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// PageParameter is the query parameter with which the page marks each of its upgrades. Its
// value is a random id. Browsers do not tell a page why an upgrade failed, so the page asks
// the server, over plain HTTP, what became of the id.
const PageParameter = "_page"

const (
	// attemptsKept is how long an attempt is remembered.
	attemptsKept = time.Minute
	// maxAttempts is how many attempts are remembered. The oldest makes room for another.
	maxAttempts = 256
	// maxAttemptText is how much of a refusal's text is remembered, in bytes.
	maxAttemptText = 1024
	// minID and maxID bound the length of an id, in bytes. A shorter one could be guessed.
	minID, maxID = 16, 64
	idBytes      = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-"
)

// An Outcome is the result of an attempt to open a WebSocket.
type Outcome string

// The outcomes.
const (
	OutcomeAccepted Outcome = "accepted" // answered with 101
	OutcomeRefused  Outcome = "refused"  // answered with an error
	OutcomePlain    Outcome = "plain"    // served as plain HTTP, since no field of an upgrade arrived
	OutcomeAbsent   Outcome = "absent"   // did not arrive within the last minute
	OutcomeUnknown  Outcome = "unknown"  // may have been forgotten: too many others arrived
)

// An Attempt is an attempt of the page to open a WebSocket.
type Attempt struct {
	Outcome Outcome

	// Of OutcomeRefused:
	Status int
	Reason wsproto.Reason
	Text   string // of the response, at most 1 KiB of it; valid UTF-8
}

// Attempts remembers the page's attempts for a minute. Its methods may be called from any
// goroutine. The zero value is ready to use.
type Attempts struct {
	mu        sync.Mutex
	ring      [maxAttempts]markedAttempt
	next      int            // in ring
	forgotten socket.Instant // when the attempt that was last overwritten had been added
}

type markedAttempt struct {
	id    string
	added socket.Instant
	Attempt
}

// Lookup returns the attempt whose upgrade had the id in [PageParameter].
func (a *Attempts) Lookup(now socket.Instant, id string) Attempt {
	a.mu.Lock()
	defer a.mu.Unlock()
	if ValidID(id) {
		for i := range a.ring {
			if e := &a.ring[i]; e.id == id && now.Sub(e.added) < attemptsKept {
				return e.Attempt
			}
		}
	}
	if a.forgotten != 0 && now.Sub(a.forgotten) < attemptsKept {
		return Attempt{Outcome: OutcomeUnknown}
	}
	return Attempt{Outcome: OutcomeAbsent}
}

// ValidID reports whether an id has the form that the page gives the value of [PageParameter]:
// 16 to 64 letters, digits and hyphens.
func ValidID(id string) bool {
	return minID <= len(id) && len(id) <= maxID && strings.Trim(id, idBytes) == ""
}

// refused remembers that a request with an id was refused.
func (a *Attempts) refused(now socket.Instant, id string, refusal *wsproto.HandshakeError) {
	text := refusal.Text
	if refusal.Reason == wsproto.ReasonMalformed {
		text = refusal.Log // the text may quote a cookie, which a page must not read
	}
	if len(text) > maxAttemptText {
		text = text[:maxAttemptText] + "..."
	}
	a.add(now, id, Attempt{OutcomeRefused, refusal.Status, refusal.Reason, strings.ToValidUTF8(text, "\ufffd")})
}

// served remembers that a request was answered with 101, or served as plain HTTP.
func (a *Attempts) served(now socket.Instant, target string, outcome Outcome) {
	a.add(now, pageID(target), Attempt{Outcome: outcome})
}

// add remembers an attempt, unless it has no valid id.
func (a *Attempts) add(now socket.Instant, id string, attempt Attempt) {
	if !ValidID(id) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forgotten = a.ring[a.next].added
	a.ring[a.next] = markedAttempt{strings.Clone(id), now, attempt} // a substring would keep the whole request head in memory
	a.next = (a.next + 1) % maxAttempts
}

// idInHead returns the id in the request line of a head, or "". The head may be malformed, and
// begin with empty lines.
func idInHead(head []byte) string {
	line, _, _ := bytes.Cut(wsproto.TrimEmptyLines(head), []byte("\n"))
	return pageID(string(line))
}

// pageID returns the id in the query of a target or a request line, or "".
func pageID(target string) string {
	for {
		i := strings.Index(target, PageParameter+"=")
		if i < 0 {
			return ""
		}
		value := target[i+len(PageParameter)+1:]
		if i > 0 && (target[i-1] == '?' || target[i-1] == '&') {
			if end := strings.IndexAny(value, "& "); end >= 0 {
				value = value[:end]
			}
			return value
		}
		target = value
	}
}
