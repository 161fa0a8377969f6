package probe

import (
	"bytes"
	"slices"
	"strings"
	"sync"
)

// A Field is a header field, spelled as it was on the wire.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A head is the start line and the header fields of a request or a response.
type head struct {
	line   string
	fields []Field
}

// parseHead parses the head at the beginning of p. Lines without a colon are left out.
func parseHead(p []byte) (h head) {
	text, _, _ := bytes.Cut(p, []byte("\r\n\r\n"))
	line, rest, _ := strings.Cut(string(text), "\r\n")
	h.line = line
	for field := range strings.SplitSeq(rest, "\r\n") {
		if name, value, found := strings.Cut(field, ":"); found {
			h.fields = append(h.fields, Field{name, strings.Trim(value, " \t")})
		}
	}
	return h
}

// has reports whether there is a field with this name, in any case.
func (h *head) has(name string) bool {
	return slices.ContainsFunc(h.fields, func(f Field) bool { return strings.EqualFold(f.Name, name) })
}

// value returns the values of all fields with this name, as one list (RFC 9110 section 5.3).
func (h *head) value(name string) string {
	var values []string
	for _, f := range h.fields {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	return strings.Join(values, ", ")
}

// hasToken reports whether the list in a field has the token, in any case.
func (h *head) hasToken(name, token string) bool {
	for element := range strings.SplitSeq(h.value(name), ",") {
		if strings.EqualFold(strings.TrimSpace(element), token) {
			return true
		}
	}
	return false
}

// String returns the fields, one per line, each after a newline.
func (h *head) String() string {
	var b strings.Builder
	for _, f := range h.fields {
		b.WriteString("\n" + printable([]byte(f.Name)) + ": " + printable([]byte(f.Value)))
	}
	return b.String()
}

// maxRecord is how many bytes of a stream are recorded: more than any server accepts as a head.
const maxRecord = 128 << 10

// A recorder keeps the beginning of a stream, up to the end of the HTTP head.
type recorder struct {
	mu    sync.Mutex
	bytes []byte
	done  bool
}

// record adds the bytes that were transferred next.
func (r *recorder) record(p []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done {
		return
	}
	const end = "\r\n\r\n"
	unsearched := max(0, len(r.bytes)-len(end)+1) // without it, small reads would take quadratic time
	r.bytes = append(r.bytes, p[:min(len(p), maxRecord-len(r.bytes))]...)
	r.done = len(r.bytes) == maxRecord || bytes.Contains(r.bytes[unsearched:], []byte(end))
}

// recorded returns what has been recorded.
func (r *recorder) recorded() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bytes
}

// head returns the recorded head.
func (r *recorder) head() head { return parseHead(r.recorded()) }
