package socket

import (
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
)

// TestNextRecord (RFC 8446 section 5.1).
func TestNextRecord(t *testing.T) {
	for _, test := range []struct {
		name, in string
		want     int
	}{
		{"nothing", "", 0},
		{"part of a header", "\x17\x03\x03\x00", 0},
		{"a header", "\x17\x03\x03\x00\x01", 0},
		{"a record", "\x17\x03\x03\x00\x01a", 6},
		{"a record and more", "\x17\x03\x03\x00\x01ab", 6},
		{"an empty record", "\x17\x03\x03\x00\x00", 5},
		{"the first ClientHello's version", "\x16\x03\x01\x00\x01a", 6},
		{"the longest record", "\x17\x03\x03\x48\x00" + strings.Repeat("a", 18<<10), 5 + 18<<10},
		{"a record that is too long", "\x17\x03\x03\x48\x01a", 6},
		{"another type", "\x19\x03\x03\x00\x09a", 6},
		{"another version", "\x16\x02\x00\x00\x09a", 6},
		{"HTTP", "GET / HTTP/1.1", 14},
	} {
		if got := nextRecord([]byte(test.in)); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}

// newTLSPair returns the two ends of a TLS connection after its handshake. What the client
// writes is in sent.
func newTLSPair(t testing.TB) (server *tlsConn, client *tls.Conn, sent *fedConn) {
	t.Helper()
	a, b := net.Pipe()
	t.Cleanup(func() { a.Close(); b.Close() })
	server = &tlsConn{Conn: b, hijacked: true, out: new([]byte)}
	config := newTLSConfig(t)
	config.SessionTicketsDisabled = true
	server.tls = tls.Server(server, config)
	sent = &fedConn{Conn: a}
	first := &struct{ net.Conn }{a}
	client = tls.Client(first, &tls.Config{InsecureSkipVerify: true})
	done := make(chan error, 1)
	go func() { done <- server.tls.Handshake() }()
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	first.Conn = sent
	server.Conn, server.hijacked = noConn{}, false
	return server, client, sent
}

// write has the client send p in one record or more, which arrive at the server.
func write(client *tls.Conn, sent *fedConn, server *tlsConn, p string) {
	io.WriteString(client, p)
	server.in = append(server.in, sent.sent...)
	sent.sent = sent.sent[:0]
}

// TestDecryptTakesWholeRecords, whatever their cuts are, and keeps nothing of a part.
func TestDecryptTakesWholeRecords(t *testing.T) {
	server, client, sent := newTLSPair(t)
	p := make([]byte, 100)
	for _, data := range []string{"a", "hello", "x"} {
		io.WriteString(client, data)
		for i := range sent.sent {
			server.in = sent.sent[:i]
			if n, err := server.decrypt(p); n != 0 || err != nil || server.more || len(server.in) != i {
				t.Fatalf("%d of %d bytes: decrypt returns %d, %v, more %t and leaves %d", i, len(sent.sent), n, err, server.more, len(server.in))
			}
		}
		server.in = sent.sent
		if n, err := server.decrypt(p); string(p[:n]) != data || err != nil || server.more || len(server.in) != 0 {
			t.Fatalf("decrypt returns %q, %v, more %t and leaves %d; want %q", p[:n], err, server.more, len(server.in), data)
		}
		sent.sent = nil
	}
}

// TestDecryptHasMore if there was no room, or if it has worked for some time.
func TestDecryptHasMore(t *testing.T) {
	server, client, sent := newTLSPair(t)
	write(client, sent, server, "hello")
	p := make([]byte, 100<<10)
	for _, want := range []string{"hel", "lo"} {
		if n, err := server.decrypt(p[:3]); string(p[:n]) != want || err != nil || server.more != (want == "hel") {
			t.Errorf("decrypt returns %q, %v, more %t; want %q", p[:n], err, server.more, want)
		}
	}
	for range 1000 {
		write(client, sent, server, "x")
	}
	total, turns := 0, 0
	for more := true; more; more = server.more {
		n, err := server.decrypt(p)
		if err != nil {
			t.Fatal(err)
		}
		total, turns = total+n, turns+1
	}
	if total != 1000 || turns < 3 || turns > 10 {
		t.Errorf("%d bytes in %d turns", total, turns)
	}
}

// TestEndOfTLSComesAfterTheData: a close_notify (RFC 8446 section 6.1) in the same segment.
func TestEndOfTLSComesAfterTheData(t *testing.T) {
	server, client, sent := newTLSPair(t)
	io.WriteString(client, "last")
	client.CloseWrite()
	server.in = sent.sent
	p := make([]byte, 100)
	if n, err := server.decrypt(p); string(p[:n]) != "last" || err != io.EOF || !server.more {
		t.Errorf("decrypt returns %q, %v, more %t", p[:n], err, server.more)
	}
	if n, err := server.decrypt(p); n != 0 || err != io.EOF || server.more {
		t.Errorf("and then %d, %v, more %t", n, err, server.more)
	}
}

// TestBrokenRecordIsAnsweredWithAnAlert (RFC 8446 section 6.2).
func TestBrokenRecordIsAnsweredWithAnAlert(t *testing.T) {
	for name, record := range map[string]string{
		"bad MAC":              "\x17\x03\x03\x00\x12123456789012345678",
		"too long":             "\x17\x03\x03\x48\x01",
		"not TLS":              "GET / HTTP/1.1\r\n",
		"an old version":       "\x17\x02\x00\x00\x05",
		"a handshake in clear": "\x16\x03\x03\x00\x04\x01\x00\x00\x00",
	} {
		server, _, _ := newTLSPair(t)
		server.in = []byte(record)
		n, err := server.decrypt(make([]byte, 100))
		if n != 0 || err == nil || err == io.EOF {
			t.Errorf("%s: decrypt returns %d, %v", name, n, err)
		}
		if len(*server.out) == 0 {
			t.Errorf("%s: no alert is sent", name)
		}
	}
}

// TestTLSAllocations: crypto/tls allocates a reader of 24 bytes for each record that it reads.
// Nothing else is allocated for a message.
func TestTLSAllocations(t *testing.T) {
	server, client, sent := newTLSPair(t)
	p := make([]byte, 1000)
	message := make([]byte, 64)
	n := testing.AllocsPerRun(100, func() {
		sent.sent, *server.out = sent.sent[:0], (*server.out)[:0]
		client.Write(message)
		server.in = sent.sent
		n, err := server.decrypt(p)
		if n != len(message) || err != nil {
			t.Fatal(n, err)
		}
		server.tls.Write(p[:n])
	})
	if n > 1 && !withRaceDetector { // which has pools forget
		t.Errorf("%v allocations a message, and at most 1 is crypto/tls's", n)
	}
}
