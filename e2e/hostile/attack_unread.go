//go:build linux

package main

import (
	"bytes"
	"fmt"
	"time"
)

// Peers that make the server send, and do not read.
var unreadAttacks = []attack{
	{
		name: "never reading", about: "frames of 64 KiB, without reading",
		full: 2000, short: 50, overload: true, run: neverRead,
	},
	{
		name: "reads, then never", about: "frames of 64 KiB, read only for a second, so that the kernel's buffers grow",
		full: 500, short: 100, run: readThenNever,
	},
	{
		name: "reading a byte a second", about: "frames of 64 KiB, with a byte read each second",
		full: 1000, short: 50, run: readSlowly,
	},
	{
		name: "unread pongs", about: "pings of 125 bytes, without reading the pongs",
		full: 1000, short: 50, run: unreadPongs,
	},
	{
		name: "unread responses", about: "a POST of 64 KiB, without reading the response",
		full: 2000, short: 50, run: unreadResponses,
	},
	{
		name: "unread closes", about: "frames of 64 KiB and a close frame, without reading",
		full: 1000, short: 50, run: unreadCloses,
	},
	{
		name: "resets after closes", about: "400 KB of frames and a close frame, without reading, and a reset once the server has closed",
		full: 100, short: 16, run: resetAfterClose,
	},
}

// resetAfterClose frees at once what the server expects the system to hold for longer.
func resetAfterClose(s *siege, n int) error {
	p := append(bytes.Repeat(bigFrame, 6), closeFrame(1000)...)
	s.workers(n, func(_, _ int) {
		w, err := s.upgrade(socketOptions{}, "/unread")
		if err != nil {
			s.pause(20 * time.Millisecond)
			return
		}
		w.SetDeadline(time.Now().Add(2 * time.Second))
		w.Write(p)
		s.pause(30 * time.Millisecond)
		tcp(w.Conn).CloseWrite()
		s.pause(30 * time.Millisecond)
		s.drop(w)
	})
	return nil
}

// deaf has a receive buffer as small as Linux allows.
var deaf = socketOptions{receiveBuffer: 2 << 10}

// crowdDeaf opens n WebSockets with small receive buffers.
func (s *siege) crowdDeaf(n int, path string, act func(w *ws, i int)) {
	s.crowd(n, func() (*ws, error) { return s.upgrade(deaf, path) }, act)
}

var bigFrame = frame(fin|opBinary, make([]byte, 1<<16-1))

func neverRead(s *siege, n int) error {
	s.crowdDeaf(n, "/unread", func(w *ws, _ int) { pour(w, bigFrame) })
	s.hold()
	return nil
}

func readThenNever(s *siege, n int) error {
	s.crowdWS(n, "/unread", nil, func(w *ws, _ int) {
		go func() {
			w.SetReadDeadline(time.Now().Add(time.Second))
			discard(w)
		}()
		pour(w, bigFrame)
	})
	s.hold()
	return nil
}

func readSlowly(s *siege, n int) error {
	s.crowdDeaf(n, "/unread", func(w *ws, _ int) {
		go pour(w, bigFrame)
		var b [1]byte
		for s.pause(time.Second) {
			// Not through the buffer, which would read more.
			if _, err := w.Conn.Read(b[:]); err != nil {
				return
			}
		}
	})
	s.hold()
	return nil
}

func unreadPongs(s *siege, n int) error {
	pings := repeat(frame(fin|opPing, bytes.Repeat([]byte("p"), 125)), 32<<10)
	s.crowdDeaf(n, "/unread", func(w *ws, _ int) { pour(w, pings) })
	s.hold()
	return nil
}

func unreadResponses(s *siege, n int) error {
	request := fmt.Appendf(nil, "POST /unread HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", 1<<16)
	request = append(request, bytes.Repeat([]byte{0xff}, 1<<16)...) // not UTF-8: the response has it in base64
	s.crowd(n, func() (*ws, error) { return s.connect(deaf) }, func(w *ws, _ int) { w.Write(request) })
	s.hold()
	return nil
}

func unreadCloses(s *siege, n int) error {
	s.crowdDeaf(n, "/unread", func(w *ws, _ int) {
		for range 8 {
			w.SetWriteDeadline(time.Now().Add(2 * time.Second))
			if _, err := w.Write(bigFrame); err != nil {
				return
			}
		}
		w.Write(closeFrame(1000))
		tcp(w.Conn).CloseWrite()
	})
	s.hold()
	return nil
}
