package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
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

// connect opens a TCP connection whose blocking calls time out after stallTimeout.
func connect(t Target) (fd int, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
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
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("connect: %w", err)
	}
	return fd, nil
}

// ignoringEINTR repeats a call while it is interrupted by a signal, such as the Go scheduler's.
func ignoringEINTR(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

// send writes to a blocking socket. p must fit into the socket's buffer.
func send(fd int, p []byte) error {
	return ignoringEINTR(func() error {
		_, err := unix.Write(fd, p)
		return err
	})
}

// receive reads from a blocking socket.
func receive(fd int) ([]byte, error) {
	p, n := make([]byte, maxHead), 0
	err := ignoringEINTR(func() (err error) {
		n, err = unix.Read(fd, p)
		return err
	})
	if err == nil && n == 0 {
		err = io.ErrUnexpectedEOF
	}
	return p[:max(n, 0)], err
}

// dial opens a connection and, unless the target is bare, a WebSocket on it.
func dial(t Target, compressed bool) (fd int, err error) {
	if fd, err = connect(t); err != nil || t.Bare {
		return fd, err
	}
	if err := upgrade(fd, compressed); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func upgrade(fd int, compressed bool) error {
	var offer []string
	if compressed {
		offer = append(offer, noContext)
	}
	if err := send(fd, []byte(wstest.Request(offer...))); err != nil {
		return fmt.Errorf("upgrade: %w", err)
	}
	var head []byte
	for !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
		p, err := receive(fd)
		if err != nil {
			return fmt.Errorf("upgrade: %w after %q", err, head)
		}
		if head = append(head, p...); len(head) > maxHead {
			return fmt.Errorf("upgrade: %w: a head of more than %d bytes, which begins with %q", ErrReply, maxHead, head[:80])
		}
	}
	return checkUpgrade(head, compressed)
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

// reset closes the connection with a reset, which leaves no port in TIME_WAIT. There are only
// about 28,000 ports, and a run needs more.
func reset(fd int) {
	unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	unix.Close(fd)
}
