//go:build linux

package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// Peers that speak something else, or break the protocol. The server has to end each of
// them, and a WebSocket with the close code of the RFC.
var garbageAttacks = []attack{
	{
		name: "garbage", about: "random bytes instead of a request",
		full: 50, short: 8, run: garbage,
	},
	{
		name: "HTTP/2 preface", about: "the start of HTTP/2 with prior knowledge",
		full: 50, short: 8, run: http2Preface,
	},
	{
		name: "wrong layer", about: "TLS to a plain port, and plain HTTP to a TLS port",
		full: 50, short: 8, run: wrongLayer,
	},
	{
		name: "odd requests", about: "requests that HTTP does not allow: NUL, bare LF, two lengths, folded fields",
		full: 20, short: 8, run: oddRequests,
	},
	{
		name: "violations", about: "frames that RFC 6455 does not allow: each has its close code",
		full: 20, short: 8, run: violations,
	},
	{
		name: "violations and a flood", about: "a violation, and then frames without end",
		full: 100, short: 16, run: violationsAndFlood,
	},
}

// sendAndAwaitEnd opens a connection, writes p, and fails if the server does not end the
// connection.
func (s *siege) sendAndAwaitEnd(open func() (*ws, error), p []byte) {
	w, err := open()
	if err != nil {
		return
	}
	defer s.drop(w)
	go func() {
		w.Write(p)
		// A server that waits for the rest of a head must see that there is none.
		tcp(w.Conn).CloseWrite()
	}()
	w.SetReadDeadline(time.Now().Add(answerTimeout))
	if _, err := io.Copy(io.Discard, w.r); errors.Is(err, os.ErrDeadlineExceeded) {
		s.fail("%v after %.40q, the server has not ended the connection", answerTimeout, p)
	}
}

func (s *siege) connectPlain() (*ws, error) { return s.connect(socketOptions{}) }

func (s *siege) connectRaw() (*ws, error) { return s.raw(socketOptions{}) }

func garbage(s *siege, n int) error {
	s.workers(n, func(worker, round int) {
		random := rand.New(rand.NewPCG(uint64(worker), uint64(round)))
		p := make([]byte, 1+random.IntN(40<<10))
		for i := range p {
			p[i] = byte(random.Uint32())
		}
		open := s.connectPlain
		if round%2 == 1 {
			open = s.connectRaw
		}
		s.sendAndAwaitEnd(open, p)
	})
	return s.err()
}

func http2Preface(s *siege, n int) error {
	p := slices.Concat(
		[]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
		[]byte{0, 0, 0, 4, 0, 0, 0, 0, 0},                                            // SETTINGS, RFC 9113 section 6.5
		bytes.Repeat([]byte{0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8}, 100), // PING
	)
	s.workers(n, func(_, _ int) { s.sendAndAwaitEnd(s.connectPlain, p) })
	return s.err()
}

func wrongLayer(s *siege, n int) error {
	p := clientHello("localhost")
	if s.target.tls != nil {
		p = []byte(upgradeHead("/plain", sampleKey))
	}
	s.workers(n, func(_, _ int) { s.sendAndAwaitEnd(s.connectRaw, p) })
	return s.err()
}

// clientHello returns the first message of a TLS handshake.
func clientHello(name string) []byte { return helloOf(&tls.Config{ServerName: name}) }

// helloOf is clientHello with a configuration. The message must fit into one record.
func helloOf(config *tls.Config) []byte {
	client, server := net.Pipe()
	go func() {
		tls.Client(client, config).Handshake()
		client.Close()
	}()
	defer server.Close()
	p := make([]byte, 16<<10)
	n, err := server.Read(p)
	if err != nil {
		panic(err) // a pipe in memory
	}
	return p[:n]
}

