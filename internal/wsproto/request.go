package wsproto

import (
	"iter"
	"strings"
)

// Request is an HTTP request head. The header fields have the client's order and case.
type Request struct {
	Method string
	Target string // as sent, not decoded
	Proto  string // "HTTP/1.1", or another minor version such as "HTTP/1.0"
	Fields []Field
}

// Field is a header field. The value has no leading or trailing white space.
type Field struct {
	Name, Value string
}

// ParseRequest parses a request head whose end [Head.Scan] has found (RFC 9112 sections 3
// and 5). It is strict: it rejects what two parsers might interpret in different ways. The
// Request does not refer to head.
func ParseRequest(head []byte) (Request, *HandshakeError) {
	line, rest, _ := strings.Cut(string(TrimEmptyLines(head)), "\r\n")
	r, err := parseRequestLine(line)
	if err != nil {
		return Request{}, err
	}
	r.Fields = make([]Field, 0, strings.Count(rest, "\n"))
	for {
		line, rest, _ = strings.Cut(rest, "\r\n")
		if line == "" {
			return r, nil
		}
		f, err := parseField(line)
		if err != nil {
			return Request{}, err
		}
		r.Fields = append(r.Fields, f)
	}
}

// parseRequestLine parses "GET /chat HTTP/1.1".
func parseRequestLine(line string) (Request, *HandshakeError) {
	method, rest, ok1 := strings.Cut(line, " ")
	target, proto, ok2 := strings.Cut(rest, " ")
	if !ok1 || !ok2 || !IsToken(method) || target == "" || !isVisible(target) || !strings.HasPrefix(proto, "HTTP/") {
		return Request{}, Refuse(statusBadRequest, ReasonMalformed, "the request line is %.80q; it must be a method, a target and HTTP/1.1, separated by one space (RFC 9112 section 3)", line)
	}
	// A later minor version is served as HTTP/1.1 (RFC 9110 section 2.5).
	if minor, ok := strings.CutPrefix(proto, "HTTP/1."); !ok || len(minor) != 1 || minor[0] < '0' || minor[0] > '9' {
		return Request{}, Refuse(statusVersion, ReasonHTTPVersion, "the version of the request is %.20q; this server supports HTTP/1.1", proto)
	}
	return Request{Method: method, Target: target, Proto: proto}, nil
}

// parseField parses "Name: value". It rejects a line that begins with white space, which
// would continue the line before (obs-fold), as RFC 9112 section 5.2 allows.
func parseField(line string) (Field, *HandshakeError) {
	name, value, ok := strings.Cut(line, ":")
	if !ok || !IsToken(name) {
		return Field{}, Refuse(statusBadRequest, ReasonMalformed, "the header line %.80q is not a field name, a colon and a value (RFC 9112 section 5)", line)
	}
	value = strings.Trim(value, " \t")
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return Field{}, Refuse(statusBadRequest, ReasonMalformed, "the value of header field %.80s has the control character 0x%02x (RFC 9110 section 5.5)", name, c)
		}
	}
	return Field{name, value}, nil
}

// Values returns the values of all fields of that name, in order. A name is ASCII, so its length
// does not depend on case, and tells most names apart.
func (r *Request) Values(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, f := range r.Fields {
			if len(f.Name) == len(name) && strings.EqualFold(f.Name, name) && !yield(f.Value) {
				return
			}
		}
	}
}

// value returns the value of the first field of that name, and the number of such fields.
func (r *Request) value(name string) (first string, count int) {
	for v := range r.Values(name) {
		if count == 0 {
			first = v
		}
		count++
	}
	return first, count
}

// hasToken reports whether a field of that name lists the token, compared without case,
// among its first MaxElements elements.
func (r *Request) hasToken(name, token string) bool {
	left := MaxElements
	for list := range r.Values(name) {
		for ; list != "" && left > 0; left-- {
			var element string
			element, list, _ = strings.Cut(list, ",")
			if strings.EqualFold(strings.Trim(element, " \t"), token) {
				return true
			}
		}
	}
	return false
}

// isVisible reports whether s has neither spaces nor control characters.
func isVisible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}
