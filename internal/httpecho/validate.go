package httpecho

import (
	"bufio"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// validate returns why a request is refused before any handler sees it, or nil. It refuses what
// net/http would refuse, because net/http's own refusals have neither a Date nor a reason, and
// have a body even for HEAD. It also refuses what takes net/http long, because the other
// connections of a loop wait for validate.
func validate(r *wsproto.Request) *wsproto.HandshakeError {
	trailers := 0
	for list := range r.Values("Trailer") {
		trailers += 1 + strings.Count(list, ",")
	}
	if trailers > wsproto.MaxElements { // net/http puts each into a map
		return wsproto.Refuse(http.StatusRequestHeaderFieldsTooLarge, wsproto.ReasonTooLarge, "Trailer has more than %d elements, the limit of this server", wsproto.MaxElements)
	}
	head := headOf(r)
	parsed, err := http.ReadRequest(bufio.NewReaderSize(strings.NewReader(head), len(head))) // a smaller one copies long lines
	switch {
	case err != nil && strings.Contains(err.Error(), "transfer encoding"):
		e := wsproto.Refuse(http.StatusNotImplemented, wsproto.ReasonBody, "this server supports no transfer encoding but chunked (RFC 9112 section 6.1): %.200s", err.Error())
		e.Phrase = http.StatusText(e.Status)
		return e
	case err != nil:
		return wsproto.Refuse(http.StatusBadRequest, wsproto.ReasonMalformed, "the request cannot be read: %.200s", err.Error())
	}
	hosts := 0
	for host := range r.Values("Host") {
		hosts++
		if strings.Trim(host, hostBytes) != "" {
			return wsproto.Refuse(http.StatusBadRequest, wsproto.ReasonHost, "Host is %.80q; it must be a host with an optional port (RFC 9112 section 3.2)", host)
		}
	}
	if hosts == 0 && parsed.ProtoAtLeast(1, 1) && r.Method != http.MethodConnect {
		return wsproto.Refuse(http.StatusBadRequest, wsproto.ReasonHost, "the request has no Host; HTTP/1.1 needs one (RFC 9112 section 3.2)")
	}
	return nil
}

// maxValidated is how much net/http sees of a value that it does not interpret. Package wsproto has
// checked the bytes of all values.
const maxValidated = 1 << 10

// interpreted are the fields whose values net/http can refuse.
var interpreted = []string{"Host", "Content-Length", "Transfer-Encoding", "Trailer"}

// headOf returns the head of a request. Of long values that net/http does not interpret, it has the
// beginnings.
func headOf(r *wsproto.Request) string {
	var b strings.Builder
	b.Grow(len(r.Method) + len(r.Target) + len(r.Proto) + len("  \r\n\r\n") + len(r.Fields)*64)
	fmt.Fprintf(&b, "%s %s %s\r\n", r.Method, r.Target, r.Proto)
	for _, f := range r.Fields {
		b.WriteString(f.Name)
		b.WriteString(": ")
		value := f.Value
		if len(value) > maxValidated && !slices.ContainsFunc(interpreted, func(name string) bool { return strings.EqualFold(name, f.Name) }) {
			value = value[:maxValidated]
		}
		b.WriteString(value)
		b.WriteString("\r\n")
	}
	b.WriteString("\r\n")
	return b.String()
}

// hostBytes are the bytes of a host and a port (RFC 3986 sections 3.2.2 and 3.2.3).
const hostBytes = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!$%&()*+,-.:;=[]'_~"
