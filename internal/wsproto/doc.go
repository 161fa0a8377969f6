// Package wsproto implements the server side of the WebSocket protocol (RFC 6455) and of
// permessage-deflate (RFC 7692) without I/O. Bytes go in; events and bytes come out. It has
// no socket, clock, goroutine or log, so every rule of the RFCs can be tested with literal
// bytes, and the same code runs in any kind of server.
//
// # The opening handshake
//
// A caller that owns a connection does this (RFC 6455 section 4.2):
//
//  1. Read, and pass everything that has arrived to [Head.Scan] after each read, until it
//     returns the length of the request head. A head may arrive in any number of pieces.
//  2. Parse the head with [ParseRequest]. If [Request.IsUpgrade] reports false, the request
//     is plain HTTP and not for this package.
//  3. Pass the request to [Policy.Accept]. It makes every check of section 4.2.1 and
//     negotiates the subprotocol and compression.
//  4. Send [Handshake.AppendResponse]. The connection is now a WebSocket, and bytes that
//     follow the head are its first frames.
//
// Each of the first three steps may instead return a [HandshakeError]. Send its
// [HandshakeError.AppendResponse] and end the connection as in step 5 below.
//
// # The frames
//
// An [Echo] sends data back and answers control frames (sections 5 to 7):
//
//  1. Read into a [Buffer], after [Headroom] free bytes and after what the last round has
//     left. The answers are written into the same memory, before what is not decoded yet, so
//     that an echo needs neither a second buffer nor a copy.
//  2. Call [Echo.Next] until it returns NeedMore or Yield. Each call handles one frame, or
//     the piece of a frame that has arrived: memory follows what arrives, not what a header
//     claims.
//  3. Send [Buffer.Out], in one write, before the memory is used again. If the client does
//     not read, do not read from it either.
//  4. Keep what is left between Start and End of the buffer for the next round. After
//     NeedMore, it leaves room for a read in a buffer of [MinBuffer] bytes. After Yield, begin
//     the next round without a read, but let other connections go first: a few bytes can take
//     a long time, in tiny frames or compressed (see work.go).
//  5. If [Echo.Done] reports true, shut down the sending side once everything has been sent.
//     Then read and discard until the client closes or a short time has passed, and close.
//     Closing at once would send a reset if anything is unread, and the reset may destroy the
//     close frame on its way (section 7.1.1).
//  6. Call [Echo.Release] when the connection ends, for whatever reason.
//
// A server that is not an echo drives a [Decoder] in the same way, with memory of its own,
// and writes its frames with [AppendText], [AppendBinary], [AppendPing], [AppendPong],
// [AppendClose] and [AppendFrame]. One that is an echo most of the time uses [Echo.Decode]
// with [Echo.Answer] or [Echo.Drop]. The server may send a message of its own at any time
// except within another ([Echo.MidMessage]) and after its close frame ([Echo.CloseSent]).
//
// # Where each rule is
//
//	RFC 6455
//	4.1 (1)     request line and header fields    request.go, token.go (RFC 9112)
//	4.2.1       the request                       handshake.go (its end: head.go)
//	4.2.1 (5)   Sec-WebSocket-Key                 key.go
//	4.2.2 (5)   the response                      handshake.go
//	      (5.4) Sec-WebSocket-Accept              key.go
//	      (5.5) the subprotocol                   subprotocol.go
//	            HTTP errors                       handshakeerror.go
//	5.1         frames are masked                 header.go
//	5.2         frame headers                     header.go (received), frame.go (sent)
//	5.3         unmasking                         mask.go
//	5.4         fragmentation                     header.go (order, control frames in between),
//	                                              echo.go (answers), buffer.go (sizes of answers)
//	5.5         control frames                    header.go (checks), decoder.go, echo.go (answers)
//	5.5.1, 7.4  close frames and close codes      closecode.go
//	5.5.2       pings                             echo.go answers; wsconn/keepalive.go sends
//	5.5.3       pongs                             wsconn/timers.go
//	5.6         data frames                       decoder.go, echo.go
//	7.1         the closing handshake             closing.go
//	7.1.1       closing TCP                       step 5 above; wsconn/conn.go (finish)
//	7.1.7       protocol errors                   protocolerror.go
//	8.1         UTF-8, in unfinished frames too   decoder.go (when), inflation.go (when compressed),
//	                                              utf8.go, utf8_wide.go (how)
//	9.1         extension negotiation             extension.go (syntax), deflate.go
//	10.2        Origin                            origin.go
//	10.4        size limits                       decoder.go, inflation.go, head.go
//	            limits of time                    work.go, head.go (lists)
//
//	RFC 7692
//	5, 7.1      negotiation                       deflate.go
//	6           RSV1                              header.go (received), echo.go (sent)
//	7.2.1       00 00 ff ff                       inflation.go
//	7.2.2       inflating                         inflation.go (and the window after a message,
//	                                              compressed or not), package inflate
package wsproto
