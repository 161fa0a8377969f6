package wsconn

import "strings"

// peer has the address that a connection comes from and, after a space, the address of the
// client behind proxies, if that is another one and known. It is one string because idle
// connections are many.
type peer string

func newPeer(remote, client string) peer {
	if client == "" {
		return peer(remote)
	}
	return peer(remote + " " + client)
}

// remote returns the address of the other end of the connection.
func (p peer) remote() string {
	remote, _, _ := strings.Cut(string(p), " ")
	return remote
}

// client returns the address of the client, or "".
func (p peer) client() string {
	_, client, _ := strings.Cut(string(p), " ")
	return client
}

// attrs returns the attributes of a log line about the connection with an ID.
func (p peer) attrs(id uint64, more ...any) []any {
	list := append(make([]any, 0, 6+len(more)), "id", id, "remote", p.remote())
	if client := p.client(); client != "" {
		list = append(list, "client", client)
	}
	return append(list, more...)
}
