//go:build linux

// Command hostile runs a table of attacks against the echosvc binary, over TCP and TLS on the
// loopback interface, while a fleet of good clients uses it.
//
//	go run ./hostile                           # every attack, on every driver
//	go run ./hostile -attack 'ping|offers' -driver loop
//	go run ./hostile -list
//	go run ./hostile -soak 10m                 # a mix of all of them
//
// Each attack has its own server and four phases:
//
//	quiet    the good clients alone: the baseline
//	attack   the hostile peers as well, and newcomers: new WebSockets and health checks
//	settle   the hostile peers are gone: what they took has to come back
//	drain    SIGTERM: every good client has to read the close code 1001
//
// A run fails if an echo is lost or altered, a close frame is missing, a newcomer is not
// served, a figure does not return to the baseline, or memory is over a limit. It prints a
// Markdown table for each driver. The exit status is 1 if an attack failed.
//
// The program uses only the wire, the variables and the metrics of the service, and imports
// nothing from it. It needs Linux, because it measures the server with /proc and sock_diag.
//
// Every attack is bounded in count and time, and talks to 127.0.0.1 only, from
// 127.0.0.2 and up.
package main
