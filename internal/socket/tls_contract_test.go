package socket

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/wstest"
)

// echo answers with what it is given.
func echo(_, got string) (Step, int) { return Step{Write: []byte(got)}, 0 }

// eachDriverOverTLS runs a test with every driver over TLS, without session tickets.
func eachDriverOverTLS(t *testing.T, test func(s *served)) {
	eachDriverWith(t, func(c *Config) {
		if c.TLS != nil {
			c.TLS.SessionTicketsDisabled = true
		}
	}, func(s *served) {
		if s.tls {
			test(s)
		}
	})
}

// records opens a connection that is served with h, and does the TLS handshake.
func (s *served) records(h *scripted) *recordClient {
	s.Helper()
	return newRecordClient(s.T, s.dial(h).tcp)
}

// TestKeyUpdateIsAnswered (RFC 8446 section 4.6.3), even if no data follows.
func TestKeyUpdateIsAnswered(t *testing.T) {
	eachDriverOverTLS(t, func(s *served) {
		c := s.records(&scripted{answer: echo})
		c.send(c.record(dataRecord, "a"))
		c.expect(dataRecord, "a")
		for range 3 {
			c.send(c.record(handshakeRecord, keyUpdateAnswered))
			c.out.update()
			c.expect(handshakeRecord, keyUpdate)
			c.in.update()
			c.send(c.record(handshakeRecord, keyUpdate))
			c.out.update()
			c.send(c.record(dataRecord, "b"))
			c.expect(dataRecord, "b")
		}
	})
}

// TestKeyUpdatesBetweenData in one segment.
func TestKeyUpdatesBetweenData(t *testing.T) {
	eachDriverOverTLS(t, func(s *served) {
		const n = 200
		received := 0
		c := s.records(&scripted{answer: func(_, got string) (Step, int) {
			if received += len(got); received == n {
				return Step{Write: []byte("all")}, 0
			}
			return Step{}, 0
		}})
		var all strings.Builder
		for range n {
			all.WriteString(c.record(handshakeRecord, keyUpdate))
			c.out.update()
			all.WriteString(c.record(dataRecord, "x"))
		}
		c.send(all.String())
		c.expect(dataRecord, "all")
	})
}

// TestRecordsAndDataNeedNotMatch: many bytes in one record, few in many, and records in many
// segments.
func TestRecordsAndDataNeedNotMatch(t *testing.T) {
	eachDriverOverTLS(t, func(s *served) {
		want := strings.Repeat("0123456789", 4000)
		h := &scripted{answer: func(_, got string) (Step, int) {
			if strings.HasSuffix(got, ".") {
				return Step{Write: []byte(got[len(got)-10:])}, 0
			}
			return Step{}, len(got)
		}}
		c := s.records(h)
		c.send(c.record(dataRecord, want[:16<<10]) + c.record(dataRecord, want[16<<10:32<<10]) + c.record(dataRecord, want[32<<10:]+"."))
		c.expect(dataRecord, "123456789.")
		var many strings.Builder
		for _, b := range []byte(want[:3000] + ".") {
			many.WriteString(c.record(dataRecord, string(b)))
		}
		c.send(many.String())
		c.expect(dataRecord, "123456789.")
		for _, b := range []byte(c.record(dataRecord, want[:20]+".")) {
			c.send(string([]byte{b}))
		}
		c.expect(dataRecord, "123456789.")
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, call := range []string{"receive " + want + ".", "receive " + want[:3000] + ".", "receive " + want[:20] + "."} {
			if !slices.Contains(h.calls, call) {
				s.Errorf("no call is %.30q with %d bytes", call, len(call))
			}
		}
	})
}

// bytewise is a net.Conn that sends each byte on its own.
type bytewise struct{ net.Conn }

func (c bytewise) Write(p []byte) (n int, err error) {
	for n = 0; n < len(p) && err == nil; n++ {
		_, err = c.Conn.Write(p[n : n+1])
	}
	return n, err
}

