package model

import (
	"net"
	"strings"
	"testing"
	"time"
)

const accepted = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n"

// scriptedServer serves one connection: it reads until the client has sent until, writes
// script, and ends in one way or another. over is closed when the client has ended.
func scriptedServer(t *testing.T, until, script string, end func(nc *net.TCPConn, over <-chan struct{})) (s *Server, over chan struct{}) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done, over := make(chan struct{}), make(chan struct{})
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
		end(nc.(*net.TCPConn), over)
	}()
	return &Server{
		Dial:        func(bool) (net.Conn, error) { return net.Dial("tcp", listener.Addr().String()) },
		Compression: "off", Goodbye: "bye",
	}, over
}

// TestRun: what a server does, and how that differs from the model.
func TestRun(t *testing.T) {
	type ending = func(*net.TCPConn, <-chan struct{})
	var (
		closeNow ending = func(*net.TCPConn, <-chan struct{}) {}
		awaitEnd ending = func(nc *net.TCPConn, _ <-chan struct{}) { nc.Read(make([]byte, 1024)) }
		reset    ending = func(nc *net.TCPConn, _ <-chan struct{}) { nc.Read(make([]byte, 1024)); nc.SetLinger(0) }
		stay     ending = func(_ *net.TCPConn, over <-chan struct{}) { <-over }
	)
	hello, bye := []Frame{{First: 0x81, Payload: "hello"}}, []Frame{{First: 0x81, Payload: "bye"}}
	closing := []Frame{{First: 0x88}}
	const goodbye = "\x81\x03bye\x88\x09\x03\xe8goodbye"
	tests := []struct {
		name    string
		program Program
		until   string // what the client sends
		script  string
		end     ending
		diff    string
	}{
		{"an echo, then the end after the client's", Program{Frames: hello}, "hello", accepted + "\x81\x05hello", awaitEnd, ""},
		{"an echo, then a reset", Program{Frames: hello}, "hello", accepted + "\x81\x05hello", reset, "the server ends with"},
		{"an echo of something else", Program{Frames: hello}, "hello", accepted + "\x81\x05hallo", awaitEnd, `want text "hello"`},
		{"no echo", Program{Frames: hello}, "hello", accepted, awaitEnd, `missing: text "hello"`},
		{"no echo, and no end", Program{Frames: hello}, "hello", accepted, stay, `does not go on; missing: text "hello"`},
		{"a part of a frame", Program{Frames: hello}, "hello", accepted + "\x81\x05hel", awaitEnd, "ends within a frame"},
		{"two echoes", Program{Frames: hello}, "hello", accepted + "\x81\x05hello\x81\x05hello", awaitEnd, "nothing is to come"},
		{"the end before the client's", Program{Frames: hello, End: Reply}, "\r\n\r\n", accepted, closeNow, "the server ends"},
		{"a close frame and the end", Program{Frames: closing}, "\x88\x80\x00\x00\x00\x00", accepted + "\x88\x00", closeNow, ""},
		{"a close frame and no end", Program{Frames: closing}, "\x88\x80\x00\x00\x00\x00", accepted + "\x88\x00", stay, "missing: the end"},
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
			server, over := scriptedServer(t, test.until, test.script, test.end)
			server.Impatient = test.program.End == Silent
			patience := 20 * time.Second
			if strings.Contains(test.name, "no end") {
				patience = 100 * time.Millisecond
			}
			result := Run(server, &test.program, patience)
			close(over)
			if (result.Diff == "") != (test.diff == "") || !strings.Contains(result.Diff, test.diff) {
				t.Errorf("%q; want %q", result.Diff, test.diff)
			}
		})
	}
}
