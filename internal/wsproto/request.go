package wsproto

import (
	"iter"
	"strings"
)

// Request is a request head: the request line and the header fields, in the order
// and the spelling in which they came.
type Request struct {
	Method string
	Target string // as sent, not decoded
	Proto  string // "HTTP/1.1" or "HTTP/1.0"
	Fields []Field
}

// Field is a header field. The value has no white space around it.
type Field struct {
	Name, Value string
}

// ParseRequest parses a request head whose end [Head.Scan] has found, by the
// grammar of RFC 9112 sections 3 and 5. It is strict: what two parsers could read
// in two ways is refused. The Request does not refer to head.
func ParseRequest(head []byte) (Request, *Refusal) {
	line, rest, _ := strings.Cut(string(head), "\r\n")
	r, refusal := parseRequestLine(line)
	if refusal != nil {
		return Request{}, refusal
	}
	r.Fields = make([]Field, 0, strings.Count(rest, "\n"))
	for {
		line, rest, _ = strings.Cut(rest, "\r\n")
		if line == "" {
			return r, nil
		}
		f, refusal := parseField(line)
		if refusal != nil {
			return Request{}, refusal
		}
		r.Fields = append(r.Fields, f)
	}
}

// parseRequestLine parses "GET /chat HTTP/1.1".
func parseRequestLine(line string) (Request, *Refusal) {
	method, rest, ok1 := strings.Cut(line, " ")
	target, proto, ok2 := strings.Cut(rest, " ")
	if !ok1 || !ok2 || !IsToken(method) || target == "" || !isVisible(target) || !strings.HasPrefix(proto, "HTTP/") {
		return Request{}, refuse(statusBadRequest, "the request line is %.80q; it must be a method, a target and HTTP/1.1, with one space between", line)
	}
	if proto != "HTTP/1.1" && proto != "HTTP/1.0" {
		return Request{}, refuse(statusVersion, "the request says %.20q; this port speaks HTTP/1.1", proto)
	}
	return Request{Method: method, Target: target, Proto: proto}, nil
}

// parseField parses "Name: value". A line that begins with white space would be
// the continuation of the one before (obs-fold), which RFC 9112 section 5.2 lets a
// server refuse.
func parseField(line string) (Field, *Refusal) {
	name, value, ok := strings.Cut(line, ":")
	if !ok || !IsToken(name) {
		return Field{}, refuse(statusBadRequest, "the header line %.80q is not a field name, a colon and a value", line)
	}
	value = strings.Trim(value, " \t")
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return Field{}, refuse(statusBadRequest, "the value of header field %s has the control character 0x%02x", name, c)
		}
	}
	return Field{name, value}, nil
}

// Values gives the values of all fields of that name, in order.
func (r *Request) Values(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, f := range r.Fields {
			if strings.EqualFold(f.Name, name) && !yield(f.Value) {
				return
			}
		}
	}
}

// value returns the value of the first field of that name, and how many fields
// of that name there are.
func (r *Request) value(name string) (first string, count int) {
	for v := range r.Values(name) {
		if count == 0 {
			first = v
		}
		count++
	}
	return first, count
}

// hasToken says whether one of the comma-separated lists in the fields of that
// name has the token, in any case.
func (r *Request) hasToken(name, token string) bool {
	for list := range r.Values(name) {
		for element := range listElements(list) {
			if strings.EqualFold(element, token) {
				return true
			}
		}
	}
	return false
}

// isVisible says whether s has nothing but visible ASCII and bytes beyond ASCII.
func isVisible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}