// TestTLSHandshakeArrivesInParts, in every version.
func TestTLSHandshakeArrivesInParts(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		eachDriverOverTLS(t, func(s *served) {
			c := tls.Client(bytewise{s.dial(&scripted{answer: echo}).tcp}, &tls.Config{InsecureSkipVerify: true, MaxVersion: version})
			io.WriteString(c, "hello")
			s.expectRead(c, "hello")
		})
	}
}

// TestCloseNotifyIsSent before the end of TCP (RFC 8446 section 6.1), with the last bytes.
func TestCloseNotifyIsSent(t *testing.T) {
	for _, then := range []Action{Close, ShutDown} {
		eachDriverOverTLS(t, func(s *served) {
			c := s.records(&scripted{answer: func(string, string) (Step, int) { return Step{Write: []byte("bye"), Then: then}, 0 }})
			c.send(c.record(dataRecord, "a"))
			c.expect(dataRecord, "bye")
			c.expect(alertRecord, closeNotify)
		})
	}
}

// TestCloseNotifyIsTheEndOfInput, and so is the end of TCP between records.
func TestCloseNotifyIsTheEndOfInput(t *testing.T) {
	for _, end := range []func(c *recordClient){
		func(c *recordClient) { c.send(c.record(dataRecord, "last") + c.record(alertRecord, closeNotify)) },
		func(c *recordClient) { c.send(c.record(dataRecord, "last")); c.Conn.(*net.TCPConn).CloseWrite() },
	} {
		eachDriverOverTLS(t, func(s *served) {
			h := &scripted{last: []byte("end")}
			c := s.records(h)
			end(c)
			c.expect(dataRecord, "end")
			c.expect(alertRecord, closeNotify)
			h.expect(s.T, "receive last", "end", "closed")
		})
	}
}

// TestTruncatedRecordIsAnError: the end of TCP within a record.
func TestTruncatedRecordIsAnError(t *testing.T) {
	eachDriverOverTLS(t, func(s *served) {
		h := &scripted{}
		c := s.records(h)
		c.send(c.record(dataRecord, "last")[:10])
		c.Conn.(*net.TCPConn).CloseWrite()
		h.expect(s.T, "closed: "+io.ErrUnexpectedEOF.Error())
	})
}

// TestBrokenRecordsEndAConnection with an alert (RFC 8446 section 6.2).
func TestBrokenRecordsEndAConnection(t *testing.T) {
	for name, broken := range map[string]func(c *recordClient) string{
		"a bad tag":     func(c *recordClient) string { r := []byte(c.record(dataRecord, "a")); r[len(r)-1]++; return string(r) },
		"too long":      func(*recordClient) string { return "\x17\x03\x03\xff\xff" },
		"HTTP":          func(*recordClient) string { return "GET / HTTP/1.1\r\n\r\n" },
		"a ClientHello": func(c *recordClient) string { return c.record(handshakeRecord, "\x01\x00\x00\x00") },
		"many empty records": func(c *recordClient) (all string) {
			for range 20 {
				all += c.record(dataRecord, "")
			}
			return all
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachDriverOverTLS(t, func(s *served) {
				h := &scripted{}
				c := s.records(h)
				c.send(broken(c))
				if calls := h.expectEnd(s.T); !strings.HasPrefix(calls[0], "closed: ") {
					s.Errorf("the calls are %q", calls)
				}
			})
		})
	}
}

