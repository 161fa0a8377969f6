package wsconn

import "github.com/echosvc/echosvc/internal/wsproto"

// takeHeader takes the header of the PROXY protocol off the input, if there is one. more means
// that more bytes have to arrive first.
func (c *Conn) takeHeader(b *wsproto.Buffer) (more bool, refusal *wsproto.HandshakeError) {
	if c.notes.has(noteBegun) {
		return false, nil
	}
	header, more, refusal := c.server.Clients.Scan(c.peer.remote(), b.Mem[b.Start:b.End])
	if more || refusal != nil {
		return more, refusal
	}
	c.notes |= noteBegun
	b.Start += header.Length
	c.peer = newPeer(c.peer.remote(), header.Client)
	if b.Start == b.End { // nothing of the client, as in the health check of a proxy
		c.timers.received = 0
	}
	return b.Start == b.End, nil
}

// findClient completes the address of the client from the header fields of the request.
func (c *Conn) findClient(r *wsproto.Request) {
	remote := c.peer.remote()
	c.peer = newPeer(remote, c.server.Clients.Client(remote, c.peer.client(), r))
}
