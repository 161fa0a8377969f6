package wsconn

import (
	"bytes"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// maxKeptHead is how much of an incomplete request head the driver keeps, in bytes. It copies
// what it keeps with each read, so a head of [wsproto.MaxHead] bytes that arrives in small
// pieces would take quadratic time.
const maxKeptHead = 4 << 10

// requestState is what a connection keeps of its request. Most have a head that arrives at
// once and keep nothing.
type requestState struct {
	scan wsproto.Head
	// long is what has arrived of an incomplete head once that is more than maxKeptHead. Its
	// capacity is on the account.
	long    []byte
	ignored string // names of query parameters, for the log; set when the WebSocket opens
}

// add adds in to the head. in is what the driver kept, followed by what has arrived since the
// last call. add returns what has arrived of the head, perhaps with bytes that follow it, and
// the result of [wsproto.Head.Scan].
func (r *requestState) add(account *budget.Account, in []byte) (head []byte, n int, refusal *wsproto.HandshakeError) {
	head = in
	if r.long != nil {
		head = r.append(account, in)
	}
	n, refusal = r.scan.Scan(head)
	if r.long != nil && n > 0 {
		r.long = r.long[:n]
	}
	if r.long == nil && n == 0 && refusal == nil && len(in) > maxKeptHead {
		r.append(account, in)
	}
	return head, n, refusal
}

// append appends to long, up to one byte more than a head may have, so that Scan refuses it. The
// capacity doubles as bytes arrive.
func (r *requestState) append(account *budget.Account, in []byte) []byte {
	in = in[:min(len(in), wsproto.MaxHead+1-len(r.long))]
	if needed := len(r.long) + len(in); needed > cap(r.long) {
		size := max(needed, min(2*cap(r.long), wsproto.MaxHead))
		size = (size + maxKeptHead - 1) / maxKeptHead * maxKeptHead
		account.Add(budget.Buffers, int64(size-cap(r.long)))
		r.long = append(make([]byte, 0, size), r.long...)
	}
	r.long = append(r.long, in...)
	return r.long
}

// release gives up long.
func (r *requestState) release(account *budget.Account) {
	account.Add(budget.Buffers, -int64(cap(r.long)))
	r.long = nil
}

// isHEAD reports whether a request head begins with the method HEAD.
func isHEAD(head []byte) bool {
	return bytes.HasPrefix(wsproto.TrimEmptyLines(head), []byte("HEAD "))
}
