package wsproto

import "strings"

// extension is an element of Sec-WebSocket-Extensions: an extension that the
// client offers (RFC 6455 section 9.1).
type extension struct {
	name   string
	params []extensionParam
}

// extensionParam is a parameter of an extension. A quoted value is given without
// its quotes and backslashes.
type extensionParam struct {
	name     string
	value    string
	hasValue bool // "name=value", not "name" alone
}

// parseExtensions parses a value of Sec-WebSocket-Extensions and appends the
// offers to dst, in the client's order. ok is false when the value does not
// follow the grammar of RFC 6455 section 9.1, where every name is a token and
// every value is one, once the quotes of a quoted string are taken away.
func parseExtensions(dst []extension, value string) (offers []extension, ok bool) {
	p := extensionParser{value}
	for {
		for p.accept(',') {
		}
		if p.rest == "" {
			return dst, true
		}
		e := extension{name: p.token()}
		if e.name == "" {
			return nil, false
		}
		for p.accept(';') {
			param, ok := p.param()
			if !ok {
				return nil, false
			}
			e.params = append(e.params, param)
		}
		dst = append(dst, e)
		if p.rest != "" && !p.accept(',') {
			return nil, false
		}
	}
}

// extensionParser is what is left of a header value.
type extensionParser struct {
	rest string
}

// accept takes c, with white space around it, when it comes next.
func (p *extensionParser) accept(c byte) bool {
	p.rest = strings.TrimLeft(p.rest, " \t")
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = strings.TrimLeft(p.rest[1:], " \t")
	return true
}

// token takes a token; it returns "" when none comes next.
func (p *extensionParser) token() string {
	n := 0
	for n < len(p.rest) && isTokenByte(p.rest[n]) {
		n++
	}
	token := p.rest[:n]
	p.rest = p.rest[n:]
	return token
}

// param takes a name, or a name and a value.
func (p *extensionParser) param() (param extensionParam, ok bool) {
	param.name = p.token()
	if param.name == "" {
		return param, false
	}
	if !p.accept('=') {
		return param, true
	}
	param.hasValue = true
	if strings.HasPrefix(p.rest, `"`) {
		param.value, ok = p.quoted()
		return param, ok && IsToken(param.value)
	}
	param.value = p.token()
	return param, param.value != ""
}

// quoted takes a quoted string (RFC 9110 section 5.6.4) and returns what it says.
func (p *extensionParser) quoted() (s string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch p.rest[i] {
		case '"':
			p.rest = p.rest[i+1:]
			return b.String(), true
		case '\\':
			i++
			if i == len(p.rest) {
				return "", false
			}
		}
		b.WriteByte(p.rest[i])
	}
	return "", false
}
