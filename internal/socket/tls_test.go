package socket

import (
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
)

// lateConn is a client's net.Conn that sends its first write, and collects the others.
type lateConn struct {
	net.Conn
	writes int
	late   []byte
}

func (c *lateConn) Write(p []byte) (int, error) {
	if c.writes++; c.writes == 1 {
		return c.Conn.Write(p)
	}
	c.late = append(c.late, p...)
	return len(p), nil
}

// TestClearBytesEndWithApplicationData (RFC 8446 section 5.1), wherever the input is cut.
func TestClearBytesEndWithApplicationData(t *testing.T) {
	for _, test := range []struct {
		name, records string
		want          int32
	}{
		{"nothing", "", 0},
		{"a part of a header", "\x16\x03", 2},
		{"a part of a handshake record", "\x16\x03\x01\x01\x00abc", 8},
		{"a handshake record", "\x16\x03\x01\x00\x03abc", 8},
		{"two, and an empty one", "\x16\x03\x01\x00\x03abc\x16\x03\x03\x00\x00\x14\x03\x03\x00\x01\x01", 19},
		{"application data", "\x17\x03\x03\x00\x03abc", 0},
		{"application data in between", "\x16\x03\x03\x00\x01a\x17\x03\x03\x00\x01a\x16\x03\x03\x00\x01a", 6},
		{"a record with the type of data as its content", "\x16\x03\x03\x00\x02\x17\x17\x16", 8},
	} {
		for cut := range len(test.records) + 1 {
			var c clearBytes
			c.add([]byte(test.records[:cut]))
			c.add([]byte(test.records[cut:]))
			if c.n != test.want {
				t.Errorf("%s, cut at %d: %d, want %d", test.name, cut, c.n, test.want)
			}
		}
	}
}

// TestRequestWithTheEndOfTheHandshake does not make a handshake long, in TLS 1.3.
func TestRequestWithTheEndOfTheHandshake(t *testing.T) {
	const request = 2 * longHandshake
	eachDriverWith(t, func(c *Config) { c.MaxHandshakes = longShare }, func(s *served) {
		if !s.tls {
			return
		}
		s.stopClock() // so that none is dropped for its silence
		answer := func(_, got string) (Step, int) {
			if len(got) < request {
				return Step{}, len(got)
			}
			return Step{Write: []byte("all")}, 0
		}
		const n = 4
		var clients [n]*tls.Conn
		var late [n]*lateConn
		for i := range clients {
			late[i] = &lateConn{Conn: s.dial(&scripted{answer: answer}).tcp}
			clients[i] = tls.Client(late[i], &tls.Config{InsecureSkipVerify: true})
			if err := clients[i].Handshake(); err != nil {
				s.Fatal(err)
			}
			io.WriteString(clients[i], strings.Repeat("x", request-1))
		}
		for _, l := range late {
			s.send(l.Conn, string(l.late))
		}
		for i, client := range clients {
			late[i].writes = 0 // so that the next is sent
			io.WriteString(client, "x")
			s.expectRead(client, "all")
		}
	})
}
