package wsconn

import (
	"fmt"
	"strings"

	"github.com/echosvc/echosvc/internal/query"
	"github.com/echosvc/echosvc/internal/requestinfo"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// maxGreeting is the length of the longest greeting, in bytes. It must fit into a driver's
// buffer together with the response to the handshake.
const maxGreeting = 48 << 10

// maxGreetedLine is how much a greeting quotes of a request line that is too long, in bytes.
const maxGreetedLine = 4 << 10

// greeting is the first message of a connection that asks for one.
type greeting struct {
	requestinfo.Identity
	Remote  string                  `json:"remote"`
	Client  string                  `json:"client,omitempty"`
	Request string                  `json:"request"` // the request line
	Headers []requestinfo.NameValue `json:"headers"`
	Omitted int                     `json:"omitted,omitempty"` // header fields that did not fit
	Ignored []string                `json:"ignored,omitempty"` // names in the query that are not controls
	Hidden  string                  `json:"hidden,omitempty"`  // why values of header fields are hidden
}

// newGreeting returns a greeting as JSON: the identity of the server, and the request as
// it arrived.
func newGreeting(server *Server, from peer, r *wsproto.Request, ignored query.Names) []byte {
	fields, hidden := server.Headers.Fields(r)
	line := requestinfo.Line(r)
	g := greeting{
		Identity: server.Identity, Remote: from.remote(), Client: from.client(),
		Request: line, Headers: fields, Hidden: hidden, Ignored: ignored.List(),
	}
	for {
		if g.least() <= maxGreeting { // else it cannot fit once it is encoded
			if encoded := requestinfo.JSON(g, ""); len(encoded) <= maxGreeting {
				return encoded[:len(encoded)-1] // without the newline
			}
		}
		if n := len(g.Headers); n > 0 {
			g.Omitted += n - n/2
			g.Headers = g.Headers[:n/2]
		} else {
			g.Request = fmt.Sprintf("%s... (%d bytes)", strings.ToValidUTF8(line[:maxGreetedLine], ""), len(line))
		}
	}
}

// least returns a lower bound of the greeting's length as JSON: encoding shortens nothing.
func (g *greeting) least() int {
	n := len(g.Request)
	for _, field := range g.Headers {
		n += len(field.Name) + len(field.Value)
	}
	return n
}
