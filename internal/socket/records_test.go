package socket

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

// Types of records (RFC 8446 section 5.1), and messages after the handshake.
const (
	alertRecord     = 21
	handshakeRecord = 22
	dataRecord      = 23

	closeNotify       = "\x01\x00"             // section 6.1
	keyUpdateAnswered = "\x18\x00\x00\x01\x01" // section 4.6.3: update_requested
	keyUpdate         = "\x18\x00\x00\x01\x00"
)

// recordClient is a client of TLS 1.3 that sends and receives the records that a test asks
// for, which crypto/tls does not do.
type recordClient struct {
	*testing.T
	net.Conn
	in, out halfKey
}

// halfKey protects the records of one direction (RFC 8446 sections 5.2, 7.2 and 7.3).
type halfKey struct {
	secret []byte
	seq    uint64
	aead   cipher.AEAD
	iv     []byte
}

func expand(secret []byte, label string, length int) []byte {
	label = "tls13 " + label
	info := fmt.Sprintf("%c%c%c%s\x00", length>>8, length, len(label), label)
	out, err := hkdf.Expand(sha256.New, secret, info, length)
	if err != nil {
		panic(err)
	}
	return out
}

func newHalfKey(secret []byte) halfKey {
	block, err := aes.NewCipher(expand(secret, "key", 16))
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return halfKey{secret: secret, aead: aead, iv: expand(secret, "iv", 12)}
}

// update is what follows a KeyUpdate.
func (k *halfKey) update() { *k = newHalfKey(expand(k.secret, "traffic upd", 32)) }

func (k *halfKey) nonce() []byte {
	nonce := bytes.Clone(k.iv)
	binary.BigEndian.PutUint64(nonce[4:], binary.BigEndian.Uint64(nonce[4:])^k.seq)
	k.seq++
	return nonce
}

// record returns the next record, with one message or with data.
func (c *recordClient) record(kind byte, data string) string {
	return c.seal(append([]byte(data), kind))
}

// padded returns the next record, with data and that many bytes of padding.
func (c *recordClient) padded(data string, padding int) string {
	return c.seal(append([]byte(data+string(rune(dataRecord))), make([]byte, padding)...))
}

// seal returns the next record (RFC 8446 section 5.2).
func (c *recordClient) seal(inner []byte) string {
	header := []byte{dataRecord, 3, 3, 0, 0}
	binary.BigEndian.PutUint16(header[3:], uint16(len(inner)+16))
	return string(header) + string(c.out.aead.Seal(nil, c.out.nonce(), inner, header))
}

// send sends bytes in one segment.
func (c *recordClient) send(p string) {
	c.Helper()
	if _, err := io.WriteString(c.Conn, p); err != nil {
		c.Fatal(err)
	}
}

// expect receives a record and compares it.
func (c *recordClient) expect(kind byte, data string) {
	c.Helper()
	header := []byte(readString(c.T, c.Conn, recordHeaderSize))
	sealed := readString(c.T, c.Conn, int(binary.BigEndian.Uint16(header[3:])))
	inner, err := c.in.aead.Open(nil, c.in.nonce(), []byte(sealed), header)
	if err != nil {
		c.Fatal(err)
	}
	if got := string(inner[:len(inner)-1]); inner[len(inner)-1] != kind || got != data {
		c.Fatalf("received a record of type %d with %q, want %d with %q", inner[len(inner)-1], got, kind, data)
	}
}

const recordHeaderSize = 5

// newRecordClient does the handshake on a connection.
func newRecordClient(t *testing.T, nc net.Conn) *recordClient {
	t.Helper()
	var log bytes.Buffer
	client := tls.Client(nc, &tls.Config{InsecureSkipVerify: true, KeyLogWriter: &log, MinVersion: tls.VersionTLS13})
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	if suite := client.ConnectionState().CipherSuite; suite != tls.TLS_AES_128_GCM_SHA256 {
		t.Skipf("crypto/tls chose %s, and the test has AES", tls.CipherSuiteName(suite))
	}
	c := &recordClient{T: t, Conn: nc}
	for line := range strings.Lines(log.String()) {
		fields := strings.Fields(line)
		secret, err := hex.DecodeString(fields[2])
		switch {
		case err != nil:
			t.Fatal(err)
		case fields[0] == "CLIENT_TRAFFIC_SECRET_0":
			c.out = newHalfKey(secret)
		case fields[0] == "SERVER_TRAFFIC_SECRET_0":
			c.in = newHalfKey(secret)
		}
	}
	return c
}

// fedConn is a client's net.Conn that collects what the client sends.
type fedConn struct {
	net.Conn
	sent []byte
}

func (c *fedConn) Write(p []byte) (int, error) {
	c.sent = append(c.sent, p...)
	return len(p), nil
}
