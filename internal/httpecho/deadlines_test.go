package httpecho

import (
	"encoding/json"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/echosvc/echosvc/internal/wstest"
)

// TestSilentBodyIsAnswered: a body that stops is answered with 408, and the setting is named.
func TestSilentBodyIsAnswered(t *testing.T) {
	addr := serveWith(t, anyOrigin, nil, 50*time.Millisecond, Limits{})
	a := ask(t, addr, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nfour")
	if want := "the body ended after 4 bytes: nothing arrived for HANDSHAKE_TIMEOUT=50ms of this server"; a.code != 408 || !strings.Contains(a.body, want) {
		t.Errorf("answered with %s, %s", a.status, a.body)
	}
}

// TestSlowBodyIsRead: a body that keeps arriving is read to its end and answered, even if
// that takes longer than the time for writing the answer.
func TestSlowBodyIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const write = 20 * time.Millisecond
		plain := NewListener(&net.TCPAddr{}, complete(Limits{}))
		server := newServer(Config{Policy: &anyOrigin}, wstest.Patience, write)
		go server.Serve(plain)
		defer server.Close()
		client, nc := net.Pipe()
		defer client.Close()
		go deliver(plain, nc)
		c := wstest.NewClient(t, client)
		c.Send([]byte("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"))
		for range 10 {
			time.Sleep(3 * write) // of the bubble; the time that it must not count
			c.Send([]byte("x"))
		}
		response := c.Response()
		defer response.Body.Close()
		var got echo
		if err := json.NewDecoder(response.Body).Decode(&got); err != nil || response.StatusCode != 200 || got.Body.Size != 10 {
			t.Errorf("answered with %s, %d bytes, %v", response.Status, got.Body.Size, err)
		}
	})
}

// TestUnreadBodyDoesNotBlock: a request whose handler does not read the body ends by the
// same time-out.
func TestUnreadBodyDoesNotBlock(t *testing.T) {
	addr := serveWith(t, anyOrigin, nil, 50*time.Millisecond, Limits{})
	c := wstest.Connect(t, addr)
	c.Send([]byte("POST /ws HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nfour"))
	response := c.Response()
	defer response.Body.Close()
	if response.StatusCode != 426 {
		t.Errorf("answered with %s", response.Status)
	}
}
