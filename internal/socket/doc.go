// Package socket brings input to connections and sends what they write. It knows TCP, and
// nothing of WebSocket.
//
// A [Handler] is the life of one connection without I/O. It is given input and the time,
// and returns a [Step]: bytes to write and an [Action] for afterwards. A driver accepts
// connections, calls their handlers and carries out the Steps. It decides nothing about the
// protocol; it does decide who makes room when memory or descriptors are short (shed.go,
// handshakes.go). There are two:
//
//   - [Portable] has one goroutine per connection, over net.Conn. It runs wherever Go runs.
//   - Loop, on Linux, has a few epoll loops over raw descriptors. A connection that waits
//     costs a few hundred bytes.
//
// # The contract
//
// What a driver promises:
//
//  1. It calls one method of a Handler at a time. Opened is called once, then exactly one
//     of Closed and Hijacked, last.
//  2. It sends everything that a Step wrote, then calls Flushed, then carries out the
//     Action. Until then it neither reads nor wakes, so that a peer that does not read is
//     not read from. Nothing is queued. If sending fails, Closed is the next call.
//     Closed may also follow a Step with Hijack that could not be carried out.
//  3. Receive gets the bytes that were kept last time, followed by those read since, with
//     Config.Headroom bytes before them. Only Receive keeps bytes. They stay as they are
//     over any number of Wakes.
//  4. After a Yield, Receive is called again with what was kept, once other connections
//     had their turn. A Wake may come in between, and the Yield stays outstanding. If the
//     Step of that Wake asks for a Pause, that takes its place. A connection that yields or
//     reads much is busy: those that take less time come first.
//  5. During a pause nothing is read, not even the end of input. The pause ends with a Step
//     of Wake that asks for Read or ShutDown. Receive is then called with what was kept,
//     even if that is nothing.
//  6. It asks NextWake before it waits, and calls Wake when that instant has been
//     reached. If it is reading, it first reads what has arrived by then. The driver's
//     Wake method makes it call Handler.Wake before that instant.
//  7. When it needs memory, it calls Shed in place of Wake, once everything has been sent,
//     and forgets what was kept. A peer has a second to take what is pending, or no time at
//     all with ShedAtOnce.
//  8. EndOfInput comes after the last byte has been given to Receive. Both are still
//     called after a ShutDown, which ends only the sending side.
//
// What a Handler promises (a driver checks some of it):
//
//  9. No method blocks, except Hijacked, which has a goroutine to itself.
//  10. A Step of EndOfInput asks for Close or Reset, and a Step of Shed for Close, Reset or
//     ShutDown. Only a Step of Receive may ask for Yield (checked).
//  11. Receive keeps no more than it was given, and leaves room to read in a buffer of
//     Config.Buffer bytes, unless it yields or pauses (checked).
//  12. A Step writes at most Config.Buffer bytes or, if that is more, Config.Headroom
//     bytes more than it used up of the input (checked).
//  13. NextWake changes nothing, and Wake does what is due, so that NextWake moves on.
//     A driver calls Wake again and again for an instant that stays in the past.
//
// A Handler that panics, or breaks a rule that is checked, ends only its own connection: the
// driver logs the panic, and closes with ErrFault.
//
// # The path of a byte
//
// In the loop driver: epoll reports the socket (loop.run, dispatch), recv(2) puts the byte
// into the loop's buffer, after what the connection kept (read, readBuffer), Receive
// answers it in place, send(2) sends the answer from there (take, send). Only what is kept
// or could not be sent is copied, into a buffer of the pool (hold). In the portable
// driver, each connection reads into a buffer of its own (portableConn.read, inbox) and
// writes from there (take, write).
//
// # TLS
//
// With Config.TLS, both drivers keep the contract over TLS, with these additions. Opened is
// called before the TLS handshake, and what it wrote is sent after the handshake. Wake may be
// called during the handshake; if its Step does anything but wait, the connection ends. A
// close_notify follows the last bytes before a ShutDown or a Close, and one from the peer is
// the end of input.
//
// crypto/tls reads from a net.Conn and waits in it. In the loop driver, this is a tlsConn, in
// memory: its Read hands out a record that the loop has received, or returns a temporary
// error, and its Write adds to what the loop sends. crypto/tls remembers all other errors, and
// cannot continue after one of Write.
//
// # Files
//
//	handler.go              Handler, Step, Action: the contract
//	rules.go                what both drivers check and remember of it
//	instant.go              the type of the driver's clock
//	config.go               Config
//	portable.go             Portable
//	portable_conn.go        Portable: one connection
//	pending_error_*.go      Portable: noticing a reset during a pause
//	inbox.go                Portable: the buffer that a connection reads into
//	portable_tls.go         Portable: TLS
//	turns.go                how busy connections leave a processor to the others
//	tls.go                  what both drivers do about TLS
//	tlserror.go             why TLS handshakes fail
//	fault.go                a panic ends one connection
//	stats.go                what drivers count
//	loop_linux.go           Loop
//	loop_turn_linux.go      one loop: events, yields, timers
//	loop_accept_linux.go    accepting connections
//	loop_conn_linux.go      one connection: input and Steps
//	loop_write_linux.go     one connection: sending, and holding what has to wait
//	loop_tls_linux.go       one connection with TLS: receiving and sending records
//	loop_tlsconn_linux.go   what crypto/tls reads from and writes to
//	loop_tlshandshake_linux.go  the TLS handshake
//	loop_tlssteps_linux.go  which steps of the TLS handshake a loop takes itself
//	loop_wait_linux.go      how a loop waits
//	loop_timers_linux.go    the heap of instants to wake at
//	loop_meter_linux.go     how long turns take
//	syscall_linux.go        system calls that Go's scheduler is not told of
//	accept.go               accepting while no descriptor is left
//	handshakes.go           which handshake makes room for another
//	shed.go                 which connections are closed for their memory
//	trust.go                what a peer has shown about its reading
//	leave.go                what the system still sends after the end
//	loop_walk_linux.go      Loop: visiting all connections, a few in each turn
//	loop_memory_linux.go    Loop: measuring, reading less, shedding
//	portable_memory.go      Portable: the same
//	kernel_*.go             options and memory of sockets
//	pool.go                 buffers of a few sizes
//
// The files of a loop depend on each other in both directions, since a turn calls its
// connections, and a connection enters the loop's timers and its list of yields. The
// tests in contract_test.go run against both drivers.
package socket
