package wsproto

import "fmt"

// HandshakeError is an opening handshake that failed. Its HTTP response always closes the
// connection, so that no proxy mistakes it for a completed upgrade.
//
// Functions return a *HandshakeError, not an error, so that nil means success. Do not store
// a nil pointer in an error: that would not equal nil.
type HandshakeError struct {
	Status int     // the HTTP status code, 400 to 599
	Phrase string  // the reason phrase of a status that this package does not use; may be empty
	Reason Reason  // the check that failed, for logs and metrics
	Text   string  // what was wrong and what is allowed, for the response's body
	Log    string  // Text without anything that the client sent, for logs; see [Refuse]
	Fields []Field // additional header fields, such as Allow or Retry-After
	NoBody bool    // the request is HEAD, so the response has no body (RFC 9110 section 9.3.2)
}

// Reason names the check of an opening handshake that failed. Callers may define reasons
// for refusals of their own.
type Reason string

// The reasons of this package.
const (
	ReasonMalformed   Reason = "malformed"    // not HTTP
	ReasonTLS         Reason = "tls"          // TLS on a connection without it
	ReasonTooLarge    Reason = "too_large"    // the request head exceeds MaxLine, MaxHead or MaxFields, or a list its limit
	ReasonMethod      Reason = "method"       // not GET
	ReasonHTTPVersion Reason = "http_version" // not HTTP/1.1
	ReasonTarget      Reason = "target"       // does not begin with /
	ReasonHost        Reason = "host"
	ReasonUpgrade     Reason = "upgrade"
	ReasonConnection  Reason = "connection"
	ReasonVersion     Reason = "version" // Sec-WebSocket-Version
	ReasonKey         Reason = "key"     // Sec-WebSocket-Key
	ReasonBody        Reason = "body"    // Content-Length or Transfer-Encoding
	ReasonOrigin      Reason = "origin"
	ReasonSubprotocol Reason = "subprotocol" // Sec-WebSocket-Protocol
	ReasonExtensions  Reason = "extensions"  // Sec-WebSocket-Extensions
)

// Reasons returns the reasons of this package.
func Reasons() []Reason {
	return []Reason{
		ReasonMalformed, ReasonTLS, ReasonTooLarge, ReasonMethod, ReasonHTTPVersion, ReasonTarget, ReasonHost, ReasonUpgrade,
		ReasonConnection, ReasonVersion, ReasonKey, ReasonBody, ReasonOrigin, ReasonSubprotocol, ReasonExtensions,
	}
}

// The status codes of this package and those that callers are most likely to need.
const (
	statusBadRequest         = 400
	statusForbidden          = 403
	statusMethodNotAllowed   = 405
	statusRequestTimeout     = 408
	statusURITooLong         = 414
	statusUpgradeRequired    = 426
	statusFieldsTooLarge     = 431
	statusServiceUnavailable = 503
	statusVersion            = 505
)

// reasonPhrases has the reason phrases of the status codes above (RFC 9110 section 15 and
// RFC 6585 section 5). Other codes get HandshakeError.Phrase, which may be empty (RFC 9112
// section 4).
var reasonPhrases = map[int]string{
	statusBadRequest:         "Bad Request",
	statusForbidden:          "Forbidden",
	statusMethodNotAllowed:   "Method Not Allowed",
	statusRequestTimeout:     "Request Timeout",
	statusURITooLong:         "URI Too Long",
	statusUpgradeRequired:    "Upgrade Required",
	statusFieldsTooLarge:     "Request Header Fields Too Large",
	statusServiceUnavailable: "Service Unavailable",
	statusVersion:            "HTTP Version Not Supported",
}

// Refuse returns a HandshakeError with a formatted Text. In its Log, every string among the
// arguments is replaced by its length: what the client sent may be secret, and may be long.
func Refuse(status int, reason Reason, format string, args ...any) *HandshakeError {
	redacted := make([]any, len(args))
	for i, arg := range args {
		redacted[i] = arg
		if s, ok := arg.(string); ok {
			redacted[i] = redactedString(len(s))
		}
	}
	return &HandshakeError{Status: status, Reason: reason, Text: fmt.Sprintf(format, args...), Log: fmt.Sprintf(format, redacted...)}
}

// redactedString formats as the length of a string, whatever the verb.
type redactedString int

func (n redactedString) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "(%d bytes)", int(n)) }

// with adds a header field to e and returns e.
func (e *HandshakeError) with(name, value string) *HandshakeError {
	e.Fields = append(e.Fields, Field{name, value})
	return e
}

// Error returns Text.
func (e *HandshakeError) Error() string { return e.Text }

// AppendResponse appends the HTTP response to dst. date is the value of its Date field (RFC
// 9110 section 6.6.1).
func (e *HandshakeError) AppendResponse(dst []byte, date string) []byte {
	phrase, ok := reasonPhrases[e.Status]
	if !ok {
		phrase = e.Phrase
	}
	dst = fmt.Appendf(dst, "HTTP/1.1 %d %s\r\n", e.Status, phrase)
	if e.Status == statusUpgradeRequired { // RFC 9110 section 7.8: Connection must name Upgrade
		dst = append(dst, "Connection: close, Upgrade\r\nUpgrade: websocket\r\n"...)
	} else {
		dst = append(dst, "Connection: close\r\n"...)
	}
	for _, f := range e.Fields {
		dst = fmt.Appendf(dst, "%s: %s\r\n", f.Name, f.Value)
	}
	dst = fmt.Appendf(dst, "Date: %s\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nContent-Length: %d\r\n\r\n", date, len(e.Text)+1)
	if e.NoBody {
		return dst
	}
	return append(append(dst, e.Text...), '\n')
}
