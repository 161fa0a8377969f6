package wsproto

// An Echo yields once it has worked for some time, whatever the client has sent: many bytes,
// or frames and blocks that have none. The unit of work is the time that it takes to inflate one
// byte of output, about 1 ns.
const (
	// enoughWork ends a turn, after 0.05 to 0.2 ms.
	enoughWork = 128 << 10

	frameWork = 32  // of a frame, or a piece of one, besides its payload
	callWork  = 256 // of a call of the inflater, besides what it returns

	// How many bytes are handled in the time of one byte of work.
	payloadBytes = 8  // of payload that is unmasked and moved
	textBytes    = 8  // of text that is checked for UTF-8 beyond ASCII: 20 with AVX2, 3 in Go
	historyBytes = 16 // of history that is copied, there and back (RFC 7692 section 7.1.1)
)
