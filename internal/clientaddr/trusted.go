package clientaddr

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
)

// Unix is the remote address of a connection over a Unix socket, whose clients have no
// address.
const Unix = "unix"

// Rules name the proxies that are trusted to send a client's address. The zero value trusts
// none.
type Rules struct {
	Trusted  []Network
	Protocol Protocol
}

// Protocol is the use of the PROXY protocol: whether connections begin with its header.
type Protocol uint8

// The uses.
const (
	Off      Protocol = iota // every header is refused
	Optional                 // a trusted proxy may send one
	Require                  // a trusted proxy must send one
)

// Network is a network of trusted proxies, or the clients of a Unix socket.
type Network struct {
	prefix netip.Prefix // invalid for the clients of a Unix socket
}

// String returns the network as a prefix, or "unix:".
func (n Network) String() string {
	if !n.prefix.IsValid() {
		return Unix + ":"
	}
	return n.prefix.String()
}

// ParseNetwork parses a network: a prefix such as 10.0.0.0/8, an IP address, or "unix:". If
// the address has bits beyond the prefix, the error suggests the network without them.
func ParseNetwork(s string) (Network, error) {
	if s == Unix+":" {
		return Network{}, nil
	}
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return Network{netip.PrefixFrom(addr, addr.BitLen())}, nil
	}
	prefix, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return Network{}, errors.New("it is neither a prefix nor an address")
	case prefix.Addr().Is4In6():
		return Network{}, errors.New("an IPv4 network is written as 10.0.0.0/8")
	case prefix != prefix.Masked():
		return Network{}, errors.New("did you mean " + prefix.Masked().String() + "?")
	}
	return Network{prefix}, nil
}

// trusts reports whether a peer is a trusted proxy. remote is its address with its port.
func (r *Rules) trusts(remote string) bool {
	if len(r.Trusted) == 0 {
		return false
	}
	if strings.HasPrefix(remote, Unix) {
		return slices.Contains(r.Trusted, Network{})
	}
	peer, err := netip.ParseAddrPort(remote)
	return err == nil && r.contains(peer.Addr())
}

// Requires reports whether a connection from a peer must begin with a PROXY protocol header. remote
// is the address of the peer with its port.
func (r *Rules) Requires(remote string) bool { return r.Protocol == Require && r.trusts(remote) }

// contains reports whether an address is that of a trusted proxy.
func (r *Rules) contains(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(r.Trusted, func(n Network) bool { return n.prefix.Contains(addr) })
}
