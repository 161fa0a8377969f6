package service

import (
	"strings"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// maxGreeting is the largest greeting, in bytes: what a driver takes at once has to have room
// for it and the response before it.
const maxGreeting = 48 << 10

// greeting is the first message of a connection that asks for it: who has answered, and the
// upgrade request as it arrived.
type greeting struct {
	identity
	Remote  string      `json:"remote"`
	Request string      `json:"request"` // the request line
	Headers []nameValue `json:"headers"`
	Omitted int         `json:"omitted,omitempty"` // header fields for which there is no room
}

// greet makes the greeting as JSON.
func (c *conn) greet(r *wsproto.Request) []byte {
	line := strings.ToValidUTF8(r.Method+" "+r.Target+" "+r.Proto, "\ufffd")
	g := greeting{identity: c.svc.identity, Remote: c.remote, Request: line, Headers: mirrored(r)}
	for {
		encoded := encodeJSON(g, "")
		if len(encoded) <= maxGreeting || len(g.Headers) == 0 {
			return encoded[:len(encoded)-1] // without the line end
		}
		half := len(g.Headers) / 2
		g.Omitted += len(g.Headers) - half
		g.Headers = g.Headers[:half]
	}
}
