package probe

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// A refusal is a response to the handshake other than 101.
type refusal struct {
	status   int
	response head
	body     string // its beginning
	took     time.Duration
}

// parseRefusal parses an answer. It may be empty, or not be HTTP.
func parseRefusal(answer []byte) *refusal {
	_, body, _ := bytes.Cut(answer, []byte("\r\n\r\n"))
	return &refusal{response: parseHead(answer), body: string(body)}
}

func (r *refusal) Error() string {
	text := "answered with " + r.statusLine() + ", want 101"
	if to := r.response.value("Location"); to != "" {
		text += fmt.Sprintf("; redirects to %s, which WebSocket clients do not follow", printable([]byte(to)))
	}
	if page := r.page(); page != "" {
		text += "; body: " + page
	}
	return text
}

// statusLine returns the status and its name.
func (r *refusal) statusLine() string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", r.status, http.StatusText(r.status)))
}

var htmlTitle = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)

// page describes the body in one short line. It returns "" if there is none.
func (r *refusal) page() string {
	body := strings.TrimSpace(r.body)
	switch name := errorPage(r); {
	case body == "":
		return ""
	case name != "":
		return "the error page of " + name
	case r.isHTML():
		if title := htmlTitle.FindStringSubmatch(body); title != nil {
			return fmt.Sprintf("a web page with the title %q", printable([]byte(title[1])))
		}
		return "a web page without a title"
	}
	return printable([]byte(body))
}

// isHTML reports whether the body is a web page.
func (r *refusal) isHTML() bool {
	start := strings.ToLower(strings.TrimSpace(r.body[:min(len(r.body), 100)]))
	return strings.HasPrefix(strings.ToLower(r.response.value("Content-Type")), "text/html") ||
		strings.HasPrefix(start, "<!doctype html") || strings.HasPrefix(start, "<html")
}

// A handshakeError is an opening handshake that failed.
type handshakeError struct {
	cause    error // a *refusal, or why there is no valid response
	reached  bool  // TCP, and TLS if any, was established
	sent     head
	received []byte // the beginning of what came back
}

// switched reports whether the head of a 101 has arrived.
func (e *handshakeError) switched() bool {
	return bytes.HasPrefix(e.received, []byte("HTTP/1.1 101")) && bytes.Contains(e.received, []byte("\r\n\r\n"))
}

func (e *handshakeError) Error() string { return e.cause.Error() }
func (e *handshakeError) Unwrap() error { return e.cause }
