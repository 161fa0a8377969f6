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
	{"Forwarded", forwardedElements, forwardedFor},
	{"X-Forwarded-For", func(value string) iter.Seq[string] { return strings.SplitSeq(value, ",") }, node},
	{"X-Real-IP", one, node},
}

// Client returns the address of the client that a request comes from, or "" if it is remote
// itself or not known. header is the address in the PROXY protocol header, or "".
//
// A proxy appends the address of its peer to a field. So the client is the last address that is
// not a trusted proxy's, or the first if all are; the client may have forged those before it. It
// may also forge a field that its proxies do not set, so fields that contradict each other are
// ignored. A field does not contradict another that has the same proxies after the client:
// X-Real-IP, for example, has only the peer of the last proxy.
func (r *Rules) Client(remote, header string, request *wsproto.Request) string {
	if !r.trusts(remote) {
		return "" // which includes that there was no header
	}
	if header != "" && !r.trusts(header) {
		return header
	}
	var way []netip.Addr // from the nearest proxy to the client
	for _, field := range fields {
		found := r.wayBack(lastElements(request.Values(field.name), field.list), field.node)
		switch {
		case len(found) == 0 || len(way) > 0 && slices.Contains(way, found[len(found)-1]):
		case len(way) == 0 || slices.Contains(found, way[len(way)-1]):
			way = found
		default:
			return header
		}
	}
	if len(way) == 0 {
		return header
	}
	client := way[len(way)-1]
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

// wayBack returns the addresses from the last to the last that is not a trusted proxy's, or to the
// first if all are. It returns none if one of these elements is not an address: no trusted proxy
// is known to have sent it, so the elements before it may be forged.
func (r *Rules) wayBack(elements []string, parse func(string) (netip.Addr, bool)) (way []netip.Addr) {
	for _, element := range slices.Backward(elements) {
		addr, ok := parse(element)
		if !ok || len(way) == maxHops {
			return nil
		}
		if way = append(way, addr); !r.contains(addr) {
			break
		}
	}
	return way
}

// forwardedElements returns the elements of Forwarded. If a quoted string has no end, it returns
// one element, which has no address: otherwise, by opening a quoted string, a client could hide
// what the proxy appends.
func forwardedElements(value string) iter.Seq[string] {
	if !closed(value) {
		return one(value)
	}
	return splitUnquoted(value, ',')
}

// one yields a value as the only element.
func one(value string) iter.Seq[string] { return slices.Values([]string{value}) }

// forwardedFor returns the address of the parameter "for" of an element of Forwarded (RFC 7239
// section 4). It must be there once.
func forwardedFor(element string) (addr netip.Addr, ok bool) {
	for pair := range splitUnquoted(element, ';') {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.EqualFold(strings.Trim(name, " \t"), "for") {
			continue
		}
		if addr.IsValid() || !closed(element) {
			return netip.Addr{}, false
		}
		value = unquoted(strings.Trim(value, " \t"))
		if port := strings.LastIndex(value, ":_"); port >= 0 { // obfuscated (section 6.3)
			value = value[:port]
		}
		if addr, ok = node(value); !ok {
			return addr, false
		}
	}
	return addr, ok
}

// unquoted returns the content of a quoted string (RFC 9110 section 5.6.4), or s if it is not one.
func unquoted(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	var b strings.Builder
	for i := 1; i < len(s)-1; i++ {
		if s[i] == '\\' && i+1 < len(s)-1 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
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

// closed reports whether each quoted string of s has an end.
func closed(s string) bool {
	quotes := 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quotes++
		case s[i] == '\\' && quotes%2 == 1:
			i++
		}
	}
	return quotes%2 == 0
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
