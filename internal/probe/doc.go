// Package probe looks at a WebSocket echo server, and at the path to it, from outside: with
// a client library that is not ours, so that a mistake of internal/wsproto cannot hide here.
//
// [Target] says where and how to connect. There are four things to do with one:
//
//   - [Run] does each check once: handshake (handshake.go), what comes back (fidelity.go),
//     pings (ping.go), compression (compression.go), closing handshakes (closing.go) and what
//     is done about breaches of the protocol (invalid.go).
//   - [Idle] finds the time after which a silent connection is cut; timers.go knows whose default it may be.
//   - [Watch] stays connected, and tells of every change.
//   - [Load] sends a number of messages and measures how long their echoes take.
//
// Their results are a [Check] each, or an [Event] for Watch, which [Report] writes for people or for machines.
//
// session.go is a connection, and wire.go what lies beneath it, which the library would
// hide. controls.go asks an echosvc for what other servers do not have.
//
// The package sleeps and measures with package time: its tests run in testing/synctest.
package probe
