// Package origin compares the origins of web pages (RFC 6454). Two spellings of one origin,
// such as https://example.com and HTTPS://Example.com:443, have one canonical form.
package origin

import (
	"cmp"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// null is the origin of pages without one, such as those of files and of sandboxed frames.
const null = "null"

// defaultPorts are the ports that browsers leave out of an Origin.
var defaultPorts = map[string]string{"http": "80", "https": "443", "ftp": "21"}

// hostNames converts host names as browsers do: UTS 46, not transitional. Browsers accept an
// underscore, so DNS's rules for letters do not apply.
var hostNames = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.StrictDomainName(false))

// maxHost is the length of the longest host name (RFC 1035 section 2.3.4), in characters.
// Converting a name to punycode takes quadratic time, so longer ones are not converted. Mapping can
// make 18 characters of one, so the limit is also that of the mapped name.
const maxHost = 253

// Canonical returns the form in which browsers send an origin: in lower case, with the host in
// ASCII (punycode), without the default port of the scheme. The host may begin with "*." to
// stand for all names below it. ok is false if s is not an origin of a page; no page has the
// scheme ws or wss.
func Canonical(s string) (canonical string, ok bool) {
	if strings.EqualFold(s, null) {
		return null, true
	}
	scheme, authority, found := strings.Cut(s, "://")
	scheme = strings.ToLower(scheme)
	if !found || !isScheme(scheme) || scheme == "ws" || scheme == "wss" {
		return "", false
	}
	if authority == "" { // which web views send for pages of files
		return scheme + "://", scheme == "file"
	}
	name, port, ok := splitPort(authority)
	if !ok || port == "" && len(name) < len(authority) {
		return "", false
	}
	wildcard := ""
	if below, is := strings.CutPrefix(name, "*."); is {
		wildcard, name = "*.", below
	}
	if name, ok = host(name); !ok || wildcard != "" && name[0] == '[' {
		return "", false
	}
	if port != "" && port != defaultPorts[scheme] {
		name += ":" + port
	}
	return scheme + "://" + wildcard + name, true
}

// Matches reports whether an allowed origin, which may have a wildcard, allows another. Both are in
// their canonical form.
func Matches(allowed, canonical string) bool {
	scheme, domain, wildcard := strings.Cut(allowed, "://*.")
	if !wildcard {
		return allowed == canonical
	}
	host, same := strings.CutPrefix(canonical, scheme+"://")
	label, below := strings.CutSuffix(host, "."+domain)
	return same && below && label != ""
}

// isScheme reports whether s is a scheme in lower case (RFC 3986 section 3.1).
func isScheme(s string) bool {
	for i, c := range s {
		if letter := 'a' <= c && c <= 'z'; !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", c)) {
			return false
		}
	}
	return s != ""
}

// splitPort splits off a port, and returns it without leading zeros. ok is false if it is not
// a port.
func splitPort(authority string) (host, port string, ok bool) {
	colon := strings.LastIndexByte(authority, ':')
	if colon < 0 || strings.HasSuffix(authority, "]") {
		return authority, "", true
	}
	host, port = authority[:colon], authority[colon+1:]
	if port == "" {
		return host, "", true
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return host, strconv.FormatUint(n, 10), err == nil
}

// host returns the canonical form of a host.
func host(s string) (canonical string, ok bool) {
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		addr, err := netip.ParseAddr(s[1 : len(s)-1])
		return "[" + addr.WithZone("").String() + "]", err == nil && addr.Is6() && addr.Zone() == ""
	}
	if strings.ContainsFunc(s, func(c rune) bool { return c > unicode.MaxASCII }) {
		if utf8.RuneCountInString(s) > maxHost {
			return "", false
		}
		if mapped, _ := hostNames.ToUnicode(s); utf8.RuneCountInString(mapped) > maxHost { // ToASCII has the same errors
			return "", false
		}
		name, err := hostNames.ToASCII(s)
		if err != nil {
			return "", false
		}
		s = name
	}
	s = strings.ToLower(s)
	return s, s != "" && !strings.HasPrefix(s, ".") && !strings.Contains(s, "..") && !strings.ContainsFunc(s, forbidden)
}

// forbidden reports whether a host cannot contain c (the forbidden domain code points of the
// URL standard, and * as it has a meaning of its own here).
func forbidden(c rune) bool {
	return c <= ' ' || c >= 0x7f || strings.ContainsRune(`#%*,/:;<>?@[\]^|"'`+"`{}()", c)
}

// Suggest returns the origin that s, which is not one, most likely stands for, or "".
func Suggest(s string) string {
	s = strings.Trim(s, " \t\"'`")
	scheme, rest, found := strings.Cut(s, "://")
	if !found {
		scheme, rest = "", strings.TrimLeft(s, "/")
		for _, prefix := range []string{"http:", "https:", "http//", "https//"} {
			if after, is := strings.CutPrefix(strings.ToLower(s), prefix); is {
				scheme, rest = strings.TrimRight(prefix, ":/"), strings.TrimLeft(after, "/")
			}
		}
	}
	if end := strings.IndexAny(rest, `/\?#`); end >= 0 {
		rest = rest[:end]
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	if rest == "*" {
		return "*"
	}
	if star := strings.LastIndexByte(rest, '*'); star >= 0 { // only the first label can be one
		begins := star == 0 || rest[star-1] == '.'
		switch dot := strings.IndexByte(rest[star:], '.'); {
		case begins && dot > 1: // *example.com
			rest = "*." + rest[star+1:]
		case dot >= 0:
			rest = "*" + rest[star+dot:]
		}
	}
	rest = strings.TrimSuffix(rest, ":")
	// A page has the origin of its own address, not that of the WebSocket.
	page := map[string]string{"ws": "http", "wss": "https", "": schemeOf(rest)}
	scheme = cmp.Or(page[strings.ToLower(scheme)], scheme)
	meant, ok := Canonical(scheme + "://" + rest)
	if !ok {
		return ""
	}
	return meant
}

// schemeOf returns the scheme that pages of a host most likely have.
func schemeOf(authority string) string {
	name, _, _ := splitPort(authority)
	if addr, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil && (addr.IsLoopback() || addr.IsPrivate()) || strings.EqualFold(name, "localhost") {
		return "http"
	}
	return "https"
}
