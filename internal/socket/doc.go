// Package socket brings bytes to connections and takes bytes from them. It knows
// TCP and nothing about WebSocket.
//
// A [Handler] is the life of one connection, without I/O: it is given what was
// read and the time, and gives back a [Step] that says what to write and what to
// do next. A driver does it, and decides nothing. There are two:
//
//   - [Portable] has one goroutine a connection, over net.Conn. It runs wherever Go
//     runs, and is the one for TLS (portable.go, portable_pause.go, inbox.go).
//   - Loop has a few epoll loops over raw descriptors, on Linux (loop_linux.go: the loop;
//     loop_accept_linux.go: accepting; loop_conn_linux.go: a connection, short writes too;
//     loop_timers_linux.go: who is woken when; syscall_linux.go: calls that do not wait).
//
// accept.go has what both do when accepting fails (EMFILE); pool.go lends buffers. Both are
// held to the same tests, those of package service, and each to its own here.
//
// Nothing is queued. A driver reads from a connection only when everything that it
// was told to write has gone, so a peer that does not read is not read from.
package socket
