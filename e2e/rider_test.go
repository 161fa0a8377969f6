package e2e

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// rideTimeout is how long a rollout may take.
const rideTimeout = 5 * time.Minute

// rideOut has n clients stay connected to url while replace replaces every process
// behind it. A client may see nothing but echoes and 1001, and gets in again at once.
func rideOut(t *testing.T, url string, n int, replace func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), rideTimeout)
	defer cancel()
	riders := make([]*rider, n)
	for i := range riders {
		riders[i] = &rider{name: fmt.Sprintf("client %d", i), url: url, moved: make(chan struct{})}
		if err := riders[i].connect(ctx); err != nil {
			t.Fatal(err)
		}
	}
	riding, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	t.Cleanup(wg.Wait)
	t.Cleanup(stop)
	for _, r := range riders {
		wg.Go(func() {
			if err := r.ride(ctx, riding); err != nil && ctx.Err() == nil { // the first of them is the cause
				t.Errorf("%s: %v", r.name, err)
				cancel()
			}
		})
	}

	replace()
	// The old processes may still be draining: their clients are told one after the other.
	for _, r := range riders {
		select {
		case <-r.moved:
		case <-ctx.Done():
			t.Fatalf("%s is still on its first connection: %v", r.name, ctx.Err())
		}
	}
	stop()
	wg.Wait()
	var echoes, moves int
	for _, r := range riders {
		echoes += r.echoes
		moves += r.moves
	}
	t.Logf("%d clients: %d echoes, told to go %d times, saw nothing else", n, echoes, moves)
}

// A rider is a client that stays, whatever happens to the pods.
type rider struct {
	name, url     string
	client        *websocket.Conn
	echoes, moves int
	moved         chan struct{} // closed when the second connection has echoed
}

func (r *rider) connect(ctx context.Context) error {
	client, _, err := websocket.Dial(ctx, r.url, nil)
	if err != nil {
		return fmt.Errorf("an upgrade is refused: %w", err)
	}
	r.client = client
	return nil
}

// ride sends a message ten times a second until riding ends, and reads its echo. Where
// the service says 1001 instead, it connects anew and sends the message again.
func (r *rider) ride(ctx, riding context.Context) error {
	defer func() { r.client.CloseNow() }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := r.echo(ctx)
		switch {
		case err == nil:
			r.echoes++
			if r.moves >= 1 {
				r.markMoved()
			}
		case websocket.CloseStatus(err) == websocket.StatusGoingAway:
			r.moves++
			if err := r.connect(ctx); err != nil {
				return err
			}
			continue
		default:
			return err
		}
		select {
		case <-tick.C:
		case <-riding.Done():
			return r.client.Close(websocket.StatusNormalClosure, "")
		}
	}
}

// echo sends a message and reads its echo. The error of the read comes first: when the
// service has closed, the write may fail too, but only the read says how.
func (r *rider) echo(ctx context.Context) error {
	sent := fmt.Sprintf("%s, message %d", r.name, r.echoes)
	writeErr := r.client.Write(ctx, websocket.MessageText, []byte(sent))
	_, got, err := r.client.Read(ctx)
	switch {
	case err != nil:
		return err
	case writeErr != nil:
		return writeErr
	case string(got) != sent:
		return fmt.Errorf("sent %q, got %q", sent, got)
	}
	return nil
}

func (r *rider) markMoved() {
	select {
	case <-r.moved:
	default:
		close(r.moved)
	}
}
