package socket

import (
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/echosvc/echosvc/internal/budget"
)

func TestAddrStringMatchesNet(t *testing.T) {
	var port80 uint16 // in network byte order
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&port80))[:], 80)
	v4 := func(a unix.RawSockaddrInet4) unix.RawSockaddrInet6 {
		var addr unix.RawSockaddrInet6
		*(*unix.RawSockaddrInet4)(unsafe.Pointer(&addr)) = a
		return addr
	}
	for _, test := range []struct {
		addr unix.RawSockaddrInet6
		want string
	}{
		{v4(unix.RawSockaddrInet4{Family: unix.AF_INET, Port: port80, Addr: [4]byte{192, 0, 2, 1}}), "192.0.2.1:80"},
		{unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: port80, Addr: [16]byte{15: 1}}, "[::1]:80"},
		{unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: port80, Addr: [16]byte{10: 255, 11: 255, 12: 192, 14: 2, 15: 1}}, "192.0.2.1:80"},
		{unix.RawSockaddrInet6{Family: unix.AF_UNIX}, "unix"},
		{unix.RawSockaddrInet6{Family: unix.AF_NETLINK}, "unknown"},
	} {
		if got := addrString(&test.addr); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

// TestServeTakesTheListenerFromGosPoller: it is closed, and connections are accepted.
func TestServeTakesTheListenerFromGosPoller(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d, err := NewLoop(Config{
		Headroom: testHeadroom, Buffer: mediumBuffer + 1000,
		Open:    func(string, int) Handler { return &scripted{opened: Step{Write: []byte("hello"), Then: Close}} },
		Now:     func() Instant { return loopStart },
		Account: budget.NewAccount(0), Log: slog.New(slog.DiscardHandler),
	}, 1)
	if err != nil {
		t.Fatal(err)
	}
	go d.Serve(ln)
	defer d.Wait()
	defer d.Abort()
	for range 2 {
		client, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if got, err := io.ReadAll(client); string(got) != "hello" || err != nil {
			t.Fatalf("read %q, %v", got, err)
		}
	}
	if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accepting on it: %v, want %v", err, net.ErrClosed)
	}
}

// TestAcceptAfterALongTurn: a turn accepts one connection, and one more for each 64 µs that the
// last turn took, up to 16.
func TestAcceptAfterALongTurn(t *testing.T) {
	ln, err := net.Listen("unix", t.TempDir()+"/socket") // whose connections wait as soon as Dial returns
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	d, err := NewLoop(Config{
		Headroom: testHeadroom, Buffer: mediumBuffer + 1000,
		Open: func(string, int) Handler { return &scripted{} },
		Now:  func() Instant { return loopStart },
		Log:  slog.New(slog.DiscardHandler),
	}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	l := d.loops[0]
	defer l.closeAll()
	if err := l.listen(ln); err != nil {
		t.Fatal(err)
	}
	for range 3*acceptBatch + 1 {
		client, err := net.Dial("unix", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
	}
	for _, turn := range []struct {
		took time.Duration // the one before
		want int64         // connections
	}{{0, 1}, {acceptEvery - 1, 1}, {acceptEvery, 2}, {2*acceptEvery + 1, 3}, {time.Second, acceptBatch}} {
		before := d.sockets.Load()
		l.lastTurn = turn.took
		l.accept()
		if got := d.sockets.Load() - before; got != turn.want {
			t.Errorf("after a turn of %v: %d accepted, want %d", turn.took, got, turn.want)
		}
	}
}
