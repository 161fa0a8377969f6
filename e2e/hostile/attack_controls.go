//go:build linux

package main

import (
	"bytes"
	"net/http"
	"strings"
	"time"
)

// Attacks with controls in the query of an upgrade.
var controlAttacks = []attack{
	controlAttack("every=10ms", "700 connections that make the server send 100 messages a second", 700, "/?every=10ms&ping=0", nil),
	controlAttack("ping=10ms", "700 connections that make the server send 100 pings a second, and do not answer", 700, "/?ping=10ms", nil),
	controlAttack("fragment=1", "messages of 64 KiB that come back in fragments of one byte", 20, "/?fragment=1", bigFrame),
	controlAttack("delay=1m", "messages that wait for a minute", 2000, "/?delay=1m", bigFrame),
	controlAttack("delay=1ms", "one-byte messages that wait for a millisecond each", 300, "/?delay=1ms", repeat(frame(fin|opText, []byte("a")), 64<<10)),
	{
		name: "control: unread every=10ms", about: "unread messages of the server, without pings",
		full: 700, short: 50, run: unreadEvery,
	},
	{
		name: "control: stall_in=0", about: "frames of 64 KiB on connections that the server does not read",
		full: 1000, short: 50, run: stalled,
	},
	{
		name: "control: close=ignore", about: "closes that the server does not answer",
		full: 100, short: 20, run: ignoredCloses,
	},
	{
		name: "control: greet=1", about: "greetings that repeat 30 KiB of header fields and are not read",
		full: 1000, short: 50, run: unreadGreetings,
	},
	{
		name: "control: long greetings", about: "upgrades with a request line and header fields of 60,000 bytes each that are not UTF-8, and a greeting",
		full: 20, short: 8, run: upgrades(upgradeHead("/"+strings.Repeat("\xff", 60_000)+"?greet=1", sampleKey, strings.Repeat("X: "+strings.Repeat("\xff", 500)+"\r\n", 110))),
	},
	{
		name: "control: greet=1&subprotocol", about: "upgrades whose response repeats 60,000 bytes of a subprotocol and 40,000 of header fields; the last byte comes alone",
		full: 20, short: 8, run: longResponses,
	},
	{
		name: "long queries", about: "upgrades with ?pong=1 and 16,000 ampersands, and then GET /connections",
		full: 1400, short: 700, run: longQueries,
	},
	{
		name: "foreign queries", about: "upgrades with 6,000 parameters that are not controls",
		full: 20, short: 8, run: withTarget("/?" + strings.Repeat("room=1234&", 6000)),
	},
	{
		name: "wrong queries", about: "upgrades with a near miss of a control: 400",
		full: 20, short: 8, run: wrongQueries,
	},
}

// controlAttack is an attack by WebSockets with a query, that read, and send f without end
// if there is one.
func controlAttack(name, about string, full int, path string, f []byte) attack {
	return attack{
		name: "control: " + name, about: about, full: full, short: min(full, 50),
		run: func(s *siege, n int) error {
			s.crowdWS(n, path, nil, func(w *ws, _ int) {
				if f != nil {
					go pour(w, f)
				}
				discard(w)
			})
			s.hold()
			return nil
		},
	}
}

func unreadEvery(s *siege, n int) error {
	s.crowdDeaf(n, "/?every=10ms&ping=0", func(*ws, int) {})
	s.hold()
	return nil
}

func stalled(s *siege, n int) error {
	s.crowdWS(n, "/?stall_in=0s&ping=0", nil, func(w *ws, _ int) { pour(w, bigFrame) })
	s.hold()
	return nil
}

func ignoredCloses(s *siege, n int) error {
	s.workers(n, func(_, _ int) {
		if w, err := s.upgrade(socketOptions{}, "/?close=ignore"); err == nil {
			w.Write(closeFrame(1000))
			s.pause(10 * time.Millisecond)
			s.leave(tcp(w.Conn))
			tcp(w.Conn).Close()
		}
	})
	return nil
}

func unreadGreetings(s *siege, n int) error {
	head := []byte(upgradeHead("/?greet=1", sampleKey, headerFields(100, 280)+"\r\n"))
	s.crowd(n, func() (*ws, error) { return s.connect(deaf) }, func(w *ws, _ int) { w.Write(head) })
	s.hold()
	return nil
}

func longResponses(s *siege, n int) error {
	target := "/?greet=1&subprotocol=" + strings.Repeat("a", 60_000)
	head := []byte(upgradeHead(target, sampleKey, headerFields(100, 400)+"\r\n"))
	return s.upgradeInParts(n, head[:len(head)-1], head[len(head)-1:])
}

func longQueries(s *siege, n int) error {
	path := "/?pong=1" + strings.Repeat("&", 16000)
	s.crowdWS(n, path, nil, func(*ws, int) {})
	client := http.Client{Timeout: answerTimeout}
	for s.ctx.Err() == nil {
		if err := get(s.ctx, &client, "http://"+s.target.health+"/connections"); err != nil {
			s.fail("GET /connections: %v", err)
		}
		s.pause(time.Second)
	}
	return s.err()
}

func wrongQueries(s *siege, n int) error {
	p := []byte(upgradeHead("/?"+string(bytes.Repeat([]byte("dellay=1s&"), 1000)), sampleKey))
	s.workers(n, func(_, _ int) { s.request(p, "400", "503") })
	return s.err()
}
