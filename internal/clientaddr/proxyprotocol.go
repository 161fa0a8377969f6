package clientaddr

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"net"
	"net/http"
	"net/netip"

	"github.com/pires/go-proxyproto"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// ReasonProxyProtocol is the reason of refusals because of a PROXY protocol header.
const ReasonProxyProtocol wsproto.Reason = "proxy"

const (
	// fixedV2 is the length of a header of version 2 up to its addresses, in bytes.
	fixedV2 = 16
	// maxV1 is the length of the longest header of version 1, in bytes.
	maxV1 = 107
)

// maxV2 is the length of the longest header of version 2, in bytes.
var maxV2 = fixedV2 + int(proxyproto.MaxV2HeaderSize)

// nginx sends IPv4 addresses in a TCP6 header when client and server differ in their family.
func init() { proxyproto.V1AcceptIPv4InTCP6 = true }

var (
	signatureV1 = append(bytes.Clone(proxyproto.SIGV1), ' ')
	signatureV2 = proxyproto.SIGV2
)

// OwnHeader is the header of a connection that a proxy makes for itself, such as a health check.
const OwnHeader = "PROXY UNKNOWN\r\n"

// Header is the PROXY protocol header of a connection.
type Header struct {
	Length int    // in bytes; 0 if there is no header
	Client string // the address of the client; "" if the header does not have one
}

// HeaderLength returns the length of the header that b begins with, or 0 if there is none. more
// means that more bytes have to arrive first. ok is false if the header is too long.
func HeaderLength(b []byte) (length int, more, ok bool) {
	version, more := versionOf(b)
	if more || version == 0 {
		return 0, more, true
	}
	switch length = lengthOf(version, b); {
	case length > maxLength(version):
		return 0, false, false
	case length == 0 || length > len(b):
		return 0, true, true
	}
	return length, false, true
}

// versionOf returns the version of the header that b begins with, or 0 if there is none. more
// means that more bytes have to arrive first.
func versionOf(b []byte) (version int, more bool) {
	for i, signature := range [][]byte{signatureV1, signatureV2} {
		n := min(len(b), len(signature))
		if bytes.Equal(b[:n], signature[:n]) {
			return i + 1, n < len(signature)
		}
	}
	return 0, false
}

// lengthOf returns the length of the header of a version that b begins with, or 0 if more bytes
// have to arrive first. A line that is too long and has no end yet counts as long as b.
func lengthOf(version int, b []byte) int {
	if version == 2 {
		if len(b) < fixedV2 {
			return 0
		}
		return fixedV2 + int(binary.BigEndian.Uint16(b[fixedV2-2:]))
	}
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return i + 1
	}
	if len(b) > maxV1 {
		return len(b)
	}
	return 0
}

// maxLength returns the length of the longest header of a version.
func maxLength(version int) int {
	if version == 1 {
		return maxV1
	}
	return maxV2
}

// Scan parses the header at the beginning of b, which is everything that has arrived from
// remote. more means that more bytes have to arrive first. Scan refuses a connection as soon as
// the bytes show that the rules do not allow it.
func (r *Rules) Scan(remote string, b []byte) (header Header, more bool, refusal *wsproto.HandshakeError) {
	version, more := versionOf(b)
	switch {
	case more:
		return Header{}, true, nil
	case version == 0 && r.Requires(remote):
		return Header{}, false, refuse("this server has PROXY_PROTOCOL=require, but no header arrived from this proxy, which TRUSTED_PROXIES lists; " +
			"make the proxy send it (HAProxy: send-proxy; nginx: proxy_protocol on), or set PROXY_PROTOCOL=optional")
	case version == 0:
		return Header{}, false, nil
	case r.Protocol == Off:
		return Header{}, false, refuse("this connection begins with a header of the PROXY protocol, version %d, which this server does not expect, because PROXY_PROTOCOL=off; "+
			"remove send-proxy or send-proxy-v2 (HAProxy) or proxy_protocol on (nginx) from the proxy's configuration, "+
			"or set PROXY_PROTOCOL=optional and TRUSTED_PROXIES to the proxy's address", version)
	case !r.trusts(remote):
		return Header{}, false, refuse("this connection begins with a header of the PROXY protocol, version %d, but its sender %v is not in TRUSTED_PROXIES of this server", version, peer(remote))
	}
	length, more, ok := HeaderLength(b)
	switch {
	case !ok:
		return Header{}, false, refuse("the header of the PROXY protocol, version %d, has %d bytes or more; the limit of this server is %d", version, lengthOf(version, b), maxLength(version))
	case more:
		return Header{}, true, nil
	}
	if version == 2 && unspecified(b) {
		return Header{Length: length}, false, nil
	}
	parsed, err := proxyproto.Read(bufio.NewReaderSize(bytes.NewReader(b[:length]), length))
	if err != nil {
		return Header{}, false, refuse("the header of the PROXY protocol, version %d, is not valid: %v", version, err)
	}
	return Header{length, source(parsed)}, false, nil
}

// unspecified reports whether a header of version 2 is for a client whose address the proxy
// does not know (AF_UNSPEC). go-proxyproto allows that only in a health check (LOCAL).
func unspecified(b []byte) bool {
	const proxyCommand = 0x21
	command, family := b[fixedV2-4], b[fixedV2-3]
	return command == proxyCommand && family == byte(proxyproto.UNSPEC)
}

// peer is an address in the text of a refusal. A string would be hidden in the log, since it could
// be the client's.
type peer string

func refuse(format string, args ...any) *wsproto.HandshakeError {
	return wsproto.Refuse(http.StatusBadRequest, ReasonProxyProtocol, format, args...)
}

// source returns the address of the client in a header. A health check of the proxy itself
// (LOCAL) and a client whose address the proxy does not know (UNKNOWN) have none.
func source(h *proxyproto.Header) string {
	tcp, ok := h.SourceAddr.(*net.TCPAddr)
	if !ok || h.Command.IsLocal() {
		return ""
	}
	addr := tcp.AddrPort()
	return netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port()).String()
}