// TestUnfinishedMessageIsBounded: crypto/tls collects a message of up to 256 KiB, after the
// handshake too. No client needs as much.
func TestUnfinishedMessageIsBounded(t *testing.T) {
	const certificate = "\x0b\x03\xff\xff" // RFC 8446 section 4.4.2, of 256 KiB
	t.Run("first message", func(t *testing.T) {
		eachDriverOverTLS(t, func(s *served) {
			h := &scripted{}
			s.flood(s.dial(h).tcp, "\x16\x03\x01\x04\x00\x01\x00\xf0\x00"+strings.Repeat("a", 1020), "\x16\x03\x01\x04\x00"+strings.Repeat("a", 1024))
			h.expect(s.T, "closed: "+errMessage.Error())
		})
	})
	t.Run("during the handshake", func(t *testing.T) {
		eachDriverOverTLS(t, func(s *served) {
			h := &scripted{}
			c := s.dial(h).tcp
			s.send(c, clientHello(tls.VersionTLS12))
			readString(s.T, c, 100) // the server's first flight
			s.flood(c, "\x16\x03\x03\x04\x00"+certificate+strings.Repeat("a", 1020), "\x16\x03\x03\x04\x00"+strings.Repeat("a", 1024))
			h.expect(s.T, "closed: "+errMessage.Error())
		})
	})
	t.Run("after the handshake", func(t *testing.T) {
		eachDriverOverTLS(t, func(s *served) {
			h := &scripted{answer: echo}
			c := s.records(h)
			c.send(c.record(dataRecord, "a"))
			c.expect(dataRecord, "a")
			io.WriteString(c.Conn, c.record(handshakeRecord, certificate))
			for range 200 {
				io.WriteString(c.Conn, c.record(handshakeRecord, strings.Repeat("a", 1024)))
			}
			h.expect(s.T, "receive a", "closed: "+errMessage.Error())
		})
	})
}

// TestUnfinishedMessageOfAHijackedConnectionIsBounded, and a connection with data is not.
func TestUnfinishedMessageOfAHijackedConnectionIsBounded(t *testing.T) {
	eachDriverOverTLS(t, func(s *served) {
		h := &scripted{answer: func(string, string) (Step, int) { return Step{Then: Hijack}, 0 }}
		c := s.records(h)
		c.send(c.record(dataRecord, "a"))
		h.expect(s.T, "receive a", "hijacked ")
		defer h.hijacked.Close()
		for range 10 {
			c.send(c.record(dataRecord, strings.Repeat("b", 16<<10)))
			readString(s.T, h.hijacked, 16<<10)
		}
		go func() {
			for range 200 {
				io.WriteString(c.Conn, c.record(handshakeRecord, "\x0b\x03\xff\xff"+strings.Repeat("a", 1024)))
			}
		}()
		if n, err := h.hijacked.Read(make([]byte, 1)); err != errMessage {
			s.Errorf("read %d bytes, %v", n, err)
		}
	})
}

// flood sends a record and 200 times another one, or until the server ends the connection.
func (s *served) flood(c net.Conn, first, rest string) {
	io.WriteString(c, first)
	for range 200 {
		io.WriteString(c, rest)
	}
}

// TestSilenceBeforeDataIsAllowed: a large record after many messages and after padding (RFC
// 8446 section 5.4), again and again.
func TestSilenceBeforeDataIsAllowed(t *testing.T) {
	eachDriverOverTLS(t, func(s *served) {
		c := s.records(&scripted{answer: func(_, got string) (Step, int) {
			if strings.HasSuffix(got, ".") {
				return Step{Write: []byte("all")}, 0
			}
			return Step{}, len(got)
		}})
		for range 10 {
			for range 5 {
				c.send(c.record(handshakeRecord, keyUpdate))
				c.out.update()
			}
			c.send(c.padded("", 16<<10))
			c.send(c.record(dataRecord, strings.Repeat("a", 16<<10-1)+"."))
			c.expect(dataRecord, "all")
		}
	})
}

// TestNoTLSIsAnswered: a client that speaks something else, by its first bytes.
func TestNoTLSIsAnswered(t *testing.T) {
	eachDriverWith(t, func(c *Config) {
		c.NoTLS = func(first [5]byte) string { return "no TLS: " + string(first[:]) }
	}, func(s *served) {
		if s.tls {
			c := s.dial(&scripted{}).tcp
			s.send(c, "HELO\r\n")
			s.expectEnd(c, "no TLS: HELO\r")
		}
	})
}

