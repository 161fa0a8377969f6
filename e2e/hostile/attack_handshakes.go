//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Connections that come and go, and request heads that take long to read.
var handshakeAttacks = []attack{
	{
		name: "connects", about: "TCP connections that are reset at once",
		full: 20, short: 8, run: connects,
	},
	{
		name: "handshakes", about: "WebSockets that are closed or reset after the handshake, in turn",
		full: 20, short: 8, run: handshakes,
	},
	{
		name: "refused handshakes", about: "upgrades with a version that does not exist",
		full: 20, short: 8, run: refusedHandshakes,
	},
	{
		name: "offers", about: "upgrades with 16 KiB of extensions: a,a,a,...",
		full: 20, short: 8, run: withField("Sec-WebSocket-Extensions: " + strings.Repeat("a,", 8<<10-30) + "a"),
	},
	{
		name: "deflate offers", about: "upgrades with 400 offers of permessage-deflate that must be declined",
		full: 20, short: 8,
		run: withField("Sec-WebSocket-Extensions: " + strings.Repeat("permessage-deflate;unknown=1,", 400) + "a"),
	},
	{
		name: "offer parameters", about: "upgrades with an offer of 4,000 parameters",
		full: 20, short: 8, run: withField("Sec-WebSocket-Extensions: permessage-deflate" + strings.Repeat(";a=1", 4000)),
	},
	{
		name: "subprotocols", about: "upgrades with 16 KiB of subprotocols: 0,1,2,...",
		full: 20, short: 8, run: withField("Sec-WebSocket-Protocol: " + subprotocols(15<<10)),
	},
	{
		name: "long subprotocols", about: "WebSockets with a subprotocol of 60,000 bytes, which may be refused",
		full: 5000, short: 200, run: longSubprotocols,
	},
	{
		name: "origins", about: "upgrades with an Origin of 20,000 different characters, where few origins are allowed",
		full: 20, short: 8, env: []string{"ALLOWED_ORIGINS=https://example.com"}, run: withField("Origin: https://" + ideographs(20000)),
	},
	{
		name: "header fields", about: "upgrades with 120 header fields, 115 KiB in all",
		full: 20, short: 8, run: withField(headerFields(115, 1000)),
	},
	{
		name: "plain requests", about: "GETs with 16 KiB of header fields, which the response repeats",
		full: 20, short: 8, run: plainRequests,
	},
	{
		name: "plain POSTs", about: "POSTs of 64 KiB that are not UTF-8",
		full: 20, short: 8, run: plainPosts,
	},
	{
		name: "pipelining", about: "500 GETs in one write",
		full: 20, short: 8, run: pipelining,
	},
	{
		name: "pipelined upgrade", about: "an upgrade, 64 KiB of frames and a close frame in one write",
		full: 20, short: 8, run: pipelinedUpgrade,
	},
}

func connects(s *siege, n int) error {
	s.workers(n, func(_, _ int) {
		if w, err := s.raw(socketOptions{}); err == nil {
			s.drop(w)
		}
	})
	return nil
}

func handshakes(s *siege, n int) error {
	s.workers(n, func(_, round int) {
		w, err := s.upgrade(socketOptions{}, "/handshake")
		if err != nil {
			return
		}
		if round%2 == 1 {
			w.SetDeadline(time.Now().Add(answerTimeout))
			w.Write(closeFrame(1000))
			if got, err := w.next(); err != nil || got.closeCode() != 1000 {
				s.fail("a close frame with 1000 was answered with %x %q (%v)", got.first, got.payload, err)
			}
		}
		s.drop(w)
	})
	return s.err()
}

// request opens a connection, writes p and reads what comes to its end. Only a response
// without a status, or with one that is not wanted, is a failure.
func (s *siege) request(p []byte, wanted ...string) {
	w, err := s.connect(socketOptions{})
	if err != nil {
		return
	}
	defer s.drop(w)
	w.SetDeadline(time.Now().Add(answerTimeout))
	// A server that refuses may end before it has read everything.
	_, writeErr := w.Write(p)
	status, _, err := w.readHead()
	if err != nil {
		if writeErr == nil && s.ctx.Err() == nil {
			s.fail("no response: %v", err)
		}
		return
	}
	io.Copy(io.Discard, w.r)
	for _, code := range wanted {
		if strings.HasPrefix(status, "HTTP/1.1 "+code+" ") {
			return
		}
	}
	s.fail("the response is %q, want %s", status, strings.Join(wanted, " or "))
}

