//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"io"
	"slices"
	"strings"
	"time"
)

// Clients of TLS that make it keep much. Without TLS, the first is garbage and the others are idle.
var tlsAttacks = []attack{
	{
		name: "TLS: long hellos", about: "a ClientHello of 15 KB with 7,000 protocols, and nothing more",
		full: 1500, short: 200, run: longHellos,
	},
	{
		name: "TLS: slow groups", about: "the same ClientHellos again and again, with the groups that cost a server most",
		full: 300, short: 50, run: replayedHellos,
	},
	{
		name: "TLS: long hellos, then idle", about: "silent WebSockets whose ClientHello had 15 KB",
		full: 3000, short: 100, overload: true, alone: true, run: idleAfterLongHellos,
	},
	{
		name: "TLS: large records, then idle", about: "WebSockets that are silent after 256 KiB",
		full: 5000, short: 100, overload: true, alone: true, run: idleAfterLargeRecords,
	},
}

// protocols returns names for ALPN (RFC 7301) of a length, 14 KiB of them in a ClientHello.
func protocols(length int) []string {
	return append(slices.Repeat([]string{strings.Repeat("x", length)}, 14<<10/(1+length)), "http/1.1")
}

func longHellos(s *siege, n int) error {
	hello := helloOf(&tls.Config{ServerName: "localhost", NextProtos: protocols(1)})
	s.crowd(n, func() (*ws, error) { return s.raw(socketOptions{}) }, func(w *ws, _ int) { w.Write(hello) })
	s.hold()
	return nil
}

func replayedHellos(s *siege, n int) error {
	var hellos [][]byte
	for _, group := range []tls.CurveID{tls.CurveP521, tls.SecP384r1MLKEM1024, tls.CurveP384} {
		hellos = append(hellos, helloOf(&tls.Config{ServerName: "localhost", CurvePreferences: []tls.CurveID{group}}))
	}
	s.workers(n, func(worker, _ int) {
		w, err := s.raw(socketOptions{})
		if err != nil {
			return
		}
		defer s.drop(w)
		w.SetDeadline(time.Now().Add(answerTimeout))
		w.Write(hellos[worker%len(hellos)])
		io.ReadFull(w, make([]byte, 1)) // the handshake is worked on, or refused
	})
	return nil
}

func idleAfterLongHellos(s *siege, n int) error {
	s.crowd(n, func() (*ws, error) {
		w, err := s.raw(socketOptions{})
		if err != nil {
			return nil, err
		}
		if s.target.tls != nil {
			ctx, cancel := context.WithTimeout(s.ctx, answerTimeout)
			defer cancel()
			config := s.target.tls.Clone()
			config.NextProtos, config.MaxVersion = protocols(100), tls.VersionTLS12 // which keeps more
			c := tls.Client(w.Conn, config)
			if err := c.HandshakeContext(ctx); err != nil {
				s.drop(w)
				return nil, err
			}
			w = newWS(c)
		}
		w.SetDeadline(time.Now().Add(answerTimeout))
		if err := w.upgrade("/idle"); err != nil {
			s.drop(w)
			return nil, err
		}
		return w, w.SetDeadline(time.Time{})
	}, func(*ws, int) {})
	s.hold()
	return nil
}

// idleAfterLargeRecords sends more than crypto/tls sends in small records.
func idleAfterLargeRecords(s *siege, n int) error {
	s.crowdWS(n, "/idle", nil, func(w *ws, _ int) {
		go discard(w)
		for range 4 {
			if _, err := w.Write(bigFrame); err != nil {
				return
			}
		}
	})
	s.hold()
	return nil
}
