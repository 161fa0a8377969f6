package probe

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"time"
)

// After a failed handshake, the probe tries other protocols on the port. One that works shows
// the cause. Each takes one connection, and none has side effects.

// followUpTimeout bounds each of them.
const followUpTimeout = 2 * time.Second

// host returns the value of the Host field.
func (t *Target) host() string { return cmp.Or(t.Host, t.URL.Host) }

// address returns the address to dial.
func (t *Target) address() string {
	port := t.URL.Port()
	if port == "" {
		port = map[string]string{"ws": "80", "wss": "443"}[t.URL.Scheme]
	}
	return net.JoinHostPort(t.URL.Hostname(), port)
}

// ask sends a request on a new connection and returns the beginning of the answer: what
// arrives until the server ends the connection, or for a second after the first bytes.
// preamble is sent before TLS. config is ignored for ws.
func (t *Target) ask(ctx context.Context, preamble []byte, config *tls.Config, request []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, min(followUpTimeout, t.Timeout))
	defer cancel()
	nc, err := t.DialContext(ctx, "tcp", t.address())
	if err != nil {
		return nil, err
	}
	defer nc.Close()
	deadline, _ := ctx.Deadline()
	nc.SetDeadline(deadline)
	if _, err := nc.Write(preamble); err != nil && len(preamble) > 0 {
		return nil, err
	}
	if t.URL.Scheme == "wss" {
		config = config.Clone()
		config.ServerName = cmp.Or(config.ServerName, t.serverName())
		secure := tls.Client(nc, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		nc = secure
	}
	go nc.Write(request) // a server may answer, and stop reading, before it has all of it
	var answer bytes.Buffer
	_, err = io.CopyN(&answer, nc, 1)
	if err == nil {
		if soon := time.Now().Add(time.Second); soon.Before(deadline) {
			nc.SetReadDeadline(soon)
		}
		_, err = io.Copy(&answer, io.LimitReader(nc, 64<<10))
	}
	return answer.Bytes(), err
}

// answerStatus returns the status code of an answer, as three digits, or "" if it is not HTTP.
func answerStatus(answer []byte) string {
	line := parseHead(answer).line
	if _, rest, found := strings.Cut(line, " "); found && strings.HasPrefix(line, "HTTP/") && len(rest) >= 3 {
		return rest[:3]
	}
	return ""
}

// handshakeRequest returns a minimal opening handshake (RFC 6455 section 4.1).
func (t *Target) handshakeRequest() []byte {
	return []byte("GET " + t.URL.RequestURI() + " HTTP/1.1\r\nHost: " + t.host() +
		"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHByb2JlJ3Mga2V5IQ==\r\n\r\n")
}

// speaksTLS reports whether the port of a ws URL completes a TLS handshake.
func (t *Target) speaksTLS(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, min(followUpTimeout, t.Timeout))
	defer cancel()
	nc, err := t.DialContext(ctx, "tcp", t.address())
	if err != nil {
		return false
	}
	defer nc.Close()
	return tls.Client(nc, &tls.Config{InsecureSkipVerify: true, ServerName: t.serverName()}).HandshakeContext(ctx) == nil
}

// http2Preface is the client's connection preface: the fixed text and an empty SETTINGS frame
// (RFC 9113 section 3.4).
const http2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"

// speaksHTTP2 reports whether the port answers HTTP/2 with prior knowledge.
func (t *Target) speaksHTTP2(ctx context.Context) bool {
	config := t.TLS.Clone()
	config.NextProtos = []string{"h2"}
	answer, _ := t.ask(ctx, nil, config, []byte(http2Preface))
	return isHTTP2(answer)
}

// isHTTP2 reports whether bytes begin with a SETTINGS frame, the server's connection preface.
func isHTTP2(p []byte) bool { return len(p) >= 9 && p[0] == 0 && p[3] == 4 && p[5]|p[6]|p[7]|p[8] == 0 }

// proxyHeader is a header of the PROXY protocol, version 1.
const proxyHeader = "PROXY TCP4 127.0.0.1 127.0.0.1 40000 80\r\n"

// wantsProxyHeader reports whether the port answers HTTP once a PROXY protocol header is sent.
func (t *Target) wantsProxyHeader(ctx context.Context) bool {
	answer, _ := t.ask(ctx, []byte(proxyHeader), t.TLS, t.handshakeRequest())
	status := answerStatus(answer)
	return status != "" && status != "400"
}

// acceptsBareHandshake reports whether a handshake without additional fields succeeds.
func (t *Target) acceptsBareHandshake(ctx context.Context) bool {
	answer, _ := t.ask(ctx, nil, t.TLS, t.handshakeRequest())
	return answerStatus(answer) == "101"
}

// isHealthPort reports whether /metrics of the port is that of an echosvc. Its WebSocket port has
// none: it echoes the request.
func (t *Target) isHealthPort(ctx context.Context) bool {
	answer, _ := t.ask(ctx, nil, t.TLS, []byte("GET /metrics HTTP/1.1\r\nHost: "+t.host()+"\r\nConnection: close\r\n\r\n"))
	return answerStatus(answer) == "200" && bytes.Contains(answer, []byte("\n# TYPE echosvc_"))
}
