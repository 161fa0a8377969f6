//go:build linux

package main

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Peers that begin something and do not finish it, so the server waits and keeps what has
// arrived.
var slowAttacks = []attack{
	{
		name: "silent connections", about: "more silent TCP connections than the server may open files",
		full: 1150, short: 1050, files: 1024, alone: true, run: silent,
	},
	{
		name: "slow heads", about: "the head of an upgrade, a byte at a time",
		full: 2000, short: 100, run: slowHeads,
	},
	{
		name: "long heads", about: "the head of an upgrade with 100 KiB of header fields, without its last byte",
		full: 2000, short: 100, run: longHeads,
	},
	{
		name: "slow TLS", about: "the first half of a TLS record, and then a byte at a time",
		full: 2000, short: 100, run: slowTLS,
	},
	{
		name: "slow frames", about: "a frame of 64 KiB, a byte at a time",
		full: 2000, short: 100, run: slowFrames,
	},
	{
		name: "partial frames", about: "a frame of 64 KiB that stops a byte short",
		full: 5000, short: 100, run: partialFrames,
	},
	{
		name: "partial messages", about: "a first fragment of 4 KiB, and no second",
		full: 5000, short: 100, run: partialMessages,
	},
	{
		name: "partial compressed messages", about: "a compressed message that stops after 61 bytes",
		full: 2000, short: 100, run: partialCompressed,
	},
	{
		name: "partial POSTs", about: "a POST of 64 KiB that stops a byte short",
		full: 5000, short: 600, run: partialPosts,
	},
	{
		name: "partial frames, and a byte now and then", about: "20,000 bytes of a frame, and one more every 2 s; new WebSockets must still be accepted",
		full: 2500, short: 100, least: 18 * time.Second, overload: true, alone: true, run: crowdedOut,
	},
	{
		name: "promised lengths", about: "a frame header that promises 2^63-1 bytes, and 1 KiB of them",
		full: 2000, short: 100, run: promisedLengths,
	},
	{
		name: "half-open peers", about: "WebSockets whose client has ended its half, answers no ping, or is gone without a FIN",
		full: 1500, short: 90, env: []string{"PING_INTERVAL=1s", "PONG_TIMEOUT=4s"}, run: halfOpen,
	},
}

func silent(s *siege, n int) error {
	s.crowd(n, func() (*ws, error) { return s.raw(socketOptions{}) }, func(*ws, int) {})
	s.hold()
	return nil
}

const dripInterval = 300 * time.Millisecond

func slowHeads(s *siege, n int) error {
	head := []byte(upgradeHead("/slow", sampleKey))
	s.crowd(n, func() (*ws, error) { return s.connect(socketOptions{}) }, func(w *ws, _ int) {
		s.drip(w, head)
	})
	s.hold()
	return nil
}

func longHeads(s *siege, n int) error {
	head := []byte(upgradeHead("/long", sampleKey, headerFields(100, 1000)+"\r\n"))
	s.crowd(n, func() (*ws, error) { return s.connect(socketOptions{}) }, func(w *ws, _ int) {
		w.Write(head[:len(head)-10])
		s.drip(w, head[len(head)-10:len(head)-1])
	})
	s.hold()
	return nil
}

// helloStart is the beginning of a TLS record with a ClientHello (RFC 8446 section 5.1): type,
// version, a length of 512, and the start of the handshake message.
var helloStart = []byte{22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3}

func slowTLS(s *siege, n int) error {
	s.crowd(n, func() (*ws, error) { return s.raw(socketOptions{}) }, func(w *ws, _ int) {
		w.Write(helloStart)
		s.drip(w, make([]byte, 500))
	})
	s.hold()
	return nil
}

func slowFrames(s *siege, n int) error {
	header := claim(fin|opBinary, 1<<16)
	s.crowdWS(n, "/slow", nil, func(w *ws, _ int) {
		w.Write(header)
		s.drip(w, make([]byte, 1<<10))
	})
	s.hold()
	return nil
}

// stopShort opens n WebSockets that send p and then nothing.
func stopShort(s *siege, n int, fields []string, p []byte) error {
	s.crowdWS(n, "/partial", fields, func(w *ws, _ int) { w.Write(p) })
	s.hold()
	return nil
}

func partialFrames(s *siege, n int) error {
	f := frame(fin|opBinary, make([]byte, 1<<16-1))
	return stopShort(s, n, nil, f[:len(f)-1])
}

func partialMessages(s *siege, n int) error {
	return stopShort(s, n, nil, frame(opText, bytes.Repeat([]byte("a"), 4<<10)))
}

func partialCompressed(s *siege, n int) error {
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, `{"id":%d,"name":"%x"},`, i, i*i*7919)
	}
	f := frame(fin|rsv1|opText, deflate([]byte(text.String())))
	return stopShort(s, n, []string{offerDeflate}, f[:61])
}

func promisedLengths(s *siege, n int) error {
	return stopShort(s, n, nil, append(claim(fin|opBinary, 1<<63-1), make([]byte, 1<<10)...))
}

func partialPosts(s *siege, n int) error {
	request := append([]byte("POST /partial HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65536\r\n\r\n"), make([]byte, 1<<16-1)...)
	s.crowd(n, func() (*ws, error) { return s.connect(socketOptions{}) }, func(w *ws, _ int) { w.Write(request) })
	s.hold()
	return nil
}

func halfOpen(s *siege, n int) error {
	s.crowdWS(n, "/half", nil, func(w *ws, i int) {
		switch i % 3 {
		case 0:
			tcp(w.Conn).CloseWrite()
		case 1: // its kernel acknowledges the pings, but they are not answered
		case 2:
			s.vanish(w)
		}
	})
	s.hold()
	return nil
}

// vanish closes a connection without a FIN or RST, as a machine without power does. The
// next packet of the server gets a RST. It needs CAP_NET_ADMIN; without it, the peer stays.
func (s *siege) vanish(w *ws) {
	raw, err := tcp(w.Conn).SyscallConn()
	if err != nil {
		return
	}
	var repair error
	raw.Control(func(fd uintptr) {
		repair = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_REPAIR, 1)
	})
	if repair == nil {
		s.leave(tcp(w.Conn))
		tcp(w.Conn).Close()
	}
}

// crowdedOut makes the server hold so much that it refuses new WebSockets. It must accept them once
// the peers count as slow.
func crowdedOut(s *siege, n int) error {
	began := time.Now()
	go s.crowdWS(n, "/crowded", nil, func(w *ws, _ int) {
		w.Write(bigFrame[:20_000])
		for _, b := range bigFrame[20_000 : len(bigFrame)-1] {
			if _, err := w.Write([]byte{b}); err != nil || !s.pause(2*time.Second) {
				return
			}
		}
	})
	var last error
	for s.pause(500 * time.Millisecond) {
		w, err := s.upgrade(socketOptions{}, "/newcomer")
		if err == nil {
			s.drop(w)
		}
		if last = err; err == nil && time.Since(began) > slowAfter+2*time.Second {
			return nil
		}
	}
	if last != nil {
		s.fail("no new WebSocket is accepted after %v: %w", time.Since(began).Round(time.Second), last)
		return last
	}
	return nil
}
