package socket

import (
	"bytes"
	"crypto/tls"
	"encoding/hex"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/wstest"
)

// runLoopOverTLS runs a test with the loop driver over TLS, without session tickets.
func runLoopOverTLS(t *testing.T, test func(s *served)) {
	run(t, "loop over TLS", newDriver["loop"], func(c *Config) {
		c.TLS = newTLSConfig(t)
		c.TLS.SessionTicketsDisabled = true
		c.Account = budget.NewAccount(1 << 40)
	}, test)
}

// TestRecordsAfterTheHandshakeAreOnTheAccount: a part of a record that arrived with the last
// message of the handshake.
func TestRecordsAfterTheHandshakeAreOnTheAccount(t *testing.T) {
	runLoopOverTLS(t, func(s *served) {
		raw := s.dial(&scripted{answer: echo}).tcp
		late := &lateConn{Conn: raw}
		client := tls.Client(late, &tls.Config{InsecureSkipVerify: true})
		if err := client.Handshake(); err != nil {
			s.Fatal(err)
		}
		io.WriteString(client, "hello")
		s.send(raw, string(late.late)+"\x17\x03\x03")
		s.expectRead(client, "hello")
		wstest.Eventually(s.T, "the part of a record is on the account", func() bool { return s.account.HeldBy(budget.Buffers) > 0 })
	})
}

// TestTLSHandshakeIsShedForItsRecords once it has stalled for a second, and not before.
func TestTLSHandshakeIsShedForItsRecords(t *testing.T) {
	runLoopOverTLS(t, func(s *served) {
		s.stopClock()
		h := &scripted{answer: func(string, string) (Step, int) { return Step{Then: Close}, 0 }}
		s.send(s.dial(h).tcp, clientHello(tls.VersionTLS13)[:100])
		wstest.Eventually(s.T, "the records are on the account", func() bool { return s.account.HeldBy(budget.Buffers) > 0 })
		s.stopped.Add(int64(shedStall) - 1)
		if n := s.Shed(1<<40, ShedStalled); n != 0 {
			s.Errorf("%d are shed before they have stalled", n)
		}
		s.stopped.Add(1)
		if n := s.Shed(1<<40, ShedStalled); n != 1 {
			s.Errorf("%d are shed, want 1", n)
		}
		h.expect(s.T, "shed", "closed: "+errTLSHandshake.Error())
	})
}

// TestLongHandshakesWaitForEachOther, and not with the others.
func TestLongHandshakesWaitForEachOther(t *testing.T) {
	eachDriverWith(t, func(c *Config) { c.Account = budget.NewAccount(1 << 40) }, func(s *served) {
		if !s.tls {
			return
		}
		var turns turns
		switch d := s.driver.(type) {
		case *Loop:
			turns = d.handshakeTurns.long
		case *Portable:
			turns = d.handshakeTurns.long
		}
		for range cap(turns) {
			turns.take()
		}
		waiting := s.dial(&scripted{}).tcp
		s.send(waiting, helloOf(longHello(tls.VersionTLS13, 100)))
		wstest.Eventually(s.T, "the ClientHello is on the account", func() bool {
			return s.account.HeldBy(budget.Buffers) >= takenByHandshake(14<<10)
		})
		for range 3 {
			s.expectRead(s.dial(&scripted{opened: Step{Write: []byte("hi")}}), "hi")
		}
		raw, err := waiting.SyscallConn()
		if err != nil {
			s.Fatal(err)
		}
		raw.Control(func(fd uintptr) {
			if n := unreadBytes(int(fd)); n != 0 {
				s.Errorf("the client has %d bytes of an answer before the turn", n)
			}
		})
		turns.giveBack()
		readString(s.T, waiting, 100) // the server's first flight
	})
}

// TestPaddedFinishedIsOnTheAccount: a record of the handshake may be padded (RFC 8446 section 5.4), and
// crypto/tls keeps a buffer for the largest.
func TestPaddedFinishedIsOnTheAccount(t *testing.T) {
	const size = 16 << 10
	runLoopOverTLS(t, func(s *served) {
		var log bytes.Buffer
		padding := &paddingConn{Conn: s.dial(&scripted{answer: echo}).tcp, keys: &log, size: size}
		client := tls.Client(padding, &tls.Config{InsecureSkipVerify: true, KeyLogWriter: &log})
		if err := client.Handshake(); err != nil {
			s.Fatal(err)
		}
		if suite := client.ConnectionState().CipherSuite; suite != tls.TLS_AES_128_GCM_SHA256 {
			s.Skipf("crypto/tls chose %s, and the test has AES", tls.CipherSuiteName(suite))
		}
		io.WriteString(client, "hi")
		s.expectRead(client, "hi")
		if held := s.account.HeldBy(budget.Buffers); held < size || held > 4*size {
			s.Errorf("%d bytes are on the account", held)
		}
	})
}

// paddingConn is a client's net.Conn that pads the first record of application data, which is the
// client's Finished.
type paddingConn struct {
	net.Conn
	keys   *bytes.Buffer // a key log
	size   int
	padded bool
}

func (c *paddingConn) Write(p []byte) (int, error) {
	n := len(p)
	if p[0] == 20 { // change_cipher_spec, and Finished
		p = p[nextRecord(p):]
	}
	if len(p) == 0 || p[0] != dataRecord || c.padded {
		c.Conn.Write(p)
		return n, nil
	}
	c.padded = true
	var secret []byte
	for line := range strings.Lines(c.keys.String()) {
		if fields := strings.Fields(line); fields[0] == "CLIENT_HANDSHAKE_TRAFFIC_SECRET" {
			secret, _ = hex.DecodeString(fields[2])
		}
	}
	key := newHalfKey(secret)
	plain, err := key.aead.Open(nil, key.iv, p[recordHeader:], p[:recordHeader])
	if err != nil {
		return n, nil // another cipher suite, for which the test is skipped
	}
	plain = append(plain, make([]byte, c.size-len(plain))...)
	sealed := len(plain) + key.aead.Overhead()
	header := []byte{dataRecord, 3, 3, byte(sealed >> 8), byte(sealed)}
	c.Conn.Write(key.aead.Seal(header, key.iv, plain, header))
	return n, nil
}
