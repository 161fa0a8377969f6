//go:build linux

package main

import (
	"bytes"
	"compress/flate"
	"math/rand/v2"
	"sync"
	"time"
)

// Compressed messages that are much larger inflated, or make the server keep much.
var bombAttacks = []attack{
	{
		name: "bombs", about: "compressed messages of 100 MiB of zeros: past MAX_MESSAGE_SIZE, so 1009",
		full: 20, short: 4, run: bombs,
	},
	{
		name: "bombs below the limit", about: "compressed messages of 60 MiB of zeros, without end",
		full: 20, short: 4, run: bombsBelow,
	},
	{
		name: "takeover windows", about: "connections that make the server keep a window of 32 KiB each",
		full: 5000, short: 100, env: []string{"COMPRESSION=takeover"}, run: windows,
	},
	{
		name: "broken takeover", about: "messages that refer to a window, and end with an error: 1007",
		full: 20, short: 4, env: []string{"COMPRESSION=takeover"}, run: brokenTakeover,
	},
	{
		name: "messages past MAX_MESSAGE_SIZE", about: "a message of 2 KiB where 1 KiB is allowed: 1009",
		full: 20, short: 4, env: []string{"MAX_MESSAGE_SIZE=1KiB"}, alone: true, run: tooLarge,
	},
}

// zeros returns a compressed message of n MiB of zeros.
func zeros(n int) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		panic(err) // the level is a constant
	}
	for range n {
		w.Write(make([]byte, 1<<20))
	}
	w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte{0, 0, 0xff, 0xff})
}

// These take half a second to compress, so they are made only where they are needed.
var (
	bomb      = sync.OnceValue(func() []byte { return frame(fin|rsv1|opBinary, zeros(100)) })
	smallBomb = sync.OnceValue(func() []byte { return frame(fin|rsv1|opBinary, zeros(60)) })
)

// expectClose writes p on a new WebSocket, and reads until the close frame, which must
// have the code.
func (s *siege) expectClose(p []byte, code uint16) {
	w, err := s.upgrade(socketOptions{}, "/close", offerDeflate)
	if err != nil {
		return
	}
	defer s.drop(w)
	w.SetDeadline(time.Now().Add(answerTimeout))
	go w.Write(p)
	for {
		got, err := w.next()
		if err != nil {
			s.fail("no close frame with %d: %v", code, err)
			return
		}
		if got.first == fin|opClose {
			if got.closeCode() != code {
				s.fail("close code %d %s, want %d", got.closeCode(), got.payload[min(2, len(got.payload)):], code)
			}
			return
		}
	}
}

func bombs(s *siege, n int) error {
	bomb()
	s.workers(n, func(_, _ int) { s.expectClose(bomb(), 1009) })
	return s.err()
}

func bombsBelow(s *siege, n int) error {
	s.crowdWS(n, "/bomb", compressed, func(w *ws, _ int) { flood(w, smallBomb()) })
	s.hold()
	return nil
}

func windows(s *siege, n int) error {
	noise := make([]byte, 40<<10)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	f := frame(fin|rsv1|opBinary, deflate(noise))
	s.crowdWS(n, "/window", compressed, func(w *ws, _ int) {
		go discard(w)
		w.Write(f)
	})
	s.hold()
	return nil
}

func brokenTakeover(s *siege, n int) error {
	// A block with fixed codes whose first symbol is a match of 3 bytes, 1 back: in a
	// message by itself there is nothing before it.
	broken := []byte{0x02, 0x02, 0x00}
	first := frame(fin|rsv1|opBinary, deflate(make([]byte, 40<<10)))
	p := append(first, frame(fin|rsv1|opText, append(broken, 0xff, 0xff, 0xff))...)
	s.workers(n, func(_, _ int) { s.expectClose(p, 1007) })
	return s.err()
}

func tooLarge(s *siege, n int) error {
	plain := frame(fin|opBinary, make([]byte, 2<<10))
	packed := frame(fin|rsv1|opBinary, deflate(make([]byte, 2<<10)))
	s.workers(n, func(_, round int) {
		p := plain
		if round%2 == 1 {
			p = packed
		}
		s.expectClose(p, 1009)
	})
	return s.err()
}
