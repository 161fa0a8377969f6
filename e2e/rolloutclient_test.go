package e2e

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// rolloutTimeout is how long a rollout may take.
const rolloutTimeout = 5 * time.Minute

// checkRollout keeps n clients connected to url while replace replaces every process behind it. The
// clients may see only echoes and 1001, and must be able to reconnect at once.
func checkRollout(t *testing.T, url string, n int, replace func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), rolloutTimeout)
	defer cancel()
	clients := make([]*rolloutClient, n)
	for i := range clients {
		clients[i] = &rolloutClient{name: fmt.Sprintf("client %d", i), url: url, moved: make(chan struct{})}
		if err := clients[i].connect(ctx); err != nil {
			t.Fatal(err)
		}
	}
	running, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	t.Cleanup(wg.Wait)
	t.Cleanup(stop)
	for _, c := range clients {
		wg.Go(func() {
			if err := c.run(ctx, running); err != nil && ctx.Err() == nil { // later errors follow from the first
				t.Errorf("%s: %v", c.name, err)
				cancel()
			}
		})
	}

	replace()
	// The old processes may still be draining, and close their connections one after another.
	for _, c := range clients {
		select {
		case <-c.moved:
		case <-ctx.Done():
			t.Fatalf("%s is still on its first connection: %v", c.name, ctx.Err())
		}
	}
	stop()
	wg.Wait()
	var echoes, moves int
	for _, c := range clients {
		echoes += c.echoes
		moves += c.moves
	}
	t.Logf("%d clients: %d echoes, closed with 1001 %d times, nothing else", n, echoes, moves)
}

// A rolloutClient is a client that stays connected through a rollout.
type rolloutClient struct {
	name, url     string
	client        *websocket.Conn
	echoes, moves int
	moved         chan struct{} // closed when the second connection has echoed
}

func (c *rolloutClient) connect(ctx context.Context) error {
	client, _, err := websocket.Dial(ctx, c.url, nil)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	c.client = client
	return nil
}

// run sends a message ten times a second until running ends, and checks its echo. After a close with
// 1001 it reconnects and sends the message again.
func (c *rolloutClient) run(ctx, running context.Context) error {
	defer func() { c.client.CloseNow() }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := c.echo(ctx)
		switch {
		case err == nil:
			c.echoes++
			if c.moves >= 1 {
				c.markMoved()
			}
		case websocket.CloseStatus(err) == websocket.StatusGoingAway:
			c.moves++
			if err := c.connect(ctx); err != nil {
				return err
			}
			continue
		default:
			return err
		}
		select {
		case <-tick.C:
		case <-running.Done():
			return c.client.Close(websocket.StatusNormalClosure, "")
		}
	}
}

// echo sends a message and checks its echo. An error of the read takes precedence: after the server
// has closed, the write may fail too, but only the read says how.
func (c *rolloutClient) echo(ctx context.Context) error {
	sent := fmt.Sprintf("%s, message %d", c.name, c.echoes)
	writeErr := c.client.Write(ctx, websocket.MessageText, []byte(sent))
	_, got, err := c.client.Read(ctx)
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

func (c *rolloutClient) markMoved() {
	select {
	case <-c.moved:
	default:
		close(c.moved)
	}
}
