package wsconn

import "github.com/echosvc/echosvc/internal/wsproto"

// MaxGoodbye is the length of the longest goodbye word, in bytes. Every connection counts
// the bytes that match in an int8.
const MaxGoodbye = 125

// goodbye looks for messages that equal the goodbye word. It keeps no payload: a message
// is compared as its pieces arrive. The zero value is at the start of a message.
type goodbye struct {
	matched int8 // bytes of the message that equal the word so far; -1 if it differs
}

// ends reports whether ev is the end of a text message that equals word, ignoring the
// case of ASCII letters.
func (g *goodbye) ends(word string, ev *wsproto.Event) bool {
	piece := ev.Payload
	if ev.Compressed {
		piece = ev.Inflated
	}
	if g.matched >= 0 {
		end := int(g.matched) + len(piece)
		if ev.Opcode == wsproto.OpText && end <= len(word) && equalFold(word[g.matched:end], piece) {
			g.matched = int8(end)
		} else {
			g.matched = -1
		}
	}
	if !ev.Last() {
		return false
	}
	ends := word != "" && int(g.matched) == len(word)
	g.matched = 0
	return ends
}

// equalFold reports whether s and t are equal, ignoring the case of ASCII letters. They
// must have the same length.
func equalFold(s string, t []byte) bool {
	for i := range len(s) {
		if lower(s[i]) != lower(t[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
