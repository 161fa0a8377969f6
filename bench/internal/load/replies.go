package load

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// replies parses and checks what a server sends on one connection.
type replies interface {
	// take takes the next bytes received, and returns how many messages end in them.
	take(p []byte) (ended int, err error)
}

// newReplies returns the check for a connection. inflater is nil without compression.
func newReplies(t Target, r *ring, inflater *inflater) replies {
	if t.Bare {
		return &bareReplies{ring: r}
	}
	return newFrameReplies(r, inflater)
}

// ErrReply is wrapped by the error for a reply that is not what was sent.
var ErrReply = errors.New("wrong reply")

// same compares a piece of a reply with what was sent: all of a small piece, both ends of a large
// one, so that the load costs less than the server.
func same(got, want []byte) bool {
	const all, end = 4096, 512 // bytes
	if len(got) <= all {
		return bytes.Equal(got, want)
	}
	n := len(got) - end
	return bytes.Equal(got[:end], want[:end]) && bytes.Equal(got[n:], want[n:])
}

// bareReplies checks a server that echoes TCP bytes: it must return the frames as they were sent.
type bareReplies struct {
	ring   *ring
	at     int // position in the ring's stream
	index  int // of the message
	offset int // position in the message's frame
}

func (r *bareReplies) take(p []byte) (ended int, err error) {
	for len(p) > 0 {
		n := min(len(p), r.ring.lengths[r.index]-r.offset)
		if !same(p[:n], r.ring.stream[r.at:r.at+n]) {
			return ended, fmt.Errorf("%w: differs from message %d", ErrReply, r.index)
		}
		p, r.at, r.offset = p[n:], (r.at+n)%r.ring.size, r.offset+n
		if r.offset == r.ring.lengths[r.index] {
			r.index, r.offset = (r.index+1)%len(r.ring.lengths), 0
			ended++
		}
	}
	return ended, nil
}

// frameReplies checks a WebSocket server. The server may fragment as it likes. Its pings are
// ignored: no load runs long enough for a missing pong to matter. The replies to pings are pongs
// with the same payload (RFC 6455 section 5.5.3).
type frameReplies struct {
	ring     *ring
	inflater *inflater // nil without compression

	header     [10]byte
	have, need int // bytes of the header, received and in total
	left       int // bytes of the frame's payload still to come
	inPayload  bool
	control    bool
	fin        bool

	index      int    // of the message
	offset     int    // position in the message
	begun      bool   // a frame of the message has been received
	compressed []byte // what has been received of it, if compressed
	deflated   bool   // the message is compressed
}

func newFrameReplies(r *ring, in *inflater) *frameReplies {
	return &frameReplies{ring: r, inflater: in, need: 2}
}

func (r *frameReplies) take(p []byte) (ended int, err error) {
	for len(p) > 0 || r.inPayload && r.left == 0 {
		if !r.inPayload {
			if p, err = r.takeHeader(p); err != nil {
				return ended, err
			}
			continue
		}
		n := min(len(p), r.left)
		if err := r.takePayload(p[:n]); err != nil {
			return ended, err
		}
		p, r.left = p[n:], r.left-n
		if r.left > 0 {
			continue
		}
		r.inPayload = false
		if r.control || !r.fin {
			continue
		}
		if err := r.endMessage(); err != nil {
			return ended, err
		}
		ended++
	}
	return ended, nil
}

// takeHeader takes the bytes of p that belong to a frame's header (RFC 6455 section 5.2).
func (r *frameReplies) takeHeader(p []byte) (rest []byte, err error) {
	n := copy(r.header[r.have:r.need], p)
	r.have += n
	if r.have < r.need {
		return p[n:], nil
	}
	if r.need == 2 {
		switch r.header[1] {
		case 126:
			r.need = 4
		case 127:
			r.need = 10
		}
		if r.need > 2 {
			return p[n:], nil
		}
	}
	switch r.need {
	case 2:
		r.left = int(r.header[1])
	case 4:
		r.left = int(binary.BigEndian.Uint16(r.header[2:]))
	case 10:
		r.left = int(binary.BigEndian.Uint64(r.header[2:]))
	}
	r.have, r.need, r.inPayload = 0, 2, true
	return p[n:], r.beginFrame(r.header[0])
}

// beginFrame checks the first byte of a frame: FIN, RSV and opcode.
func (r *frameReplies) beginFrame(first byte) error {
	opcode := first & 0xf
	r.fin, r.control = first&0x80 != 0, opcode >= opClose
	rsv1 := first&0x40 != 0
	switch {
	case opcode == opClose:
		return fmt.Errorf("%w: a close frame", ErrReply)
	case r.header[1] > 127 || r.left < 0:
		return fmt.Errorf("%w: invalid header %x", ErrReply, r.header)
	case opcode == opPong && r.ring.opcode == opPing:
		r.control = false // the reply, not a frame to ignore
		if !r.fin || first&0x70 != 0 {
			return fmt.Errorf("%w: first byte %02x of a pong", ErrReply, first)
		}
		return nil
	case r.control:
		return nil
	case r.begun != (opcode == 0), !r.begun && opcode != r.ring.opcode, first&0x30 != 0,
		rsv1 && (r.begun || r.inflater == nil):
		return fmt.Errorf("%w: first byte %02x in a message with opcode %x", ErrReply, first, r.ring.opcode)
	case !r.begun:
		r.begun, r.deflated = true, rsv1
	}
	return nil
}

func (r *frameReplies) takePayload(p []byte) error {
	if r.control {
		return nil
	}
	if r.deflated {
		r.compressed = append(r.compressed, p...)
		return nil
	}
	want := r.ring.messages[r.index][r.offset:]
	if len(p) > len(want) || !same(p, want[:len(p)]) {
		return fmt.Errorf("%w: differs from message %d after byte %d", ErrReply, r.index, r.offset)
	}
	r.offset += len(p)
	return nil
}

func (r *frameReplies) endMessage() error {
	want := r.ring.messages[r.index]
	switch {
	case r.deflated:
		if err := r.inflater.check(r.index, r.compressed, want); err != nil {
			return err
		}
		r.compressed = r.compressed[:0]
	case r.offset != len(want):
		return fmt.Errorf("%w: message %[3]d has %[2]d bytes, want %[4]d", ErrReply, r.offset, r.index, len(want))
	}
	r.index, r.offset, r.begun = (r.index+1)%len(r.ring.messages), 0, false
	return nil
}
