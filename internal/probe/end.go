package probe

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	"github.com/coder/websocket"
)

// errStillOpen is returned for a connection that should have ended.
var errStillOpen = errors.New("still open")

// closeNames are the close codes of RFC 6455 section 7.4.1 and of the IANA registry.
var closeNames = map[websocket.StatusCode]string{
	1000: "normal closure", 1001: "going away", 1002: "protocol error", 1003: "unsupported data", 1007: "invalid payload",
	1008: "policy violation", 1009: "message too big", 1010: "mandatory extension", 1011: "internal error",
	1012: "service restart", 1013: "try again later", 1014: "bad gateway",
}

// formatClose formats a close frame for people.
func formatClose(closed websocket.CloseError) string {
	if closed.Code == websocket.StatusNoStatusRcvd {
		return "no code"
	}
	text := fmt.Sprint(int(closed.Code))
	if words := closeNames[closed.Code]; words != "" {
		text += " (" + words + ")"
	}
	if closed.Reason == "" {
		return text + " and no reason"
	}
	return fmt.Sprintf("%s %q", text, closed.Reason)
}

// closeFrame returns the close frame that ended a connection.
func closeFrame(err error) (closed websocket.CloseError, found bool) {
	return errors.AsType[websocket.CloseError](err)
}

// describeEnd describes how a connection ended.
func describeEnd(err error) string {
	closed, found := closeFrame(err)
	switch {
	case found:
		return "closed with " + formatClose(closed)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "ended without a close frame"
	case isReset(err):
		return "reset without a close frame"
	case errors.Is(err, websocket.ErrMessageTooBig):
		return fmt.Sprintf("the message is larger than %d bytes", maxEcho)
	case errors.Is(err, context.Canceled):
		return "interrupted"
	}
	return simplify(err).Error()
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func isTimeout(err error) bool {
	timeout, is := errors.AsType[net.Error](err)
	return errors.Is(err, os.ErrDeadlineExceeded) || is && timeout.Timeout()
}

// simplify removes what libraries wrap around an error, and may add a hint.
func simplify(err error) error {
	if u, is := errors.AsType[*url.Error](err); is {
		err = u.Err
	}
	if op, is := errors.AsType[*net.OpError](err); is && op.Source != nil { // without the source port, which differs each time
		return &shortened{fmt.Sprintf("%s %s %v: %v", op.Op, op.Net, op.Addr, op.Err), err}
	}
	if _, is := errors.AsType[x509.UnknownAuthorityError](err); is {
		return fmt.Errorf("%w; -cafile names a file with the authority's certificate, -insecure skips the check", err)
	}
	text := err.Error()
	for _, prefix := range []string{"failed to WebSocket dial: ", "failed to get reader: ", "failed to read frame header: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	if _, rest, found := strings.Cut(text, " violation: "); found && strings.HasPrefix(text, "WebSocket ") {
		text = rest
	}
	if text == err.Error() {
		return err
	}
	return &shortened{text, err}
}

// A shortened error has a shorter text.
type shortened struct {
	text string
	err  error
}

func (s *shortened) Error() string { return s.text }
func (s *shortened) Unwrap() error { return s.err }

// maxPrintable is how many characters of a server's text are shown.
const maxPrintable = 300

// printable turns what a server sent into one short line.
func printable(p []byte) string {
	var line strings.Builder
	count, space := 0, false
	for len(p) > 0 {
		r, n := utf8.DecodeRune(p)
		p = p[n:]
		if unicode.IsSpace(r) {
			space = line.Len() > 0
			continue
		}
		if !unicode.IsPrint(r) {
			r = utf8.RuneError
		}
		if space {
			line.WriteByte(' ')
			space = false
		}
		if count++; count > maxPrintable {
			return line.String() + "..."
		}
		line.WriteRune(r)
	}
	return line.String()
}
