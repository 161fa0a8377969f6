// Package wsconn is the life of one connection: the opening handshake, the echo, the
// closing handshake, and every time-out in between. It has no I/O and no clock, so each
// rule is tested with literal bytes and a clock that the test moves.
//
// A [Conn] is a [socket.Handler]. A driver gives it bytes and the time. It returns bytes to
// write, what to do next, and when it wants to be woken. What the bytes mean is package
// wsproto's; how they travel is package socket's. Everything else comes from one [Server],
// which all connections share.
//
//	          request head        close frame sent        close frames exchanged
//	accepted ------------> open ------------------> closing ------------> lingering -> closed
//	    |                    \________________________________________________/
//	    |                       the client closes, or breaks the protocol
//	    \--> hijacked: plain HTTP
//
// Where to look:
//
//   - stage.go: the stages, the only code that changes them, and who started the close.
//   - handler.go: what the driver calls, and which stage answers it.
//   - handshake.go: the opening handshake, and how it is refused.
//   - conn.go: the state of a connection, and what each frame means for it.
//   - echoing.go: the echo. goodbye.go finds the word that ends a conversation.
//   - keepalive.go, timers.go: pings, pongs, idle time, the drain of one connection.
//   - admission.go: how many connections there are, whether one more is admitted, and how
//     far the drain of the process has come.
//   - info.go: what /connections, the log and the metrics learn about a connection.
//
// A connection whose query has controls, such as ?delay=1s, has the behavior controlled in
// place of echoing: controls.go reads the query, controlled.go answers frames,
// controlledwake.go acts in time by the instants of schedule.go and the limit of pace.go, and
// greeting.go makes the first message. No other file knows of them.
package wsconn
