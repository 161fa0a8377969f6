package service

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// maxBodyEcho is how much of a request's body comes back, in bytes. What is behind it is
// read and counted, and kept nowhere.
const maxBodyEcho = 64 << 10

// httpEcho is the answer to a plain HTTP request: what arrived of it. With curl on the other
// side, the difference is what lies between.
type httpEcho struct {
	Method   string      `json:"method"`
	Target   string      `json:"target"` // as sent
	Protocol string      `json:"protocol"`
	Path     string      `json:"path"` // decoded
	Query    []nameValue `json:"query"`
	Host     string      `json:"host"`
	Headers  []nameValue `json:"headers"`
	Body     bodyEcho    `json:"body"`
	Remote   string      `json:"remote"`
	TLS      *tlsEcho    `json:"tls"` // null is none
	identity
}

// bodyEcho is the body of a request.
type bodyEcho struct {
	Size   int64  `json:"size"` // of what arrived, in bytes
	Text   string `json:"text,omitempty"`
	Base64 string `json:"base64,omitempty"` // of what is not UTF-8
	Cut    string `json:"cut,omitempty"`
	Error  string `json:"error,omitempty"`
}

// tlsEcho is what client and server, or the last proxy, have agreed on.
type tlsEcho struct {
	Version    string `json:"version"`
	Cipher     string `json:"cipher"`
	ServerName string `json:"serverName"` // SNI; "" is none
	ALPN       string `json:"alpn"`       // "" is none
}

// echoHTTP answers a request with what arrived of it.
func (s *Service) echoHTTP(w http.ResponseWriter, r *http.Request) {
	if s.preflight(w, r) {
		return
	}
	nc := r.Context().Value(connKey{}).(*replayConn)
	request := nc.request()
	echo := httpEcho{
		Method: request.Method, Target: request.Target, Protocol: request.Proto,
		Path: r.URL.Path, Query: decodeQuery(r.URL.RawQuery), Host: r.Host, Headers: mirrored(&request),
		Body: readBody(r.Body), Remote: r.RemoteAddr, TLS: tlsOf(nc.Conn), identity: s.identity,
	}
	var out []byte
	contentType := "application/json"
	if wantsText(r.Header.Values("Accept")) {
		contentType, out = "text/plain; charset=utf-8", echo.appendText(nil)
	} else {
		out = encodeJSON(echo, "  ")
	}
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("X-Content-Type-Options", "nosniff") // it has what the request's author likes
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept, Origin")
	h.Set("Content-Length", strconv.Itoa(len(out))) // for HEAD too
	if echo.Body.Error != "" {
		w.WriteHeader(http.StatusBadRequest)
	}
	w.Write(out) // the client has gone when this fails
}

// preflight lets pages read the echo whose origins may open a WebSocket, and answers when
// that is all that a request asks. Credentials are never allowed: browsers then send no
// cookies of theirs to an echo that another site's page reads.
func (s *Service) preflight(w http.ResponseWriter, r *http.Request) (answered bool) {
	origin, h := r.Header.Get("Origin"), w.Header()
	if origin == "" || !s.policy.AllowsOrigin(origin) {
		return false
	}
	if s.policy.AnyOrigin {
		origin = "*"
	}
	h.Set("Access-Control-Allow-Origin", origin)
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "*")
	h.Set("Access-Control-Allow-Headers", "*, Authorization") // which the * has not
	h.Set("Access-Control-Max-Age", "600")
	h.Set("Vary", "Origin")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// readBody reads a body to its end. The time for that is the server's.
func readBody(body io.Reader) (echo bodyEcho) {
	beginning, err := io.ReadAll(io.LimitReader(body, maxBodyEcho))
	echo.Size = int64(len(beginning))
	if err == nil {
		var rest int64
		rest, err = io.Copy(io.Discard, body)
		echo.Size += rest
	}
	if err != nil {
		echo.Error = fmt.Sprintf("the body ended after %d bytes: %v", echo.Size, err)
	}
	text := beginning
	if echo.Size > maxBodyEcho {
		echo.Cut = fmt.Sprintf("only its first %d bytes are here, the limit of this server", maxBodyEcho)
		text = wholeCharacters(beginning)
	}
	if utf8.Valid(text) {
		echo.Text = string(text)
	} else {
		echo.Base64 = base64.StdEncoding.EncodeToString(beginning)
	}
	return echo
}

