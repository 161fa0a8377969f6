// Package wsproto is the server side of the WebSocket protocol (RFC 6455)
// without any I/O: bytes go in, events and bytes come out. It knows no socket,
// clock, goroutine or log, so that every rule of the RFC is a table test and
// every stream of bytes is a fuzz input.
//
// The package answers as an echo server does. A caller that owns a socket works
// in two steps.
//
// The opening handshake (RFC 6455 section 4.2):
//
//  1. Keep what is read from the socket together, and give all of it to
//     [Head.Scan] after each read, until it says how long the request head is:
//     the head may arrive in any cuts.
//  2. Parse the head with [ParseRequest]. When [Request.IsUpgrade] says no, it is
//     plain HTTP, which is not this package's matter.
//  3. [Policy.Accept] makes the checks of section 4.2.1 and gives the [Agreement],
//     whose [Agreement.AppendResponse] is the 101 to send. Each step may instead
//     return a [Refusal], which is an HTTP response to send before closing.
//  4. Bytes behind the head already belong to step 5: nothing is lost.
//
// The frames (sections 5 to 7), for each read:
//
//  5. Put the bytes in a [Buffer] behind at least [Headroom] bytes of room, and
//     call [Echo.Next] until it says [NeedMore] or [Yield]. Each call handles one frame (or
//     the piece of it that has arrived), writes the answer into the same buffer,
//     before the bytes not yet read, and says what it was.
//  6. Send [Buffer.Out], in one write. It must have gone before the buffer is used
//     again: the caller owns the only copy.
//  7. What is left between Start and End of the buffer is the beginning of
//     something unfinished. Put it in front of the next read; after Yield, give it
//     again without one, when others have had their turn.
//  8. When an event says that nothing more will be answered ([Echo.Last]), shut
//     down the sending side of the connection once the bytes have gone (section
//     7.1.1), discard what still arrives, and close. [Echo.Release] is always last.
//
// A server that speaks first (a ping, a close for going away) appends its frame
// with [Echo.AppendPing], [Echo.AppendText] or [Echo.AppendClose].
//
// Where things are: opening handshake in head.go (finding its end), request.go
// (its grammar), upgrade.go (the checks), token.go and extension.go (header
// values), refusal.go (errors); frames in header.go (what a header may say, RSV1 too), mask.go, utf8.go and decoder.go; the
// echo in buffer.go and echo.go, in more fragments than came in fragments.go; close codes
// in closecode.go; every breach of the protocol with its close code in violation.go.
// Compression (RFC 7692): the negotiation, and what the agreed windows allow the server to
// send, in deflate.go; a compressed message's life in inflation.go; its answer where its
// bytes may not go back in expand.go; the inflater in inflate.go (its contract, and the
// 00 00 ff ff that the sender has removed), block.go, huffman.go, symbols.go and window.go.
package wsproto
