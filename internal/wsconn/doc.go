// Package wsconn implements the life of a connection: the opening handshake, the echo, the
// closing handshake, and every time-out in between. It has no socket and no clock, so tests
// give it literal bytes and the time. It logs and counts through its [Server].
//
// A [Conn] is a [socket.Handler]. A driver gives it bytes and the time. It returns bytes to
// write, what to do next, and when it wants to be woken. Package wsproto parses the bytes
// and makes the answers; package socket reads and writes them. Everything else comes from
// a [Server], which connections share.
//
//	          request head        close frame sent       close frames exchanged
//	accepted -------------> open -----------------> closing -----------> lingering --> closed
//	    |                     \______________________________________________^
//	    |                        the client closes, or breaks the protocol   |
//	    |\___________________________________________________________________|
//	    |                        the handshake is refused
//	    \--> hijacked: plain HTTP
//
// Where to look:
//
//   - stage.go: the stages, the only code that changes them, and who started the close.
//   - handler.go: what the driver calls, and which stage answers it; the client's half-close.
//   - handshake.go: the opening handshake, and how it is refused. proxyheader.go: the PROXY
//     protocol header before it. request.go: a head that arrives in pieces. date.go: Date in
//     responses. attempts.go: results of upgrades, for the page.
//   - conn.go: the state of a connection, and what each frame changes.
//   - lentecho.go: the Echo that a connection has within a message.
//   - echoing.go: the echo. goodbye.go: the word that ends a conversation.
//   - keepalive.go, timers.go: pings, pongs, idle time, the drain of one connection. timers.go
//     also has the time limits of closing and lingering.
//   - admission.go: the count of connections, their limit, and the drain: when each is closed.
//   - rehearsal.go: a drain that can be taken back. order.go: closing one connection.
//   - info.go: what the log and the metrics report about a connection. view.go: what
//     /connections shows. history.go: the connections that ended last. ending.go, why.go: how
//     they ended.
//   - peer.go: what is kept of the request.
//   - lines.go: how many lines about connections are logged.
//   - server.go: what all connections share.
//
// A connection whose query has controls, such as ?delay=1s, has the behavior controlled
// instead of echoing: controls.go parses the query, refuse.go makes the refusal that the
// control refuse asks for, controlled.go answers frames, controlledwake.go acts at the
// instants of schedule.go and within the limit of pace.go, and greeting.go makes the first
// message. handshake.go starts it; no other file knows of them.
package wsconn
