// Package service is the product: a WebSocket echo server with health endpoints
// and a graceful end.
//
// [New] takes the configuration, which internal/config reads. [Service.Run] listens, serves, drains and
// returns. Between them:
//
//   - conn.go is the life of a connection: request head, echo, closing, closed. It has no I/O
//     and no clock. It is a [socket.Handler]: given bytes and the time, it gives
//     back bytes to write and when it wants to be woken. What it says on the wire
//     is internal/wsproto's; how bytes get there is internal/socket's.
//   - timers.go decides when a connection acts by itself: keep-alive pings, all time-outs, the drain.
//   - live.go counts the live connections, and admits and refuses new ones.
//   - drain.go is the end of the process.
//   - metrics.go has the figures of /metrics; health.go has /healthz, /readyz and /connections; plainhttp.go is for requests on
//     the WebSocket port that are not for a WebSocket, and httpecho.go answers most of them with
//     what arrived, of which mirror.go has what a greeting tells too.
//   - controls.go reads what the query of an upgrade asks of its connection: controls_answer.go is
//     what that does to answers, controls_wake.go what it does in time, greeting.go the first message.
//   - driver.go chooses how sockets are served; tls.go is for wss.
//   - log.go makes the logger, which logwriter.go keeps from waiting.
package service
