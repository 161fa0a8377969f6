package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/echosvc/echosvc/internal/wstest"
)

// acceptKey is the Sec-WebSocket-Accept for the key of [wstest.Request] (RFC 6455 section 1.3).
const acceptKey = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

// noContext offers compression without context takeover, so that frames can be built beforehand.
const noContext = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover"

// maxHead is the size of the longest accepted response to an upgrade, in bytes.
const maxHead = 4096

// connect opens a TCP connection, and TLS on it if the target has it. Calls that block time out
// after stallTimeout.
func connect(t Target) (*conn, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	c := &conn{fd: fd, blocks: true}
	limit := unix.NsecToTimeval(stallTimeout.Nanoseconds())
	err = errors.Join(
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &limit),
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		ignoringEINTR(func() error {
			err := unix.Connect(fd, &unix.SockaddrInet4{Port: int(t.Addr.Port()), Addr: t.Addr.Addr().As4()})
			if err == unix.EISCONN { // the interrupted call completed
				return nil
			}
			return err
		}),
	)
	if err == nil && t.TLS != nil {
		err = c.startTLS(t.TLS)
	}
	if err != nil {
		c.reset()
		return nil, fmt.Errorf("connect: %w", err)
	}
	return c, nil
}

// dial opens a connection and, unless the target is bare, a WebSocket on it.
func dial(t Target, compressed bool) (*conn, error) {
	c, err := connect(t)
	if err != nil || t.Bare {
		return c, err
	}
	if err := c.upgrade(compressed); err != nil {
		c.reset()
		return nil, err
	}
	return c, nil
}

func (c *conn) upgrade(compressed bool) error {
	var offer []string
	if compressed {
		offer = append(offer, noContext)
	}
	if _, err := c.write([]byte(wstest.Request(offer...))); err != nil {
		return fmt.Errorf("upgrade: %w", err)
	}
	head, err := c.readHead()
	if err != nil {
		return fmt.Errorf("upgrade: %w", err)
	}
	return checkUpgrade(head, compressed)
}

// readHead reads until the end of a response's head, on a connection that blocks.
func (c *conn) readHead() (head []byte, err error) {
	p := make([]byte, maxHead)
	for !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
		n, _, err := c.read(p)
		if err != nil {
			return nil, fmt.Errorf("%w after %q", err, head)
		}
		if head = append(head, p[:n]...); len(head) > maxHead {
			return nil, fmt.Errorf("%w: a head of more than %d bytes, which begins with %q", ErrReply, maxHead, head[:80])
		}
	}
	return head, nil
}

// checkUpgrade checks the response to an upgrade (RFC 6455 section 4.1).
func checkUpgrade(head []byte, compressed bool) error {
	response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(head)), nil)
	if err != nil {
		return fmt.Errorf("upgrade: %w", err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusSwitchingProtocols || response.Header.Get("Sec-WebSocket-Accept") != acceptKey {
		return fmt.Errorf("upgrade: the response is %q", head)
	}
	agreed := response.Header.Get("Sec-WebSocket-Extensions")
	if compressed && !strings.Contains(agreed, "permessage-deflate") {
		return ErrNotNegotiated
	}
	if compressed && !strings.Contains(agreed, "server_no_context_takeover") {
		return fmt.Errorf("upgrade: the server did not accept server_no_context_takeover: %q", agreed)
	}
	return nil
}
