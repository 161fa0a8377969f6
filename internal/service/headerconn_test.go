package service

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"
)

// pieces is a connection that has input.
type pieces struct {
	net.Conn
	io.Reader
}

func (p pieces) Read(b []byte) (int, error) { return p.Reader.Read(b) }

// TestHeaderConn: the header is taken off, and not a byte more, however the input arrives.
func TestHeaderConn(t *testing.T) {
	long := "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x04\x00" + strings.Repeat("x", 1024)
	for _, header := range []string{"", proxyV1, proxyV2, long} {
		const rest = "\x16\x03\x01rest"
		for name, reader := range map[string]io.Reader{
			"whole":   strings.NewReader(header + rest),
			"bytes":   iotest.OneByteReader(strings.NewReader(header + rest)),
			"dataEOF": iotest.DataErrReader(iotest.OneByteReader(strings.NewReader(header + rest))),
		} {
			c := &headerConn{Conn: pieces{Reader: reader}}
			got, err := io.ReadAll(iotest.OneByteReader(c))
			if err != nil || string(got) != rest || string(c.header) != header {
				t.Errorf("%s of %q: read %q, %v after the header %q", name, header, got, err, c.header)
			}
		}
	}
}

func TestHeaderConnErrors(t *testing.T) {
	failure := errors.New("failure")
	for _, test := range []struct {
		in   io.Reader
		want error
	}{
		{strings.NewReader(proxyV1[:10]), io.EOF},
		{io.MultiReader(strings.NewReader(proxyV2[:20]), iotest.ErrReader(failure)), failure},
		{bytes.NewReader([]byte("\r\n\r\n\x00\r\nQUIT\n\x21\x11\xff\xff")), errProxyHeader},
	} {
		c := &headerConn{Conn: pieces{Reader: test.in}}
		if n, err := c.Read(make([]byte, 10)); n != 0 || err != test.want {
			t.Errorf("read %d bytes, %v; want %v", n, err, test.want)
		}
	}
}
