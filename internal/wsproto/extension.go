package wsproto

import "strings"

// extension is an extension that the client offers, an element of Sec-WebSocket-Extensions
// (RFC 6455 section 9.1).
type extension struct {
	name   string
	params []extensionParam
}

// extensionParam is a parameter of an extension. The value is without quotes and backslashes.
type extensionParam struct {
	name     string
	value    string
	hasValue bool // "name=value", not just "name"
}

// parseExtensions parses a value of Sec-WebSocket-Extensions and appends the offers to dst,
// in the client's order of preference. ok is false if the value does not match the grammar
// of RFC 6455 section 9.1, in which every name is a token, and so is every value, after its
// quotes are removed.
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

// extensionParser holds the rest of a header value.
type extensionParser struct {
	rest string
}

// accept consumes c and the white space around it, and reports whether c was next.
func (p *extensionParser) accept(c byte) bool {
	p.rest = strings.TrimLeft(p.rest, " \t")
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = strings.TrimLeft(p.rest[1:], " \t")
	return true
}

// token consumes and returns a token, or "" if none is next.
func (p *extensionParser) token() string {
	n := 0
	for n < len(p.rest) && isTokenByte(p.rest[n]) {
		n++
	}
	token := p.rest[:n]
	p.rest = p.rest[n:]
	return token
}

// param consumes a name with an optional value.
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

// quoted consumes a quoted string (RFC 9110 section 5.6.4) and returns its content.
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
