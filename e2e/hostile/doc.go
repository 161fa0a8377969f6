//go:build linux

// Command hostile runs a table of attacks against the echosvc binary, over TCP and TLS
// on the loopback interface, each beside a fleet of good clients.
//
//	go run ./hostile                           # every attack, on every driver
//	go run ./hostile -attack 'ping|offers' -driver loop
//	go run ./hostile -list
//	go run ./hostile -soak 10m                 # a mix of all of them
//
// Each attack has a server of its own and four phases:
//
//	quiet    the good clients alone: the base line
//	attack   the hostile peers as well, and newcomers: new WebSockets and health checks
//	settle   the hostile peers are gone: what they took has to come back
//	drain    SIGTERM: every good client has to read the close code 1001
//
// A run fails on an echo that is lost or altered, a missing close frame, a newcomer that
// is not served, something that does not come back, or memory over a limit. It prints a
// Markdown table for each driver; the exit status is 1 if an attack failed.
//
// The program knows the service by its wire, its variables and its metrics only, and
// imports nothing from it. It needs Linux: /proc and sock_diag tell what the server holds.
//
// Every attack is bounded in count and time, and talks to 127.0.0.1 only, from
// 127.0.0.2 and up.
package main
