package wstest

import (
	"net"
	"testing"
)

func TestFreePort(t *testing.T) {
	addr := FreeAddr(t)
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatalf("%s is not free: %v", addr, err)
	}
	ln.Close()
	if port := Port(t, addr); port < 10000 || port > 32767 {
		t.Errorf("the system may choose port %d for a connection", port)
	}
	if port, err := FreePort("192.0.2.1"); err == nil {
		t.Errorf("port %d of an address that is not this machine's", port)
	}
}
