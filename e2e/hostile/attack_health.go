//go:build linux

package main

import (
	"io"
	"strings"
)

// Attacks on HEALTH_PORT, which anyone can reach unless the network prevents it.
var healthAttacks = []attack{
	{
		name: "health: unread lists", about: "GETs of /connections with 1,500 WebSockets, without reading the answer",
		full: 1000, short: 200, run: unreadLists,
	},
	{
		name: "health: lists", about: "GETs of /connections as HTML, with 1,500 WebSockets",
		full: 12, short: 8, run: listFlood,
	},
	{
		name: "health: slow heads", about: "the head of a request, without its last byte",
		full: 2000, short: 100, run: slowHealthHeads,
	},
	{
		name: "health: many lists", about: "HEADs of /connections by 900 clients, with 1,500 WebSockets",
		full: 900, short: 200, run: manyLists,
	},
	{
		name: "health: drips", about: "POSTs to /healthz on PORT that are answered, and then send a byte every 300 ms",
		full: 320, short: 320, run: drippingHealthChecks,
	},
	{
		name: "health: bodies withheld", about: "health checks on PORT without the body that they announce, again as soon as they are answered",
		full: 300, short: 300, files: 1024, alone: true, run: withheldHealthChecks,
	},
	{
		name: "health: Accept", about: "GETs with 120 KB of commas in Accept",
		full: 20, short: 8, run: healthAccepts,
	},
}

var (
	healthPort     = socketOptions{health: true}
	deafHealthPort = socketOptions{health: true, receiveBuffer: deaf.receiveBuffer}
)

// listed is how many WebSockets a list has.
const listed = 1500

func unreadLists(s *siege, n int) error {
	s.crowdWS(listed, "/"+strings.Repeat("x", 120), nil, func(*ws, int) {})
	request := []byte("GET /connections?limit=10000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
	s.crowd(n, func() (*ws, error) { return s.raw(deafHealthPort) }, func(w *ws, _ int) { w.Write(request) })
	s.hold()
	return nil
}

func slowHealthHeads(s *siege, n int) error {
	head := []byte("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 60_000))
	s.crowd(n, func() (*ws, error) { return s.raw(healthPort) }, func(w *ws, _ int) { w.Write(head) })
	s.hold()
	return nil
}

func healthAccepts(s *siege, n int) error {
	return healthFlood(s, n, []byte("GET /connections HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"+acceptCommas+"\r\n"))
}

func listFlood(s *siege, n int) error {
	s.crowdWS(listed, "/"+strings.Repeat("x", 120), nil, func(*ws, int) {})
	return healthFlood(s, n, []byte("GET /connections?limit=10000 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: text/html\r\n\r\n"))
}

// healthFlood sends a request again and again, and reads what comes.
func healthFlood(s *siege, n int, request []byte) error {
	s.workers(n, func(_, _ int) {
		w, err := s.raw(healthPort)
		if err != nil {
			return
		}
		defer s.drop(w)
		w.Write(request)
		discard(w)
	})
	return nil
}

func manyLists(s *siege, n int) error {
	s.crowdWS(listed, "/listed", nil, func(*ws, int) {})
	return healthFlood(s, n, []byte("HEAD /connections?sort=-messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
}

// drippingHealthChecks has more health checks on PORT than there are places for requests.
func drippingHealthChecks(s *siege, n int) error {
	head := []byte("POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n")
	s.workers(n, func(_, _ int) {
		w, err := s.connect(socketOptions{})
		if err != nil {
			return
		}
		defer s.drop(w)
		w.Write(head)
		go discard(w)
		s.drip(w, make([]byte, 100))
	})
	return nil
}

// withheldHeads are heads of health checks with bodies that do not follow. net/http would wait for these
// bodies, but not for the last one: it reads at most 256 KiB, and then waits for half a second.
var withheldHeads = []string{
	"POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n",
	"GET /readyz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
	"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n",
	"PUT /healthz HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 200000\r\n\r\n",
	"POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n",
}

// withheldHealthChecks has peers that begin a health check as soon as they have the answer to the last
// one. Half of them keep the connection for a while, so that all places are taken.
func withheldHealthChecks(s *siege, n int) error {
	s.workers(n, func(worker, _ int) {
		w, err := s.connect(socketOptions{})
		if err != nil {
			return
		}
		defer s.drop(w)
		io.WriteString(w, withheldHeads[worker%len(withheldHeads)])
		discard(w)
		if worker%2 == 0 {
			s.pause(healthTimeout)
		}
	})
	return nil
}

// acceptCommas are two fields Accept, each almost as long as a field may be.
var acceptCommas = strings.Repeat("Accept: "+strings.Repeat(",", 60_000)+"\r\n", 2)
