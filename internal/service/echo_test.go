package service

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/wstest"
)

// frame returns a frame that the server is expected to send.
func frame(first byte, payload string) wstest.ServerFrame {
	return wstest.ServerFrame{First: first, Payload: payload}
}

// TestFaithful: in each row, some public echo servers do something else.
func TestFaithful(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		tests := []struct {
			name string
			send [][]byte
			want []wstest.ServerFrame
			code int // of the close frame that follows; 0 if there is none
		}{
			{"no greeting", [][]byte{wstest.Frame(0x89, "first")}, []wstest.ServerFrame{frame(0x8a, "first")}, 0},
			{"text", [][]byte{wstest.Frame(0x81, "κόσμε\x00\n")}, []wstest.ServerFrame{frame(0x81, "κόσμε\x00\n")}, 0},
			{"binary stays binary", [][]byte{wstest.Frame(0x82, "text")}, []wstest.ServerFrame{frame(0x82, "text")}, 0},
			{"empty message", [][]byte{wstest.Frame(0x81, ""), wstest.Frame(0x82, "")}, []wstest.ServerFrame{frame(0x81, ""), frame(0x82, "")}, 0},
			{"fragments with a ping in between", [][]byte{wstest.Frame(0x01, "a"), wstest.Frame(0x89, "p"), wstest.Frame(0x00, "b"), wstest.Frame(0x80, "c")},
				[]wstest.ServerFrame{frame(0x01, "a"), frame(0x8a, "p"), frame(0x00, "b"), frame(0x80, "c")}, 0},
			{"invalid UTF-8", [][]byte{wstest.Frame(0x81, "\xff")}, nil, 1007},
			{"invalid UTF-8 in an unfinished message", [][]byte{wstest.Frame(0x01, "\xed\xa0\x80")}, nil, 1007},
			{"invalid UTF-8 in an unfinished frame", [][]byte{wstest.Frame(0x81, "abc\xffdefgh")[:10]}, nil, 1007},
			{"reserved opcode", [][]byte{wstest.Frame(0x83, "")}, nil, 1002},
			{"RSV1", [][]byte{wstest.Frame(0xc1, "")}, nil, 1002},
			{"fragmented ping", [][]byte{wstest.Frame(0x09, "")}, nil, 1002},
			{"long ping", [][]byte{wstest.Frame(0x89, strings.Repeat("x", 126))}, nil, 1002},
			{"not masked", [][]byte{[]byte("\x81\x01x")}, nil, 1002},
			{"one-byte close payload", [][]byte{wstest.Frame(0x88, "x")}, nil, 1002},
			{"close code and reason", [][]byte{wstest.Frame(0x88, "\x0f\xa0reason")}, nil, 4000},
			{"no answer after a close frame", [][]byte{wstest.Frame(0x88, "\x03\xe8"), wstest.Frame(0x81, "x")}, nil, 1000},
		}
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				c := wstest.Dial(t, r.addr)
				c.Send(test.send...)
				c.Expect(test.want...)
				if test.code != 0 {
					if reason := c.ExpectClose(test.code); test.code == 4000 && reason != "reason" {
						t.Errorf("the reason is %q", reason)
					}
					return
				}
				c.Send(wstest.Frame(0x88, "\x03\xe9"))
				c.ExpectClose(1001)
			})
		}
	})
}

func TestSubprotocolIsChosen(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		c := wstest.Connect(t, r.addr)
		c.Send([]byte(wstest.Request("Sec-WebSocket-Protocol: mqtt, chat")))
		if got := c.Response().Header.Get("Sec-WebSocket-Protocol"); got != "mqtt" {
			t.Errorf("chose %q, want the first", got)
		}
	})
}

func TestServerPings(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, func(c *config.Config) { c.PingInterval = time.Millisecond })
		c := wstest.Dial(t, r.addr)
		for range 3 {
			f, err := c.Frame()
			if err != nil || f.First != 0x89 {
				t.Fatalf("read %v, %v; want a ping", f, err)
			}
			c.Send(wstest.Frame(0x8a, f.Payload))
		}
		wstest.Eventually(t, "the RTT is known", func() bool {
			return r.list("").Count == 1 && r.list("").Connections[0].RTT > 0
		})
	})
}

func TestIncompleteRequestTimesOut(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, func(c *config.Config) { c.HandshakeTimeout = 50 * time.Millisecond })
		// A client that sends nothing in time gets no answer. On a slow machine that may happen
		// to this one, so it tries again.
		wstest.Eventually(t, "the request is answered with 408", func() bool {
			c := wstest.Connect(t, r.addr)
			defer c.Close()
			io.WriteString(c, "GET / HTTP/1.1\r\nHost:")
			answer, _ := io.ReadAll(c)
			return strings.HasPrefix(string(answer), "HTTP/1.1 408 ") && strings.Contains(string(answer), "\r\nConnection: close\r\n")
		})
	})
}

// TestFirstFrameWithTheRequest sends a request and a frame in two parts, split at every
// seventh byte. TestHandshakeSplitAnywhere of package wsconn splits at every byte.
func TestFirstFrameWithTheRequest(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		in := wstest.Request() + string(wstest.Frame(0x81, "early"))
		for cut := 1; cut < len(in); cut += 7 {
			c := wstest.Connect(t, r.addr)
			c.Send([]byte(in[:cut]), []byte(in[cut:]))
			if got := c.Response(); got.StatusCode != 101 {
				t.Fatalf("answered with %s", got.Status)
			}
			c.Expect(frame(0x81, "early"))
			c.Close()
		}
	})
}

// TestDataAndFINInOneSegment: the client reads the echo, and then the end without a time-out.
func TestDataAndFINInOneSegment(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		c := wstest.Dial(t, r.addr)
		c.Send(wstest.Frame(0x81, "last"))
		c.Conn.(interface{ CloseWrite() error }).CloseWrite()
		c.Expect(frame(0x81, "last"))
		c.ExpectEnd()
		if got := r.line("connection closed"); got["code"] != 1006.0 || got["messages"] != 1.0 {
			t.Errorf("logged %v", got)
		}
	})
}

// TestNoResetAfterACloseFrame: with much input in flight after a protocol error, the client
// still reads the close frame and then the end (RFC 6455 section 7.1.1).
func TestNoResetAfterACloseFrame(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		for range 5 {
			c := wstest.Dial(t, r.addr)
			c.Write([]byte("\x83\x80abcd" + strings.Repeat("x", 1<<20))) // fails after a second of silence
			c.ExpectClose(1002)
		}
	})
}

// TestEchoesAreNotMixedUp: connections come and go, and each gets its own echoes.
func TestEchoesAreNotMixedUp(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		for worker := range 8 {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				for i := range 50 {
					c := wstest.Dial(t, r.addr)
					payload := strings.Repeat(string(rune('a'+worker))+string(rune('0'+i)), 1+i*i)
					c.Send(wstest.Frame(0x81, payload))
					c.Expect(frame(0x81, payload))
					c.Close()
				}
			})
		}
	})
}
