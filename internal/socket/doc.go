// Package socket brings bytes to connections and takes bytes from them. It knows
// TCP and nothing about WebSocket.
//
// A [Handler] is the life of one connection, without I/O: it is given what was
// read and the time, and gives back a [Step] that says what to write and what to
// do next. A driver does it, and decides nothing. The one driver so far is
// [Portable], one goroutine a connection over net.Conn; it runs wherever Go runs.
//
// Nothing is queued. A driver reads from a connection only when everything that it
// was told to write has gone, so a peer that does not read is not read from.
package socket
