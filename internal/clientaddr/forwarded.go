package clientaddr

import (
	"iter"
	"net/netip"
	"slices"
	"strings"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// maxHops is how many addresses of a field are read.
const maxHops = 64

// fields are the header fields with the address of the client.
var fields = []struct {
	name string
	list func(value string) iter.Seq[string] // its elements, the nearest proxy's last
	node func(element string) (netip.Addr, bool)
}{
	{"Forwarded", func(value string) iter.Seq[string] { return splitUnquoted(value, ',') }, forwardedFor},
	{"X-Forwarded-For", func(value string) iter.Seq[string] { return strings.SplitSeq(value, ",") }, node},
	{"X-Real-IP", func(value string) iter.Seq[string] { return slices.Values([]string{value}) }, node},
}

// Client returns the address of the client that a request comes from, or "" if it is remote
// itself or not known. header is the address in the PROXY protocol header, or "".
//
// A proxy appends the address of its peer to a field. So the client is the last address that is
// not a trusted proxy's, or the first if all are; the client may have made up those before. It
// may also send a field that its proxies do not set, so fields that contradict each other are
// ignored.
func (r *Rules) Client(remote, header string, request *wsproto.Request) string {
	if !r.trusts(remote) {
		return "" // which includes that there was no header
	}
	if header != "" && !r.trusts(header) {
		return header
	}
	var client netip.Addr
	for _, field := range fields {
		addr, ok := r.lastUntrusted(lastElements(request.Values(field.name), field.list), field.node)
		switch {
		case !ok:
		case client.IsValid() && addr != client:
			return header
		default:
			client = addr
		}
	}
	if !client.IsValid() {
		return header
	}
	for _, known := range []string{header, remote} { // which have a port, too
		if nearest, err := netip.ParseAddrPort(known); err == nil && nearest.Addr() == client {
			return header
		}
	}
	return client.String()
}

// lastElements returns the last elements of fields that are not empty (RFC 9110 section
// 5.6.1.2), at least maxHops if there are so many. A field can have 60,000.
func lastElements(values iter.Seq[string], list func(value string) iter.Seq[string]) (last []string) {
	for value := range values {
		for element := range list(value) {
			if element = strings.Trim(element, " \t"); element == "" {
				continue
			}
			if len(last) == 2*maxHops {
				last = append(last[:0], last[maxHops:]...)
			}
			last = append(last, element)
		}
	}
	return last
}

// lastUntrusted returns the last address that is not a trusted proxy's, or the first if all are.
// ok is false if there is none, or if anything but addresses follows it: that shows no trusted
// proxy, so what precedes it may be made up.
func (r *Rules) lastUntrusted(elements []string, parse func(string) (netip.Addr, bool)) (last netip.Addr, ok bool) {
	hops := 0
	for _, element := range slices.Backward(elements) {
		if last, ok = parse(element); !ok {
			return netip.Addr{}, false
		}
		if hops++; !r.contains(last) {
			return last, true
		}
		if hops == maxHops {
			return netip.Addr{}, false
		}
	}
	return last, ok
}

// forwardedFor returns the address of the parameter "for" of an element of Forwarded (RFC 7239
// section 4).
func forwardedFor(element string) (addr netip.Addr, ok bool) {
	for pair := range splitUnquoted(element, ';') {
		name, value, _ := strings.Cut(pair, "=")
		if strings.EqualFold(strings.Trim(name, " \t"), "for") {
			return node(strings.Trim(value, " \t\""))
		}
	}
	return netip.Addr{}, false
}

// node parses an address with or without a port (RFC 7239 section 6). Brackets around IPv6 may
// be missing if there is no port, as in X-Forwarded-For.
func node(s string) (addr netip.Addr, ok bool) {
	if withPort, err := netip.ParseAddrPort(s); err == nil {
		return withPort.Addr().Unmap().WithZone(""), true
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	return addr.Unmap().WithZone(""), err == nil
}

// splitUnquoted splits s at separators outside of quoted strings (RFC 9110 section 5.6.4).
func splitUnquoted(s string, separator byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		start, quoted := 0, false
		for i := 0; i < len(s); i++ {
			switch {
			case s[i] == '"':
				quoted = !quoted
			case s[i] == '\\' && quoted:
				i++
			case s[i] == separator && !quoted:
				if !yield(s[start:i]) {
					return
				}
				start = i + 1
			}
		}
		yield(s[start:])
	}
}
