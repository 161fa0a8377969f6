package wsconn

import (
	"strings"
	"sync/atomic"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// peer is what is known of the other end of a connection: the fields that follow, with a
// newline between two of them, and without those at the end that are empty. It is one string
// because idle connections are many.
type peer string

// The fields of a peer.
const (
	peerRemote    = iota // the address of the other end of the connection
	peerClient           // that of the client behind proxies, if it is another one and known
	peerPath             // of the request, without its query; empty for /
	peerHost             // Host of the request, as commonHost shortens it
	peerOrigin           // Origin
	peerUserAgent        // User-Agent
	peerFields
)

// maxPeerField is how much is kept of a field that a client chooses, in bytes.
const maxPeerField = 128

func newPeer(remote, client string) peer {
	return joinPeer([peerFields]string{peerRemote: remote, peerClient: client})
}

func joinPeer(fields [peerFields]string) peer {
	n := peerFields
	for n > 0 && fields[n-1] == "" {
		n--
	}
	return peer(strings.Join(fields[:n], "\n"))
}

// withRequest returns the peer with what is kept of its request.
func (p peer) withRequest(r *wsproto.Request, common *commonHost) peer {
	fields := [peerFields]string{peerRemote: p.remote(), peerClient: p.client()}
	if path, _, _ := strings.Cut(r.Target, "?"); path != "/" {
		fields[peerPath] = cut(path, maxPeerField)
	}
	for _, kept := range keptFields {
		for value := range r.Values(kept.name) {
			fields[kept.field] = cut(value, maxPeerField)
			break
		}
	}
	fields[peerHost] = common.shorten(fields[peerHost])
	return joinPeer(fields)
}

// commonHost is the Host of the first request, which is never empty. Most connections have the
// same one, and need not keep it.
type commonHost struct{ first atomic.Pointer[string] }

// shorten returns what is kept of a Host: nothing if it is the common one.
func (c *commonHost) shorten(host string) string {
	if c.first.Load() == nil {
		first := strings.Clone(host)
		c.first.CompareAndSwap(nil, &first)
	}
	if host == *c.first.Load() {
		return ""
	}
	return host
}

// full returns the Host that has been shortened.
func (c *commonHost) full(kept string) string {
	if first := c.first.Load(); kept == "" && first != nil {
		return *first
	}
	return kept
}

// keptFields are the header fields that are kept.
var keptFields = [...]struct {
	name  string
	field int
}{{"Host", peerHost}, {"Origin", peerOrigin}, {"User-Agent", peerUserAgent}}

// cut returns the first n bytes of s.
func cut(s string, n int) string { return s[:min(len(s), n)] }

// field returns a field.
func (p peer) field(i int) string {
	rest := string(p)
	for ; i > 0 && rest != ""; i-- {
		_, rest, _ = strings.Cut(rest, "\n")
	}
	value, _, _ := strings.Cut(rest, "\n")
	return value
}

// remote returns the address of the other end of the connection.
func (p peer) remote() string { return p.field(peerRemote) }

// client returns the address of the client, or "".
func (p peer) client() string { return p.field(peerClient) }

// path returns the path of the request.
func (p peer) path() string {
	if path := p.field(peerPath); path != "" {
		return path
	}
	return "/"
}

// attrs returns the attributes of a log line about the connection with an ID.
func (p peer) attrs(id uint64, more ...any) []any {
	list := append(make([]any, 0, 6+len(more)), "id", id, "remote", p.remote())
	if client := p.client(); client != "" {
		list = append(list, "client", client)
	}
	return append(list, more...)
}
