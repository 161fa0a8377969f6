package socket

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
)

// TestTLSErrors: what crypto/tls reports of clients that cannot complete a handshake.
func TestTLSErrors(t *testing.T) {
	server := newTLSConfig(t)
	server.NextProtos = []string{"http/1.1"}
	server.MinVersion = tls.VersionTLS12
	speak := func(change func(*tls.Config)) func(net.Conn) {
		return func(nc net.Conn) {
			config := &tls.Config{InsecureSkipVerify: true}
			change(config)
			tls.Client(nc, config).Handshake()
			nc.Close()
		}
	}
	send := func(bytes string) func(net.Conn) {
		return func(nc net.Conn) {
			io.WriteString(nc, bytes)
			nc.Close()
		}
	}
	for name, test := range map[string]struct {
		client func(net.Conn)
		want   TLSError
	}{
		"plain HTTP": {send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), TLSNone},
		"TLS 1.1":    {speak(func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }), TLSVersion},
		"no common cipher suite": {speak(func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_RC4_128_SHA}
		}), TLSCipher},
		"HTTP/2 only":                  {speak(func(c *tls.Config) { c.NextProtos = []string{"h2"} }), TLSProtocol},
		"a certificate of nobody, 1.3": {speak(func(c *tls.Config) { c.InsecureSkipVerify, c.ServerName = false, "localhost" }), TLSCertificate},
		"a certificate of nobody, 1.2": {speak(func(c *tls.Config) { c.InsecureSkipVerify, c.ServerName, c.MaxVersion = false, "a", tls.VersionTLS12 }), TLSCertificate},
		"an alert in the clear, 1.3": {func(nc net.Conn) {
			io.WriteString(nc, clientHello(tls.VersionTLS13))
			nc.Read(make([]byte, 16<<10)) // the message of the server with its certificate
			go io.Copy(io.Discard, nc)
			io.WriteString(nc, "\x15\x03\x03\x00\x02\x02\x30") // fatal, unknown_ca (RFC 8446 section 6.2)
		}, TLSCertificate},
		"nothing":                        {send(""), TLSClosed},
		"an end within a record":         {send("\x16\x03\x01\x01\x00\x01"), TLSClosed},
		"an alert: internal error":       {send("\x15\x03\x01\x00\x02\x02\x50"), TLSAlert},
		"application data, no handshake": {send("\x17\x03\x01\x00\x01a"), TLSNone},
		"the message of a server":        {send("\x16\x03\x01\x00\x04\x0e\x00\x00\x00"), TLSOther},
	} {
		client, nc := net.Pipe()
		go test.client(client)
		err := tls.Server(nc, server).Handshake()
		nc.Close()
		if err == nil {
			t.Errorf("%s: the handshake succeeds", name)
		} else if got := tlsErrorOf(err); got != test.want {
			t.Errorf("%s: %v is %v, want %v", name, err, got, test.want)
		}
	}
	for err, want := range map[error]TLSError{
		errTLSHandshake: TLSTimeout, ErrHandshakes: TLSTimeout,
		os.NewSyscallError("read", syscall.ECONNRESET): TLSClosed, fmt.Errorf("anything"): TLSOther,
	} {
		if got := tlsErrorOf(err); got != want {
			t.Errorf("%v is %v, want %v", err, got, want)
		}
	}
}

// TestTLSFailuresAreCounted once each, and complete handshakes never.
func TestTLSFailuresAreCounted(t *testing.T) {
	hello := clientHello(tls.VersionTLS13)
	eachDriverOverTLS(t, func(s *served) {
		complete := s.records(&scripted{answer: echo})
		complete.send(complete.record(dataRecord, "a"))
		complete.expect(dataRecord, "a")
		for _, test := range []struct {
			sent string
			want TLSError
		}{{"", TLSClosed}, {hello[:100], TLSClosed}, {hello, TLSClosed}, {"HELO\r\n", TLSNone}} {
			h := &scripted{}
			c := s.dial(h).tcp
			s.send(c, test.sent)
			c.Close()
			h.expectEnd(s.T)
			if got := <-s.tlsFailures; got != test.want {
				s.Errorf("after %d bytes: %v, want %v", len(test.sent), got, test.want)
			}
		}
		if len(s.tlsFailures) > 0 {
			s.Errorf("one more failure: %v", <-s.tlsFailures)
		}
	})
}

// TestTLSHandshakeThatMakesRoomIsCounted as one that took too long.
func TestTLSHandshakeThatMakesRoomIsCounted(t *testing.T) {
	eachDriverWith(t, func(c *Config) { c.MaxSockets = 1 }, func(s *served) {
		if !s.tls {
			return
		}
		h := &scripted{}
		s.dial(h)
		s.expectRead(s.dial(&scripted{opened: Step{Write: []byte("hi")}}), "hi")
		h.expect(s.T, dropped)
		select {
		case got := <-s.tlsFailures:
			if got != TLSTimeout {
				s.Errorf("it is counted as %v, want %v", got, TLSTimeout)
			}
		default:
			s.Error("it is not counted")
		}
	})
}
