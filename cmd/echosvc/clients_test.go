package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	coder "github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"
)

// echoClient is a client made with some WebSocket library.
type echoClient interface {
	write(text bool, payload string) error
	read() (text bool, payload string, err error)
	// closeWith closes with a code and a reason, and returns those of the answer.
	closeWith(t *testing.T, code int, reason string) (int, string)
	// closed waits for the server's close frame.
	closed(t *testing.T) (int, string)
}

// echoes sends a message and checks its echo. It reads while it writes, because the echo of
// a large message begins before the message ends.
func echoes(t *testing.T, c echoClient, text bool, payload string) {
	t.Helper()
	written := make(chan error)
	go func() { written <- c.write(text, payload) }()
	gotText, got, err := c.read()
	if err := errors.Join(err, <-written); err != nil {
		t.Fatal(err)
	}
	if gotText != text || got != payload {
		t.Errorf("sent %d bytes, text %v; another message came back, of %d bytes, text %v", len(payload), text, len(got), gotText)
	}
}

var clients = map[string]func(t *testing.T, addr string) echoClient{
	"coder": func(t *testing.T, addr string) echoClient {
		c, _, err := coder.Dial(context.Background(), "ws://"+addr+"/any/path", &coder.DialOptions{Subprotocols: []string{"chat"}})
		if err != nil {
			t.Fatal(err)
		}
		c.SetReadLimit(-1)
		if c.Subprotocol() != "chat" {
			t.Errorf("the subprotocol is %q, want chat", c.Subprotocol())
		}
		return coderClient{c}
	},
	"gorilla": func(t *testing.T, addr string) echoClient {
		c, response, err := gorilla.DefaultDialer.Dial("ws://"+addr, nil)
		if err != nil {
			t.Fatal(err, response)
		}
		t.Cleanup(func() { c.Close() })
		return gorillaClient{c}
	},
}

// compressing are clients that offer permessage-deflate.
var compressing = map[string]func(t *testing.T, addr string) echoClient{
	"coder, takeover": func(t *testing.T, addr string) echoClient {
		return dialCoder(t, addr, coder.CompressionContextTakeover)
	},
	"coder, no takeover": func(t *testing.T, addr string) echoClient {
		return dialCoder(t, addr, coder.CompressionNoContextTakeover)
	},
	"gorilla": func(t *testing.T, addr string) echoClient {
		dialer := gorilla.Dialer{EnableCompression: true}
		c, response, err := dialer.Dial("ws://"+addr, nil)
		if err != nil {
			t.Fatal(err, response)
		}
		t.Cleanup(func() { c.Close() })
		return gorillaClient{c}
	},
}

func dialCoder(t *testing.T, addr string, mode coder.CompressionMode) echoClient {
	t.Helper()
	c, _, err := coder.Dial(context.Background(), "ws://"+addr, &coder.DialOptions{CompressionMode: mode, CompressionThreshold: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.CloseNow() })
	c.SetReadLimit(-1)
	return coderClient{c}
}

// TestCompressionWithOtherLibraries has each client send messages of mixed sizes and kinds.
// The race detector makes the libraries much slower, so it gets a tenth of them.
func TestCompressionWithOtherLibraries(t *testing.T) {
	messages := 10_000
	if withRaceDetector {
		messages /= 10
	}
	noise := make([]byte, 70_000)
	rand.Read(noise)
	prose := strings.Repeat("What is now proved was once only imagined. Ἓν οἶδα. ", 1400)
	for _, mode := range []string{"stateless", "takeover"} {
		p := startProgram(t, "COMPRESSION="+mode)
		for name, dial := range compressing {
			t.Run(mode+"/"+name, func(t *testing.T) {
				c := dial(t, p.addr)
				for i := range messages {
					size := i * 7919 % 700
					if i%500 == 0 {
						size *= 100
					}
					switch i % 3 {
					case 0:
						echoes(t, c, false, string(noise[:size]))
					case 1:
						echoes(t, c, false, prose[:size])
					default:
						echoes(t, c, true, strings.ToValidUTF8(prose[:size], ""))
					}
					if t.Failed() {
						t.Fatalf("message %d", i)
					}
				}
				c.closeWith(t, 1000, "")
			})
		}
		for range compressing {
			if got := p.line(t, "connection closed"); !strings.HasPrefix(fmt.Sprint(got["extensions"]), "permessage-deflate") || got["saved"].(float64) <= 0 || got["messages"] != float64(messages) {
				t.Errorf("logged %v", got)
			}
		}
	}
}

type coderClient struct{ *coder.Conn }

