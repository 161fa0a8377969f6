package wstest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// FreePort returns a TCP port of host that nothing listens on, from 10,000 to 32,767. The
// system chooses higher ones by itself, so no outgoing connection takes the port before it
// is used.
func FreePort(host string) (port int, err error) {
	for range 100 {
		port = 10000 + rand.IntN(32768-10000)
		var ln net.Listener
		if ln, err = net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port))); err == nil {
			return port, ln.Close()
		}
	}
	return 0, err
}

// FreeAddr returns an address of the loopback interface that nothing listens on.
func FreeAddr(t testing.TB) string {
	t.Helper()
	port, err := FreePort("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", port)
}
