package wsproto

// The closing handshake (RFC 6455 section 7.1) ends after one close frame in each
// direction. Either side may begin it. The server shuts down its sending side after its
// last byte once Done reports true, and closes TCP first (section 7.1.1).

// closeState is how far the closing handshake has come: a set of flags.
type closeState uint8

const (
	closeSent     closeState = 1 << iota // by the server
	closeReceived                        // from the client
	failed                               // the client has broken the protocol
)

// CloseSent reports whether the server's close frame has been written. Nothing may be sent
// after it (section 5.5.1).
func (e *Echo) CloseSent() bool { return e.closing&closeSent != 0 }

// CloseReceived reports whether the client's close frame has arrived.
func (e *Echo) CloseReceived() bool { return e.closing&closeReceived != 0 }

// Done reports whether the client's close frame has arrived or the client has broken the
// protocol. The server then discards what still arrives, sends what is in the buffer, and shuts
// down its sending side (sections 7.1.1 and 7.1.7).
func (e *Echo) Done() bool { return e.closing&(closeReceived|failed) != 0 }

// AppendClose appends a close frame to dst and so begins the closing handshake (section
// 7.1.2). Until the client's close frame arrives, everything that it sends is dropped.
// AppendClose must not be called once CloseSent reports true. The reason is cut to
// [MaxCloseReason] bytes.
func (e *Echo) AppendClose(dst []byte, code CloseCode, reason string) []byte {
	e.closing |= closeSent
	return AppendClose(dst, code, reason)
}

// Close is AppendClose into b, after what is already to be sent.
func (e *Echo) Close(b *Buffer, code CloseCode, reason string) {
	var frame [2 + MaxControlPayload]byte
	b.Append(e.AppendClose(frame[:0], code, reason))
}

// answerClose ends the closing handshake. If the client has begun it, the answer has the
// client's code and reason (section 5.5.1).
func (e *Echo) answerClose(b *Buffer, ev *Event) {
	e.answerControl(b, ev, OpClose)
	e.closing |= closeSent | closeReceived
	b.Discard()
	e.Release()
}

// answerFailed fails the connection (section 7.1.7).
func (e *Echo) answerFailed(b *Buffer, ev *Event) {
	e.held = 0
	b.Discard()
	if !e.CloseSent() {
		e.Close(b, ev.Err.CloseCode(), e.CloseReason(ev.Err))
	}
	e.closing |= failed
	e.Release()
}
