package model

import (
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

const accepted = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n"

// scriptedServer serves one connection: it reads until the client has sent until, writes
// script, and ends in one way or another.
func scriptedServer(t *testing.T, until, script string, end func(*net.TCPConn)) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { listener.Close(); <-done })
	go func() {
		defer close(done)
		nc, err := listener.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		var read strings.Builder
		for buffer := make([]byte, 1024); !strings.Contains(read.String(), until); {
			n, err := nc.Read(buffer)
			read.Write(buffer[:n])
			if err != nil {
				return
			}
		}
		nc.Write([]byte(script))
		end(nc.(*net.TCPConn))
	}()
	return &Server{
		Dial:        func(bool) (net.Conn, error) { return net.Dial("tcp", listener.Addr().String()) },
		Compression: "off", Goodbye: "bye",
	}
}

// impatient is a connection whose deadline has passed when so many bytes have been read.
type impatient struct {
	net.Conn
	left int
}

func (c *impatient) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, os.ErrDeadlineExceeded
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

func (c *impatient) CloseWrite() error { return c.Conn.(*net.TCPConn).CloseWrite() }

// TestRun: what a server does, and how that differs from the model.
func TestRun(t *testing.T) {
	closeNow := func(*net.TCPConn) {}
	awaitEnd := func(nc *net.TCPConn) { nc.Read(make([]byte, 1024)) }
	reset := func(nc *net.TCPConn) { awaitEnd(nc); nc.SetLinger(0) }
	hello, bye := []Frame{{First: 0x81, Payload: "hello"}}, []Frame{{First: 0x81, Payload: "bye"}}
	closing := []Frame{{First: 0x88}}
	const goodbye = "\x81\x03bye\x88\x09\x03\xe8goodbye"
	tests := []struct {
		name    string
		program Program
		until   string // what the client sends
		script  string
		end     func(*net.TCPConn) // nil is not before the deadline
		diff    string
	}{
		{"an echo, then the end after the client's", Program{Frames: hello}, "hello", accepted + "\x81\x05hello", awaitEnd, ""},
		{"an echo, then a reset", Program{Frames: hello}, "hello", accepted + "\x81\x05hello", reset, "the server ends with"},
		{"an echo of something else", Program{Frames: hello}, "hello", accepted + "\x81\x05hallo", awaitEnd, `want text "hello"`},
		{"no echo", Program{Frames: hello}, "hello", accepted, awaitEnd, `missing: text "hello"`},
		{"no echo, and no end", Program{Frames: hello}, "hello", accepted, nil, `does not go on; missing: text "hello"`},
		{"a part of a frame", Program{Frames: hello}, "hello", accepted + "\x81\x05hel", awaitEnd, "ends within a frame"},
		{"two echoes", Program{Frames: hello}, "hello", accepted + "\x81\x05hello\x81\x05hello", awaitEnd, "nothing is to come"},
		{"the end before the client's", Program{Frames: hello, End: Reply}, "\r\n\r\n", accepted, closeNow, "the server ends"},
		{"a close frame and the end", Program{Frames: closing}, "\x88\x80\x00\x00\x00\x00", accepted + "\x88\x00", closeNow, ""},
		{"a close frame and no end", Program{Frames: closing}, "\x88\x80\x00\x00\x00\x00", accepted + "\x88\x00", nil, "missing: the end"},
		{"goodbye and the end after the client's close frame", Program{Frames: bye, End: Reply}, "bye", accepted + goodbye, awaitEnd, ""},
		{"goodbye and the end at once", Program{Frames: bye, End: Silent}, "bye", accepted + goodbye, closeNow, ""},
		{"no response", Program{}, "\r\n\r\n", "", closeNow, "does not answer the request"},
		{"a refusal of a good request", Program{}, "\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", closeNow, "refuses a good request"},
		{"a refusal", Program{Handshake: Handshake{Refusal: "no key"}}, "\r\n\r\n", "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", closeNow, ""},
		{"a refusal that is cut", Program{Handshake: Handshake{Refusal: "no key"}}, "\r\n\r\n", "HTTP/1.1 400 Bad Request\r\nConn", closeNow, "ends with EOF"},
		{"a bad request that is accepted", Program{Handshake: Handshake{Refusal: "no key"}}, "\r\n\r\n", accepted, closeNow, "want 400"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			end := test.end
			if end == nil {
				end = awaitEnd
			}
			server := scriptedServer(t, test.until, test.script, end)
			server.Impatient = test.program.End == Silent
			if dial := server.Dial; test.end == nil {
				server.Dial = func(slow bool) (net.Conn, error) {
					nc, err := dial(slow)
					return &impatient{nc, len(test.script)}, err
				}
			}
			result := Run(server, &test.program, time.Minute)
			if (result.Diff == "") != (test.diff == "") || !strings.Contains(result.Diff, test.diff) {
				t.Errorf("%q; want %q", result.Diff, test.diff)
			}
		})
	}
}