func oddRequests(s *siege, n int) error {
	head := upgradeHead("/odd", sampleKey)
	odd := []string{
		"GET / HTTP/1.1\r\nHost: a\x00b\r\n\r\n",
		strings.ReplaceAll(head, "\r\n", "\n"),
		strings.ReplaceAll(head, "\r\n", "\r"),
		"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n folded\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\nGET /",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
		"GET  /  HTTP/1.1\r\n\r\n",
		"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
		strings.Replace(head, "GET", "POST", 1),
		strings.Replace(head, sampleKey, "c2hvcnQ=", 1),
		strings.Replace(head, "Host: localhost", "Host: a\r\nHost: b", 1),
		"\r\n\r\n\r\n\r\n" + head,
		"GET /" + strings.Repeat("a", 64<<10) + " HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.1\r\n" + strings.Repeat("A: b\r\n", 10000) + "\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("a", 64<<10) + "\r\n\r\n",
	}
	s.workers(n, func(_, round int) { s.sendAndAwaitEnd(s.connectPlain, []byte(odd[round%len(odd)])) })
	return s.err()
}

// A violation is a breach of a rule, and the close code that must come back.
type violation struct {
	bytes []byte
	code  uint16
}

var violationTable = []violation{
	{[]byte{fin | opText, 0x05, 'h', 'e', 'l', 'l', 'o'}, 1002},                                     // not masked, section 5.1
	{frame(fin|0x3, nil), 1002},                                                                     // an opcode that does not exist, section 5.2
	{frame(fin|0x20|opText, []byte("a")), 1002},                                                     // RSV2
	{frame(fin|rsv1|opText, []byte("a")), 1002},                                                     // RSV1 without an extension
	{frame(fin|opContinuation, nil), 1002},                                                          // no message to continue, section 5.4
	{append(frame(opText, nil), frame(fin|opText, nil)...), 1002},                                   // a message within a message
	{frame(opPing, nil), 1002},                                                                      // a control frame in fragments, section 5.5
	{frame(fin|opPing, make([]byte, 126)), 1002},                                                    // a control frame of 126 bytes
	{append([]byte{fin | opBinary, 0x80 | 127, 0x80, 0, 0, 0, 0, 0, 0, 0}, maskingKey[:]...), 1002}, // a length of 2^63
	{append([]byte{fin | opBinary, 0x80 | 126, 0, 1}, append(maskingKey[:], 0)...), 1002},           // a length that is not minimal
	{frame(fin|opText, []byte{0xff}), 1007},                                                         // not UTF-8, section 8.1
	{append(claim(fin|opText, 1<<20), 0xc0^maskingKey[0], 0xaf^maskingKey[1]), 1007},                // not UTF-8, and not finished
	{frame(fin|opClose, []byte{3}), 1002},                                                           // a code of one byte, section 5.5.1
	{closeFrame(999), 1002},                                                                         // a code that may not be sent, section 7.4
	{closeFrame(1005), 1002},                                                                        // reserved
	{frame(fin|opClose, append([]byte{0x03, 0xe8}, 0xff)), 1007},                                    // a reason that is not UTF-8
}

// violate sends a violation on a new WebSocket, and then p, and reads until the close
// frame.
func (s *siege) violate(v violation, p []byte) {
	w, err := s.upgrade(socketOptions{}, "/violation")
	if err != nil {
		return
	}
	defer s.drop(w)
	w.SetDeadline(time.Now().Add(answerTimeout))
	go func() {
		w.Write(v.bytes)
		if p != nil {
			pour(w, p)
		}
	}()
	for {
		got, err := w.next()
		switch {
		case err != nil:
			s.fail("no close frame after % x: %v", v.bytes[:min(len(v.bytes), 16)], err)
			return
		case got.first == fin|opClose && got.closeCode() == v.code:
			return
		case got.first == fin|opClose:
			s.fail("close code %d after % x, want %d", got.closeCode(), v.bytes[:min(len(v.bytes), 16)], v.code)
			return
		}
	}
}

func violations(s *siege, n int) error {
	s.workers(n, func(worker, round int) { s.violate(violationTable[(worker+round)%len(violationTable)], nil) })
	return s.err()
}

func violationsAndFlood(s *siege, n int) error {
	p := repeat(frame(fin|opText, []byte("a")), 64<<10)
	var all sync.WaitGroup
	s.ready()
	for i := range n {
		all.Go(func() { s.violate(violationTable[i%len(violationTable)], p) })
	}
	all.Wait()
	return s.err()
}