// clientHello returns the first record of a client of that version, or an earlier one.
func clientHello(version uint16) string {
	return helloOf(&tls.Config{InsecureSkipVerify: true, MaxVersion: version})
}

// helloOf returns the first record of a client.
func helloOf(config *tls.Config) string {
	nobody, _ := net.Pipe()
	nobody.Close()
	first := &fedConn{Conn: nobody}
	tls.Client(first, config).Handshake() // fails after it
	return string(first.sent)
}

// TestTLSHandshakeEndsWithItsConnection, whichever side ends it, and how far it has come.
func TestTLSHandshakeEndsWithItsConnection(t *testing.T) {
	hello := clientHello(tls.VersionTLS13)
	for _, sent := range []string{"", hello[:3], hello[:100], hello} {
		eachDriverOverTLS(t, func(s *served) {
			h := &scripted{}
			c := s.dial(h).tcp
			s.send(c, sent)
			c.Close()
			h.expectEnd(s.T)
			waiting := s.dial(&scripted{}).tcp
			s.send(waiting, sent)
			if sent == hello {
				readString(s.T, waiting, 100) // the server's first flight
			}
			wstest.Eventually(s.T, "it is accepted", func() (accepted bool) {
				s.Each(func(Handler, int64) bool { accepted = true; return false })
				return accepted
			})
			s.Abort()
			if _, err := io.Copy(io.Discard, waiting); errors.Is(err, os.ErrDeadlineExceeded) {
				s.Errorf("read %v, want the end of input", err)
			}
		})
	}
}

// TestWhatPrecedesTLS is given to Receive first, and not a byte more is taken off.
func TestWhatPrecedesTLS(t *testing.T) {
	split := func(p []byte) (length int, more, ok bool) {
		if !bytes.HasPrefix(p, []byte("<")) {
			return 0, false, true
		}
		end := bytes.IndexByte(p, '>') + 1
		return end, end == 0, end > 0 || len(p) < 1000
	}
	for _, before := range []string{"", "<a>", "<" + strings.Repeat("a", 600) + ">"} {
		for _, cut := range []func(net.Conn) net.Conn{
			func(nc net.Conn) net.Conn { return nc },
			func(nc net.Conn) net.Conn { return bytewise{nc} },
		} {
			eachDriverWith(t, func(c *Config) { c.BeforeTLS = split }, func(s *served) {
				if !s.tls {
					return
				}
				h := &scripted{answer: func(_, got string) (Step, int) {
					if strings.HasSuffix(got, "!") {
						return Step{Write: []byte(got)}, 0
					}
					return Step{}, len(got)
				}}
				raw := cut(s.dial(h).tcp)
				c := tls.Client(&preceded{raw, before}, &tls.Config{InsecureSkipVerify: true})
				if c.Handshake(); before != "" {
					h.expectLast(s.T, func(call string) bool { return call == "receive "+before })
				}
				s.send(c, "hello!")
				s.expectRead(c, before+"hello!")
			})
		}
	}
	eachDriverWith(t, func(c *Config) { c.BeforeTLS = split }, func(s *served) {
		if s.tls {
			h := &scripted{}
			s.send(s.dial(h).tcp, "<"+strings.Repeat("a", 2000))
			if calls := h.expectEnd(s.T); calls[0] != "closed: "+errBeforeTLS.Error() {
				s.Errorf("the calls are %q", calls)
			}
		}
	})
}

// preceded is a net.Conn that sends something before the first bytes.
type preceded struct {
	net.Conn
	before string
}

func (c *preceded) Write(p []byte) (int, error) {
	_, err := c.Conn.Write(append([]byte(c.before), p...))
	c.before = ""
	return len(p), err
}
