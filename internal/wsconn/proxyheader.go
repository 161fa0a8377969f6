package wsconn

import "github.com/echosvc/echosvc/internal/wsproto"

// takeProxyHeader takes the PROXY protocol header off the input, if there is one. more means
// that more bytes have to arrive first.
func (c *Conn) takeProxyHeader(b *wsproto.Buffer) (more bool, refusal *wsproto.HandshakeError) {
	if c.proxyHeaderDone {
		return false, nil
	}
	header, more, refusal := c.server.Clients.Scan(c.peer().remote(), b.Mem[b.Start:b.End])
	if more || refusal != nil {
		return more, refusal
	}
	c.proxyHeaderDone = true
	b.Start += header.Length
	c.setPeer(newPeer(c.peer().remote(), header.Client))
	if b.Start == b.End { // the client has sent nothing, as in the health check of a proxy
		c.timers.received = 0
	}
	return b.Start == b.End, nil
}

// findClient sets the address of the client from the header fields of the request.
func (c *Conn) findClient(r *wsproto.Request) {
	remote := c.peer().remote()
	c.setPeer(newPeer(remote, c.server.Clients.Client(remote, c.peer().client(), r)))
}