func (c coderClient) write(text bool, payload string) error {
	kind := coder.MessageBinary
	if text {
		kind = coder.MessageText
	}
	return c.Write(context.Background(), kind, []byte(payload))
}

func (c coderClient) read() (bool, string, error) {
	kind, payload, err := c.Read(context.Background())
	return kind == coder.MessageText, string(payload), err
}

func (c coderClient) closeWith(t *testing.T, code int, reason string) (int, string) {
	if err := c.Close(coder.StatusCode(code), reason); err != nil {
		t.Errorf("closing handshake: %v", err)
	}
	return code, reason // Close has checked the code of the answer
}

func (c coderClient) closed(t *testing.T) (int, string) {
	t.Helper()
	_, _, err := c.Read(context.Background())
	var closed coder.CloseError
	if !errors.As(err, &closed) {
		t.Fatalf("read %v, want a close frame", err)
	}
	return int(closed.Code), closed.Reason
}

type gorillaClient struct{ *gorilla.Conn }

func (c gorillaClient) write(text bool, payload string) error {
	kind := gorilla.BinaryMessage
	if text {
		kind = gorilla.TextMessage
	}
	return c.WriteMessage(kind, []byte(payload))
}

func (c gorillaClient) read() (bool, string, error) {
	kind, payload, err := c.ReadMessage()
	return kind == gorilla.TextMessage, string(payload), err
}

func (c gorillaClient) closeWith(t *testing.T, code int, reason string) (int, string) {
	t.Helper()
	if err := c.WriteMessage(gorilla.CloseMessage, gorilla.FormatCloseMessage(code, reason)); err != nil {
		t.Fatal(err)
	}
	return c.closed(t)
}

func (c gorillaClient) closed(t *testing.T) (int, string) {
	t.Helper()
	_, _, err := c.ReadMessage()
	var closed *gorilla.CloseError
	if !errors.As(err, &closed) {
		t.Fatalf("read %v, want a close frame", err)
	}
	return closed.Code, closed.Text
}

func TestEchoWithOtherLibraries(t *testing.T) {
	large := make([]byte, 16<<20)
	rand.Read(large)
	for name, dial := range clients {
		t.Run(name, func(t *testing.T) {
			p := startProgram(t)
			c := dial(t, p.addr)
			for _, m := range []struct {
				text    bool
				payload string
			}{
				{true, "Hello, κόσμε"}, {false, "\x00\xff"}, {true, ""}, {false, ""},
				{true, strings.Repeat("x", 125)}, {true, strings.Repeat("x", 126)},
				{false, strings.Repeat("x", 65535)}, {false, strings.Repeat("x", 65536)},
				{false, string(large)},
			} {
				echoes(t, c, m.text, m.payload)
			}
			if code, reason := c.closeWith(t, 4001, "enough"); code != 4001 || reason != "enough" {
				t.Errorf("closed with %d %q", code, reason)
			}
			if got := p.line(t, "connection closed"); got["code"] != 4001.0 || got["initiator"] != "client" || got["messages"] != 9.0 {
				t.Errorf("logged %v", got)
			}
		})
	}
}

func TestGoodbyeWithOtherLibraries(t *testing.T) {
	for name, dial := range clients {
		t.Run(name, func(t *testing.T) {
			c := dial(t, startProgram(t).addr)
			echoes(t, c, true, "Bye")
			if code, _ := c.closed(t); code != 1000 {
				t.Errorf("closed with %d", code)
			}
		})
	}
}

func TestDrainWithOtherLibraries(t *testing.T) {
	for name, dial := range clients {
		t.Run(name, func(t *testing.T) {
			p := startProgram(t, "DRAIN_SPREAD=0")
			c := dial(t, p.addr)
			echoes(t, c, true, "hello")
			p.stop()
			if code, reason := c.closed(t); code != 1001 || reason != "the server is shutting down" {
				t.Errorf("closed with %d %q", code, reason)
			}
			if got := p.line(t, "drained"); got["clean"] != 1.0 || got["cut"] != 0.0 {
				t.Errorf("logged %v", got)
			}
		})
	}
}

// TestSIGTERM: the process drains and exits with status 0.
func TestSIGTERM(t *testing.T) {
	command := exec.Command(os.Args[0])
	p := startProcess(t, command, "DRAIN_SPREAD=0")
	c := clients["gorilla"](t, p.line(t, "serving")["addr"].(string))
	echoes(t, c, true, "hello")
	command.Process.Signal(syscall.SIGTERM)
	if code, _ := c.closed(t); code != 1001 {
		t.Errorf("closed with %d", code)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("the process ended with %v", err)
	}
	if got := p.line(t, "drained"); got["clean"] != 1.0 {
		t.Errorf("logged %v", got)
	}
}
