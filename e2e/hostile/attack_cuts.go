//go:build linux

package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"sync"
	"time"
)

// Connections that end at every byte.
var cutAttacks = []attack{
	{
		name: "cuts in a handshake", about: "FIN, RST and a half-close after every byte of an upgrade",
		full: 10, short: 1, run: cutHandshakes,
	},
	{
		name: "cuts in frames", about: "FIN, RST and a half-close after every byte of frames of each kind",
		full: 10, short: 1, run: cutFrames,
	},
	{
		name: "cuts in TLS", about: "FIN, RST and a half-close after every byte of a ClientHello",
		full: 10, short: 1, run: cutHellos,
	},
}

// The ways in which a connection ends.
const (
	endFIN = iota
	endRST
	endHalf // the client reads on, until the server ends it
	endings
)

const cutWorkers = 16

// cut ends n connections after every byte of p, in each way. open prepares a connection.
func (s *siege) cut(n int, open func() (*ws, error), p []byte) {
	type job struct{ at, ending int }
	jobs := make(chan job)
	var all sync.WaitGroup
	for range cutWorkers {
		all.Go(func() {
			for j := range jobs {
				if w, err := open(); err == nil {
					s.cutAt(w, p[:j.at], j.ending)
				}
			}
		})
	}
	for range n {
		for at := range len(p) {
			for ending := range endings {
				select {
				case jobs <- job{at, ending}:
				case <-s.ctx.Done():
				}
			}
		}
	}
	close(jobs)
	all.Wait()
}

func (s *siege) cutAt(w *ws, p []byte, ending int) {
	w.Write(p)
	switch ending {
	case endFIN:
		s.leave(tcp(w.Conn))
		tcp(w.Conn).Close()
	case endRST:
		s.drop(w)
	case endHalf:
		defer s.drop(w)
		tcp(w.Conn).CloseWrite()
		w.SetReadDeadline(time.Now().Add(answerTimeout))
		if _, err := io.Copy(io.Discard, w.r); errors.Is(err, os.ErrDeadlineExceeded) {
			s.fail("%v after a half-close after %d bytes, the server has not ended the connection", answerTimeout, len(p))
		}
	}
}

func cutHandshakes(s *siege, n int) error {
	s.ready()
	s.cut(n, func() (*ws, error) { return s.connect(socketOptions{}) }, []byte(upgradeHead("/cut", sampleKey, offerDeflate)))
	return s.err()
}

func cutFrames(s *siege, n int) error {
	s.ready()
	p := slices.Concat(
		frame(fin|opText, []byte("hello")),
		frame(opText, []byte("fragment")),
		frame(fin|opPing, []byte("ping")),
		frame(fin|opContinuation, bytes.Repeat([]byte("."), 126)), // a length of 16 bits
		frame(fin|rsv1|opText, deflate([]byte("compressed, compressed, compressed"))),
		closeFrame(1000),
	)
	s.cut(n, func() (*ws, error) { return s.upgrade(socketOptions{}, "/cut", offerDeflate) }, p)
	return s.err()
}

// cutHellos cuts TLS itself; without TLS the bytes are garbage to the server.
func cutHellos(s *siege, n int) error {
	s.ready()
	s.cut(n, func() (*ws, error) { return s.raw(socketOptions{}) }, clientHello("localhost"))
	return s.err()
}
