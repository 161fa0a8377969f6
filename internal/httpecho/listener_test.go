package httpecho

import (
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"testing/synctest"
)

// TestListener: Accept returns the connections that are passed to Deliver, and they start
// with the bytes that were already read.
func TestListener(t *testing.T) {
	client, server := net.Pipe()
	addr := &net.TCPAddr{Port: 8080}
	l := NewListener(addr, complete(Limits{}))
	if l.Addr() != addr {
		t.Errorf("the address is %v, want %v", l.Addr(), addr)
	}
	go l.Deliver(server, []byte("already read, "), "")
	nc, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		io.WriteString(client, "and the rest")
		client.Close()
	}()
	if got, err := io.ReadAll(nc); err != nil || string(got) != "already read, and the rest" {
		t.Errorf("read %q, %v", got, err)
	}
}

func TestClosedListener(t *testing.T) {
	l := NewListener(nil, complete(Limits{}))
	l.Close()
	l.Close() // a second time, as net/http does
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept fails with %v, want %v", err, net.ErrClosed)
	}
	client, server := net.Pipe()
	l.Deliver(server, nil, "")
	if _, err := client.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("read %v, want the end of a closed connection", err)
	}
}

// TestFewRequestsAreParsedAtATime, whatever their number.
func TestFewRequestsAreParsedAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewListener(nil, complete(Limits{}))
		l.requests.processors = make(chan struct{}, 1)
		deliver := func(target string) *fakeConn {
			conn := &fakeConn{}
			go l.Deliver(conn, []byte("GET "+target+" HTTP/1.1\r\n\r\n"), "")
			synctest.Wait()
			return conn
		}
		accepted := make(chan *replayConn)
		accept := func(want string) *replayConn {
			t.Helper()
			go func() {
				if nc, err := l.Accept(); err == nil {
					accepted <- nc.(*replayConn)
				}
			}()
			synctest.Wait()
			select {
			case c := <-accepted:
				if got := c.request().Target; got != want {
					t.Errorf("the request for %q was accepted, want %q", got, want)
				}
				return c
			default:
				t.Fatalf("no request was accepted, want that for %q", want)
				return nil
			}
		}
		deliver("/first")
		first := accept("/first")
		deliver("/second")
		first.parsed()
		first.parsed() // as Close calls it again
		second := accept("/second")
		third := deliver("/third")
		second.Close()
		accept("/third")
		if third.closed {
			t.Error("the third was closed")
		}
		last := deliver("/last")
		l.Close()
		if synctest.Wait(); !last.closed {
			t.Error("closing the listener left a request waiting")
		}
	})
}

// TestLeaveComesBeforeTheClose, after which the system keeps what the client has not taken of the
// response.
func TestLeaveComesBeforeTheClose(t *testing.T) {
	var left []bool // whether the connection was closed by then
	l := NewListener(&net.TCPAddr{}, complete(Limits{Leave: func(nc net.Conn) { left = append(left, nc.(*fakeConn).closed) }}))
	l.Close()
	conn := &fakeConn{}
	l.Deliver(conn, nil, "")
	if !slices.Equal(left, []bool{false}) || !conn.closed {
		t.Errorf("Leave was called with %v, and the connection is closed: %v", left, conn.closed)
	}
}
