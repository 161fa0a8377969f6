//go:build linux

package main

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// A phase is a part of a run.
type phase int32

const (
	quiet phase = iota
	underAttack
	settling
	phases
)

const (
	// echoInterval is the time between two messages of a good client.
	echoInterval = 500 * time.Millisecond

	// echoTimeout is the time after which an echo is lost.
	echoTimeout = 30 * time.Second

	// closeWait is the time for the close frame to arrive after SIGTERM. It is longer
	// than DRAIN_TIMEOUT, after which the server cuts.
	closeWait = 12 * time.Second

	fleetConnectTimeout = 20 * time.Second
)

// A fleet is the good clients: each sends a small message at a fixed slow rate, and
// compares the echo with it.
type fleet struct {
	clients []*goodClient
	phase   atomic.Int32
	stop    chan struct{} // closed when no more messages are to be sent
	quiet   sync.WaitGroup
	ended   sync.WaitGroup
}

// A goodClient is one WebSocket. Every fourth sends compressed messages.
type goodClient struct {
	*ws
	id         int
	compressed bool

	roundTrips [phases][]time.Duration // by the phase in which the message was sent
	echoes     int
	err        error  // an echo that was lost or altered
	closeCode  uint16 // 0 without a close frame
}

// newFleet opens n connections.
func newFleet(ctx context.Context, t *target, n int) (*fleet, error) {
	ctx, cancel := context.WithTimeout(ctx, fleetConnectTimeout)
	defer cancel()
	f := &fleet{clients: make([]*goodClient, n), stop: make(chan struct{})}
	errs := make([]error, n)
	slots := make(chan struct{}, 32)
	var all sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		all.Go(func() {
			f.clients[i], errs[i] = newGoodClient(ctx, t, i)
			<-slots
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		f.abort()
		return nil, err
	}
	for _, c := range f.clients {
		f.quiet.Add(1)
		f.ended.Go(func() { c.run(f) })
	}
	return f, nil
}

func newGoodClient(ctx context.Context, t *target, id int) (*goodClient, error) {
	c, err := t.open(ctx, socketOptions{source: goodSource})
	if err != nil {
		return nil, err
	}
	var fields []string
	compressed := id%4 == 3
	if compressed {
		fields = append(fields, offerDeflate)
	}
	c.SetDeadline(time.Now().Add(fleetConnectTimeout))
	if err := c.upgrade("/good", fields...); err != nil {
		c.Close()
		return nil, err
	}
	return &goodClient{ws: c, id: id, compressed: compressed}, nil
}

// run echoes until the fleet stops, and then waits for the close frame.
func (c *goodClient) run(f *fleet) {
	defer reset(c.Conn)
	random := rand.New(rand.NewPCG(uint64(c.id), 1))
	timer := time.NewTimer(rand.N(echoInterval))
	defer timer.Stop()
	for stopped := false; !stopped; {
		select {
		case <-f.stop:
			stopped = true
		case <-timer.C:
			p := phase(f.phase.Load())
			sent := time.Now()
			if c.err = c.echo(random); c.err != nil {
				f.quiet.Done()
				return
			}
			c.echoes++
			c.roundTrips[p] = append(c.roundTrips[p], time.Since(sent))
			timer.Reset(max(0, echoInterval-time.Since(sent)))
		}
	}
	f.quiet.Done()
	c.awaitClose()
}

// echo sends a message and compares what comes back: opcode, RSV bits and payload.
func (c *goodClient) echo(random *rand.Rand) error {
	payload := fmt.Appendf(nil, "good client %d, message %d ", c.id, c.echoes)
	for range random.IntN(90) {
		payload = append(payload, 'a'+byte(random.IntN(26)))
	}
	first := byte(fin | opText)
	if c.compressed {
		payload = deflate(payload)
		first |= rsv1
	}
	c.SetDeadline(time.Now().Add(echoTimeout))
	if _, err := c.Write(frame(first, payload)); err != nil {
		return fmt.Errorf("client %d: %w", c.id, err)
	}
	got, err := c.next()
	switch {
	case err != nil:
		return fmt.Errorf("client %d, message %d: %w", c.id, c.echoes, err)
	case got.first&0xF == opClose:
		c.closeCode = got.closeCode()
		return fmt.Errorf("client %d: closed with %d %s", c.id, c.closeCode, got.payload[min(2, len(got.payload)):])
	case got.first != first || !bytes.Equal(got.payload, payload):
		return fmt.Errorf("client %d, message %d: sent %x %q and got %x %q", c.id, c.echoes, first, payload, got.first, got.payload)
	}
	return nil
}

// awaitClose reads the close frame and answers it.
func (c *goodClient) awaitClose() {
	c.SetDeadline(time.Now().Add(closeWait))
	for {
		got, err := c.next()
		if err != nil {
			return
		}
		if got.first&0xF == opClose {
			c.closeCode = got.closeCode()
			c.Write(frame(fin|opClose, got.payload))
			c.next() // until the server ends the connection
			return
		}
	}
}

// enter begins a phase.
func (f *fleet) enter(p phase) { f.phase.Store(int32(p)) }

// rest ends the messages, and waits for the echoes of those that were sent.
func (f *fleet) rest() {
	close(f.stop)
	f.quiet.Wait()
}

// abort resets all connections.
func (f *fleet) abort() {
	for _, c := range f.clients {
		if c != nil {
			reset(c.Conn)
		}
	}
}

// A fleetReport sums what the good clients saw.
type fleetReport struct {
	roundTrips [phases][]time.Duration
	echoes     int
	lost       []error
	unclosed   int // connections that lived and did not read 1001
}

// report waits for the end of all clients.
func (f *fleet) report() (r fleetReport) {
	f.ended.Wait()
	for _, c := range f.clients {
		r.echoes += c.echoes
		for p := range c.roundTrips {
			r.roundTrips[p] = append(r.roundTrips[p], c.roundTrips[p]...)
		}
		switch {
		case c.err != nil:
			r.lost = append(r.lost, c.err)
		case c.closeCode != 1001:
			r.unclosed++
		}
	}
	return r
}

// deflate compresses a message as RFC 7692 section 7.2.1 asks: DEFLATE blocks that end
// with an empty stored block, of which the last four bytes are not sent.
func deflate(message []byte) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		panic(err) // the level is a constant
	}
	w.Write(message)
	w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte{0, 0, 0xff, 0xff})
}