// wholeCharacters is p without the character at its end, if only a part of that is there.
func wholeCharacters(p []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(p); i++ {
		if last := p[len(p)-i:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				return p[:len(p)-i]
			}
			break
		}
	}
	return p
}

// decodeQuery takes a query apart, in its order. What is not well made stays as it was sent.
func decodeQuery(query string) []nameValue {
	list := []nameValue{}
	decode := func(s string) string {
		if decoded, err := url.QueryUnescape(s); err == nil {
			return decoded
		}
		return s
	}
	for part := range strings.SplitSeq(query, "&") {
		if part != "" {
			name, value, _ := strings.Cut(part, "=")
			list = append(list, nameValue{decode(name), decode(value)})
		}
	}
	return list
}

// tlsOf is the TLS of a connection, nil when it has none.
func tlsOf(nc net.Conn) *tlsEcho {
	c, ok := nc.(interface{ ConnectionState() tls.ConnectionState })
	if !ok {
		return nil
	}
	state := c.ConnectionState()
	return &tlsEcho{tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite), state.ServerName, state.NegotiatedProtocol}
}

// wantsText says whether Accept names text/plain before application/json. Weights do not count.
func wantsText(accept []string) bool {
	for element := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		mediaType, _, _ := strings.Cut(element, ";")
		switch strings.ToLower(strings.TrimSpace(mediaType)) {
		case "text/plain":
			return true
		case "application/json":
			return false
		}
	}
	return false
}

// appendText appends the echo as lines of a name and a value. There are no colours, with
// NO_COLOR or without.
func (e *httpEcho) appendText(dst []byte) []byte {
	line := func(name, value string) { dst = fmt.Appendf(dst, "%s: %s\n", name, oneLine(value)) }
	line("method", e.Method)
	line("target", e.Target)
	line("protocol", e.Protocol)
	line("path", e.Path)
	for _, part := range e.Query {
		line("query "+oneLine(part.Name), part.Value)
	}
	line("host", e.Host)
	for _, field := range e.Headers {
		line("header "+field.Name, field.Value)
	}
	line("body size", strconv.FormatInt(e.Body.Size, 10))
	for _, part := range []nameValue{{"text", e.Body.Text}, {"base64", e.Body.Base64}, {"cut", e.Body.Cut}, {"error", e.Body.Error}} {
		if part.Value != "" {
			line("body "+part.Name, part.Value)
		}
	}
	line("remote", e.Remote)
	if e.TLS == nil {
		line("tls", "none")
	} else {
		line("tls", fmt.Sprintf("%s %s, SNI %q, ALPN %q", e.TLS.Version, e.TLS.Cipher, e.TLS.ServerName, e.TLS.ALPN))
	}
	line("pod", e.Pod)
	if e.Node != "" {
		line("node", e.Node)
	}
	if e.Namespace != "" {
		line("namespace", e.Namespace)
	}
	line("version", e.Version)
	return dst
}

// oneLine quotes what would not show as one line.
func oneLine(s string) string {
	for _, r := range s {
		if r == utf8.RuneError || !strconv.IsPrint(r) {
			return strconv.Quote(s)
		}
	}
	return s
}

// encodeJSON encodes a value that can be encoded, with a line end. Its < and & stay
// readable: no answer with it is HTML.
func encodeJSON(v any, indent string) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	encoder.Encode(v)
	return b.Bytes()
}

// connKey is the key of a request's connection in its context.
type connKey struct{}

// withConn puts the connection into the context of its request.
func withConn(ctx context.Context, nc net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, nc)
}

// request is the first request, as it arrived: net/http sorts and drops header fields.
func (c *replayConn) request() wsproto.Request {
	var head wsproto.Head
	n, _ := head.Scan(c.first) // both have accepted it before
	r, _ := wsproto.ParseRequest(c.first[:n])
	return r
}
