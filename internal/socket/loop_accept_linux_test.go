package socket

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestAddrStringIsLikeThatOfNet(t *testing.T) {
	for _, test := range []struct {
		addr unix.Sockaddr
		want string
	}{
		{&unix.SockaddrInet4{Port: 80, Addr: [4]byte{192, 0, 2, 1}}, "192.0.2.1:80"},
		{&unix.SockaddrInet6{Port: 80, Addr: [16]byte{15: 1}}, "[::1]:80"},
		{&unix.SockaddrInet6{Port: 80, Addr: [16]byte{10: 255, 11: 255, 12: 192, 14: 2, 15: 1}}, "192.0.2.1:80"},
		{&unix.SockaddrUnix{}, "unix"},
		{&unix.SockaddrNetlink{}, "unknown"},
	} {
		if got := addrString(test.addr); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}
