// Package probe tests a WebSocket echo server, and the network path to it, from the client's
// side. It uses a WebSocket library that shares no code with internal/wsproto, so that a
// mistake there cannot hide here.
//
// A [Target] is the server and how to reach it. Five functions take one:
//
//   - [Run] runs every check once: the handshake (handshake.go), how it arrived (arrival.go),
//     echo fidelity (fidelity.go), pings (ping.go), compression (compression.go), closing
//     handshakes (closing.go) and protocol violations (invalid.go).
//   - [Wait] waits until a message comes back.
//   - [Idle] measures when an idle connection is cut. timers.go maps that time to the proxies
//     that have it as their default.
//   - [Watch] keeps a connection open and emits an event for every change. An [Exporter] does
//     the same and counts for Prometheus.
//   - [Load] sends a bounded number of messages and measures the latency of their echoes.
//
// Their results are a [Check] each, or an [Event] for Watch. [Report] writes them as text or
// as JSON.
//
// A failed check may have a [Diagnosis]: the likely cause, and the fix. For a handshake,
// diagnosis.go begins with the answer; refused.go reads a refusal, proxy.go recognizes the
// proxy that made it, and followup.go tries other protocols on the port. later.go is for
// handshakes that fail only after others have succeeded. fixes.go has the fix for each proxy.
//
// A session (session.go) is one WebSocket connection. A wire (wire.go) is the TCP or TLS
// connection below it, which shows what the library hides. controls.go uses the echosvc
// controls, which other servers do not have.
//
// The package takes the time from package time. Its tests run in testing/synctest bubbles.
package probe
