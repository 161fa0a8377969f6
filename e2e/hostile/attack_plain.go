//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Plain requests whose answers are long, and those that never end.
var plainAttacks = []attack{
	{
		name: "plain: parameters", about: "250 GETs at a time with 30,000 parameters",
		full: 250, short: 60, run: plainFlood([]byte("GET /plain?" + strings.Repeat("a&", 30_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n")),
	},
	{
		name: "plain: Accept", about: "250 GETs at a time with 120 KB of commas in Accept",
		full: 250, short: 60, run: plainFlood([]byte("GET /plain HTTP/1.1\r\nHost: localhost\r\n" + acceptCommas + "\r\n")),
	},
	{
		name: "plain: control characters", about: "250 POSTs at a time of 64 KiB that are six times as long in JSON",
		full: 250, short: 60, run: plainFlood(append([]byte("POST /plain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65536\r\n\r\n"), bytes.Repeat([]byte{1}, 1<<16)...)),
	},
	{
		name: "plain: drip", about: "POSTs that send a byte every 700 ms; other requests must still be answered",
		full: 400, short: 300, least: 18 * time.Second, alone: true, run: drippingPosts,
	},
}

func plainFlood(p []byte) func(*siege, int) error {
	return func(s *siege, n int) error {
		s.workers(n, func(_, _ int) { s.request(p, "200", "503") })
		return s.err()
	}
}

const (
	// slowAfter is how long a peer may be slow before it makes room for others.
	slowAfter = 10 * time.Second

	// slowSlack is for a machine that stands still for seconds, and for the peers to connect.
	slowSlack = 5 * time.Second
)

// drippingPosts makes more requests than the server has places for. Another request must be
// answered once these count as slow.
func drippingPosts(s *siege, n int) error {
	head := []byte("POST /drip HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65536\r\n\r\n")
	began := time.Now()
	go s.crowd(n, func() (*ws, error) { return s.connect(socketOptions{}) }, func(w *ws, _ int) {
		w.Write(head)
		for s.pause(700 * time.Millisecond) {
			if _, err := w.Write([]byte("x")); err != nil {
				return
			}
		}
	})
	for s.pause(500 * time.Millisecond) {
		err := s.plain()
		if late := time.Since(began); err != nil && late > slowAfter+slowSlack {
			s.fail("%v after the first slow request: %w", late.Round(time.Second), err)
		}
	}
	return s.err()
}

// plain makes a plain request, and returns an error if it is not answered with 200.
func (s *siege) plain() error {
	ctx, cancel := context.WithTimeout(s.ctx, answerTimeout)
	defer cancel()
	w, err := s.target.open(ctx, socketOptions{source: goodSource})
	if err != nil {
		return err
	}
	defer reset(w.Conn)
	w.SetDeadline(time.Now().Add(answerTimeout))
	if _, err := w.Write([]byte("GET /plain HTTP/1.1\r\nHost: localhost\r\n\r\n")); err != nil {
		return err
	}
	status, _, err := w.readHead()
	if err == nil && !strings.HasPrefix(status, fmt.Sprintf("HTTP/1.1 %d ", http.StatusOK)) {
		err = refusal{status}
	}
	return err
}
