package wsconn

import (
	"net/http"
	"strconv"

	"github.com/echosvc/echosvc/internal/query"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// refusal returns the refusal that the control refuse asks for, or nil.
func (k *controls) refusal() *wsproto.HandshakeError {
	if k.refuse == 0 {
		return nil
	}
	e := wsproto.Refuse(k.refuse, ReasonRefuse, "the query has refuse=%d, which asks this server to refuse the handshake", k.refuse)
	e.Phrase = http.StatusText(k.refuse)
	if field, ok := query.RequiredField(k.refuse); ok {
		e.Fields = append(e.Fields, field)
	}
	if k.refuseAfter >= 0 {
		e.Fields = append(e.Fields, wsproto.Field{Name: "Retry-After", Value: strconv.Itoa(k.refuseAfter)})
	}
	return e
}
