package peers

import (
	"crypto/tls"
	"net"
	"path/filepath"
)

// Names of the files with the certificate and its key, in PEM, as wstest.NewCertificate has them.
const (
	CertFile = "tls.crt"
	KeyFile  = "tls.key"
)

// tlsBuffer is the size of the longest TLS record's content, in bytes (RFC 8446 section 5.1).
const tlsBuffer = 16 << 10

// serveTLS echoes bytes over crypto/tls without WebSocket, with one goroutine for each connection.
// dir has the certificate.
func serveTLS(addr, dir string) error {
	cert, err := tls.LoadX509KeyPair(filepath.Join(dir, CertFile), filepath.Join(dir, KeyFile))
	if err != nil {
		return err
	}
	ln, err := tls.Listen("tcp", addr, &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		return err
	}
	for {
		conn, err := ln.Accept()
		if err != nil {
			return err
		}
		go echoTLS(conn)
	}
}

func echoTLS(conn net.Conn) {
	defer conn.Close()
	p := make([]byte, tlsBuffer)
	for {
		n, err := conn.Read(p)
		if err != nil {
			return
		}
		if _, err := conn.Write(p[:n]); err != nil {
			return
		}
	}
}
