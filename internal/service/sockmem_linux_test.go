package service

import (
	"bytes"
	"testing"

	"golang.org/x/sys/unix"
)

func TestParseSockstat(t *testing.T) {
	for stat, want := range map[string]int64{
		"sockets: used 9\nTCP: inuse 5 orphan 0 tw 0 alloc 7 mem 123\nUDP: inuse 0 mem 4\n": 123,
		"TCP: inuse 5": 0,
		"TCP: mem":     0,
		"":             0,
	} {
		if got := parseSockstat([]byte(stat)); got != want {
			t.Errorf("%q has %d pages, want %d", stat, got, want)
		}
	}
}

// TestSocketMeter: the file is read again each time.
func TestSocketMeter(t *testing.T) {
	m := newSocketMeter()
	defer m.close()
	if m.fd < 0 {
		t.Skip("there is no /proc/net/sockstat")
	}
	for range 3 {
		var stat [4096]byte
		n, err := unix.Pread(m.fd, stat[:], 0)
		if err != nil || !bytes.Contains(stat[:n], []byte("TCP: ")) {
			t.Fatalf("%q, %v", stat[:n], err)
		}
		m.bytes()
		if at, err := unix.Seek(m.fd, 0, unix.SEEK_CUR); at == 0 || err != nil {
			t.Errorf("nothing was read, %v", err)
		}
	}
	none := &socketMeter{fd: -1}
	if n := none.bytes(); n != 0 {
		t.Errorf("%d bytes without the file", n)
	}
}
