package wsconn

import (
	"fmt"
	"strings"
	"sync/atomic"
	"unicode"

	"github.com/echosvc/echosvc/internal/requestinfo"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// peer is what is known of the other end of a connection: the fields below, separated by
// newlines, without empty ones at the end. It is one string because idle connections are many.
type peer string

// The fields of a peer.
const (
	peerRemote    = iota // the address of the other end of the connection
	peerClient           // that of the client behind proxies, if it is another one and known
	peerPath             // of the request, without its query; empty for /
	peerHost             // Host of the request, as commonHost shortens it
	peerOrigin           // Origin
	peerUserAgent        // User-Agent
	peerRequestID        // X-Request-Id
	peerTraceID          // the trace-id of traceparent (W3C Trace Context section 3.2.2.3)
	peerFields
)

// maxPeerField is how much is kept of a field that a client chooses, in bytes.
const maxPeerField = 128

func newPeer(remote, client string) peer {
	return joinPeer([peerFields]string{peerRemote: remote, peerClient: client})
}

func joinPeer(fields [peerFields]string) peer {
	n := peerFields
	for n > 0 && fields[n-1] == "" {
		n--
	}
	return peer(strings.Join(fields[:n], "\n"))
}

// withRequest returns the peer with what is kept of its request.
func (p peer) withRequest(r *wsproto.Request, common *commonHost) peer {
	fields := [peerFields]string{peerRemote: p.remote(), peerClient: p.client()}
	if path, _, _ := strings.Cut(r.Target, "?"); path != "/" {
		fields[peerPath] = cut(path, maxPeerField)
	}
	for _, kept := range keptFields {
		for value := range r.Values(kept.name) {
			fields[kept.field] = cut(value, maxPeerField)
			break
		}
	}
	for parent := range r.Values("traceparent") {
		fields[peerTraceID] = traceID(parent)
		break
	}
	fields[peerHost] = common.shorten(fields[peerHost])
	return joinPeer(fields)
}

// commonHost is the Host of the first request, which is never empty. Most connections have the
// same one, and need not keep it.
type commonHost struct{ first atomic.Pointer[string] }

// shorten returns what is kept of a Host: nothing if it is the common one.
func (c *commonHost) shorten(host string) string {
	if c.first.Load() == nil {
		first := strings.Clone(host)
		c.first.CompareAndSwap(nil, &first)
	}
	if host == *c.first.Load() {
		return ""
	}
	return host
}

// full returns the Host that shorten was given.
func (c *commonHost) full(kept string) string {
	if first := c.first.Load(); kept == "" && first != nil {
		return *first
	}
	return kept
}

// keptFields are the header fields that are kept.
var keptFields = [...]struct {
	name  string
	field int
}{{"Host", peerHost}, {"Origin", peerOrigin}, {"User-Agent", peerUserAgent}, {"X-Request-Id", peerRequestID}}

// traceID returns the trace-id of the field traceparent, or "" if the field is not valid (W3C
// Trace Context section 3.2.2):
//
//	version "-" trace-id "-" parent-id "-" trace-flags
//	   2          32            16            2         lower-case hex digits
//
// Later versions may add to the end.
func traceID(parent string) string {
	const trace, end = 3, 3 + 32
	valid := len(parent) >= 55 && parent[2] == '-' && parent[end] == '-' && parent[52] == '-' &&
		isLowerHex(parent[:2]) && isLowerHex(parent[trace:end]) && isLowerHex(parent[end+1:52]) && isLowerHex(parent[53:55]) &&
		parent[:2] != "ff" && (len(parent) == 55 || parent[:2] != "00" && parent[55] == '-') && strings.Trim(parent[trace:end], "0") != ""
	if !valid {
		return ""
	}
	return parent[trace:end]
}

// isLowerHex reports whether s has only digits and the letters a to f.
func isLowerHex(s string) bool { return strings.Trim(s, "0123456789abcdef") == "" }

// cut returns at most the first n bytes of s.
func cut(s string, n int) string { return s[:min(len(s), n)] }

// field returns a field.
func (p peer) field(i int) string {
	rest := string(p)
	for ; i > 0 && rest != ""; i-- {
		_, rest, _ = strings.Cut(rest, "\n")
	}
	value, _, _ := strings.Cut(rest, "\n")
	return value
}

// remote returns the address of the other end of the connection.
func (p peer) remote() string { return p.field(peerRemote) }

// client returns the address of the client, or "".
func (p peer) client() string { return p.field(peerClient) }

// path returns the path of the request.
func (p peer) path() string {
	if path := p.field(peerPath); path != "" {
		return path
	}
	return "/"
}

// attrs returns the attributes of a log line about the connection with an ID.
func (p peer) attrs(id uint64, more ...any) []any {
	list := append(make([]any, 0, 6+len(more)), "id", id, "remote", p.remote())
	if client := p.client(); client != "" {
		list = append(list, "client", client)
	}
	return append(list, more...)
}

// requestFields are the fields in the log line at the end of a connection, with the names of
// their attributes.
var requestFields = [...]struct {
	name  string
	field int
}{{"path", peerPath}, {"host", peerHost}, {"origin", peerOrigin}, {"user_agent", peerUserAgent}, {"request_id", peerRequestID}, {"trace_id", peerTraceID}}

// appendRequest appends the attributes that describe the request to those of a log line.
func (p peer) appendRequest(attrs []any, common *commonHost) []any {
	for _, f := range requestFields {
		value := p.field(f.field)
		switch f.field {
		case peerPath:
			value = p.path()
		case peerHost:
			value = common.full(value)
		}
		if value != "" {
			attrs = append(attrs, f.name, printable(value))
		}
	}
	return attrs
}

// printable returns s with escapes for what a terminal might act on, or not show: control
// characters, marks that change the direction of text, and bytes that are not UTF-8.
func printable(s string) string {
	visible := requestinfo.Visible(s)
	if !strings.ContainsFunc(visible, unprintable) {
		return visible
	}
	var b strings.Builder
	for _, r := range visible {
		if unprintable(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }
