package socket

import "net"

// Handler is the life of one connection, without I/O: it is given input and the time,
// and returns what the driver is to do. The rules that both sides keep are listed in
// the package comment.
//
// A driver calls one method at a time. Opened is called once, then exactly one of Closed
// and Hijacked, last. No method but Hijacked may block.
type Handler interface {
	// Opened is called when the connection has been accepted.
	Opened(now Instant) Step

	// Receive is given mem[start:end]: the bytes that the handler kept last time,
	// followed by those read since. kept is how many bytes at the end of mem[start:end]
	// the driver must present again before the next ones.
	//
	// The handler may write anywhere in mem. At least Config.Headroom bytes come
	// before start. mem belongs to the driver again when Receive returns; Step.Write may
	// be a part of it.
	Receive(now Instant, mem []byte, start, end int) (step Step, kept int)

	// EndOfInput is called when the peer has shut down its sending side and Receive has
	// been given everything that came before. Its Step must ask for Close or Reset.
	EndOfInput(now Instant) Step

	// Flushed is called after each Step, once everything that it wrote has been sent (at
	// once if it wrote nothing), before its Action is carried out. A slow peer delays it,
	// so this is where a time-out that concerns the peer's answer begins.
	Flushed(now Instant)

	// NextWake returns when the handler wants Wake to be called, or never. It only asks;
	// it changes nothing. The driver asks before it waits.
	NextWake() Instant

	// Wake is called when the instant of NextWake has been reached, and after the
	// driver's Wake method has been called, which may be earlier. The handler does what
	// is due, so that NextWake moves on. scratch has no bytes and a capacity of 256;
	// Step.Write may use it.
	Wake(now Instant, scratch []byte) Step

	// Shed is called when the driver needs the memory that it holds for the connection:
	// what was kept is gone when Shed returns. Its Step must ask for ShutDown, Close or
	// Reset. scratch is that of Wake.
	Shed(now Instant, scratch []byte) Step

	// Held returns how many bytes the handler holds itself, and whether some of them are for
	// a message that is unfinished. It must not be called while another method runs.
	Held() (bytes int, unfinished bool)

	// Established reports whether the peer has completed its handshake. Once true, it stays
	// so. Others may be closed to make room; see Config.MaxHandshakes.
	Established() bool

	// Hijacked is called after a Step with Hijack, unless that fails: then Closed is. The
	// connection and the bytes that were kept belong to the handler from now on. Hijacked
	// runs on a goroutine of its own, which the driver's Wait waits for. Leave should be called
	// before the connection is closed.
	Hijacked(conn net.Conn, kept []byte)

	// Closed is called when the connection has been closed. cause is nil if a Step asked for
	// it, ErrWriteTimeout if the peer did not read, ErrHandshakes or ErrShed if it had to make
	// room, ErrFault if a method panicked, net.ErrClosed if the driver was aborted, and
	// otherwise the error of the socket.
	Closed(now Instant, cause error)
}

// Step is what a Handler wants done: first Write, then Then.
type Step struct {
	// Write is sent before anything else happens to the connection. It is at most
	// Config.Buffer bytes long or, if that is more, Config.Headroom bytes longer than the
	// input that the Step uses up. It must not be changed until Flushed is called.
	Write []byte
	// Then is carried out when everything has been sent.
	Then Action
}

// Action is what a driver does after it has sent a Step's bytes.
type Action uint8

// The actions.
const (
	// Read continues to read. After a pause, Receive is first called with what was kept,
	// even if nothing new has arrived. A Yield that is outstanding stays so: a Wake that
	// has nothing to do returns the zero Step.
	Read Action = iota
	// Yield calls Receive again with what was kept, after other connections had their
	// turn. Only a Step of Receive may ask for it.
	Yield
	// Pause neither reads nor calls Receive until a Step of Wake asks for something else. It
	// cancels a Yield that is outstanding. Until then, what the peer sends waits in the system,
	// and so does its end of input.
	Pause
	// ShutDown ends the sending side, so that the peer reads the end of input after the last
	// byte. Otherwise it does what Read does: Receive and EndOfInput are still called. Closing
	// at once, with input unread, would send a reset, which destroys what the peer has not read
	// yet. A Step that writes after ShutDown closes the connection with an error.
	ShutDown
	// Close closes the connection.
	Close
	// Reset closes the connection with a reset (RST), which destroys what the peer has not
	// read yet.
	Reset
	// Hijack takes the connection from the driver and gives it to Handler.Hijacked.
	Hijack
)