func refusedHandshakes(s *siege, n int) error {
	p := []byte(strings.Replace(upgradeHead("/refused", sampleKey), "Version: 13", "Version: 99", 1))
	s.workers(n, func(_, _ int) { s.request(p, "426", "400", "503") })
	return s.err()
}

// withField is an attack by upgrades with a header field that takes long to read.
func withField(field string) func(*siege, int) error {
	return upgrades(upgradeHead("/field", sampleKey, field+"\r\n"))
}

// withTarget is an attack by upgrades with a target that takes long to read.
func withTarget(target string) func(*siege, int) error {
	return upgrades(upgradeHead(target, sampleKey))
}

// upgrades is an attack by upgrades with a request head. The answer may be any that HTTP has:
// a server may take the head or refuse it.
func upgrades(head string) func(*siege, int) error {
	return func(s *siege, n int) error { return s.upgradeInParts(n, []byte(head)) }
}

// upgradeInParts sends request heads in parts. The server has a moment to read each.
func (s *siege) upgradeInParts(n int, parts ...[]byte) error {
	s.workers(n, func(_, _ int) {
		w, err := s.connect(socketOptions{})
		if err != nil {
			return
		}
		defer s.drop(w)
		w.SetDeadline(time.Now().Add(answerTimeout))
		for i, part := range parts {
			if i > 0 {
				s.pause(10 * time.Millisecond)
			}
			w.Write(part)
		}
		if status, _, err := w.readHead(); err != nil || !strings.HasPrefix(status, "HTTP/1.1 ") {
			s.fail("the response is %q (%v)", status, err)
		}
	})
	return s.err()
}

func longSubprotocols(s *siege, n int) error {
	field := "Sec-WebSocket-Protocol: " + strings.Repeat("a", 60_000) + "\r\n"
	s.crowdWS(n, "/", []string{field}, func(*ws, int) {})
	s.hold()
	return nil
}

// subprotocols lists numbers up to a size.
func subprotocols(size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "%d,", i)
	}
	return strings.TrimSuffix(b.String(), ",")
}

// ideographs returns n different characters of three bytes each.
func ideographs(n int) string {
	const first = 0x4e00 // of the CJK Unified Ideographs, of which there are 20,992
	var b strings.Builder
	for i := range n {
		b.WriteRune(rune(first + i))
	}
	return b.String()
}

// headerFields returns n fields of a size, without the last CRLF.
func headerFields(n, size int) string {
	fields := make([]string, n)
	for i := range fields {
		fields[i] = fmt.Sprintf("X-Field-%d: %s", i, strings.Repeat("v", size))
	}
	return strings.Join(fields, "\r\n")
}

func plainRequests(s *siege, n int) error {
	p := []byte("GET /plain?q=1 HTTP/1.1\r\nHost: localhost\r\n" + headerFields(100, 150) + "\r\n\r\n")
	s.workers(n, func(_, _ int) { s.request(p, "200", "503") })
	return s.err()
}

func plainPosts(s *siege, n int) error {
	p := append([]byte("POST /plain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65536\r\n\r\n"), bytes.Repeat([]byte{0xff}, 1<<16)...)
	s.workers(n, func(_, _ int) { s.request(p, "200", "503") })
	return s.err()
}

func pipelining(s *siege, n int) error {
	p := bytes.Repeat([]byte("GET /pipelined HTTP/1.1\r\nHost: localhost\r\n\r\n"), 500)
	s.workers(n, func(_, _ int) { s.request(p, "200", "503") })
	return s.err()
}

func pipelinedUpgrade(s *siege, n int) error {
	p := []byte(upgradeHead("/pipelined", sampleKey))
	p = append(p, repeat(frame(fin|opText, []byte("pipelined")), 64<<10)...)
	p = append(p, closeFrame(1000)...)
	s.workers(n, func(_, _ int) {
		w, err := s.connect(socketOptions{})
		if err != nil {
			return
		}
		defer s.drop(w)
		w.SetDeadline(time.Now().Add(answerTimeout))
		go w.Write(p)
		status, _, err := w.readHead()
		if strings.HasPrefix(status, fmt.Sprintf("HTTP/1.1 %d ", http.StatusServiceUnavailable)) {
			return
		}
		if err != nil {
			s.fail("no response to a pipelined upgrade: %v", err)
			return
		}
		for {
			got, err := w.next()
			switch {
			case err != nil:
				s.fail("a pipelined upgrade ended without a close frame: %v", err)
				return
			case got.first == fin|opClose && got.closeCode() == 1000:
				return
			case got.first != fin|opText || string(got.payload) != "pipelined":
				s.fail("a pipelined message came back as %x %q", got.first, got.payload)
				return
			}
		}
	})
	return s.err()
}
