package httpecho

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/echosvc/echosvc/internal/requestinfo"
	"github.com/echosvc/echosvc/internal/respond"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// echo is the response to a plain HTTP request: the request as it arrived.
type echo struct {
	Method   string                  `json:"method"`
	Target   string                  `json:"target"` // as received
	Protocol string                  `json:"protocol"`
	Path     string                  `json:"path"` // decoded
	Query    []requestinfo.NameValue `json:"query"`
	Omitted  int                     `json:"queryOmitted,omitempty"` // parameters beyond maxParameters
	Host     string                  `json:"host"`
	Headers  []requestinfo.NameValue `json:"headers"`
	Hidden   string                  `json:"hidden,omitempty"` // which values of header fields are hidden, and why
	Body     body                    `json:"body"`
	Remote   string                  `json:"remote"`
	Client   string                  `json:"client,omitempty"` // behind proxies
	TLS      *tlsState               `json:"tls"`              // null without TLS
	requestinfo.Identity
}

// tlsState is the outcome of the TLS handshake with the client, or with the last proxy.
type tlsState struct {
	Version    string `json:"version"`
	Cipher     string `json:"cipher"`
	ServerName string `json:"serverName"` // SNI; may be empty
	ALPN       string `json:"alpn"`       // may be empty
}

// echoHandler answers a request with the request as it arrived.
type echoHandler struct {
	policy   *wsproto.Policy
	identity requestinfo.Identity
	headers  *requestinfo.Filter
	status   int // that a control asks for, or 0
}

// maxParameters is how many parameters of a query are listed. In JSON a short one takes 60 bytes.
const maxParameters = 256

func (e echoHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if e.allowOrigin(w, r) {
		return
	}
	nc := r.Context().Value(connKey{}).(*replayConn)
	held := charge{account: nc.requests.Account}
	defer held.release()
	content, err := readBody(r.Body, &held)
	switch err {
	case errNoMemory:
		held.refuse(w)
		return
	case errGone:
		w.WriteHeader(http.StatusBadRequest) // for the metrics
		return
	}
	contentType, out := e.compose(r, nc, content)
	// An answer with many escapes is longer than what is on the account for it.
	if excess := int64(len(out)) - held.bytes - nc.headCost(); excess > 0 && !held.add(int(excess)) {
		held.refuse(w)
		return
	}
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("X-Content-Type-Options", "nosniff") // the request may contain HTML
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept, Origin")
	h.Set("Content-Length", strconv.Itoa(len(out))) // for HEAD too
	var silence silenceError
	switch {
	case errors.As(err, &silence):
		w.WriteHeader(http.StatusRequestTimeout)
	case err != nil:
		w.WriteHeader(http.StatusBadRequest)
	case e.status != 0 && !writeStatus(w, e.status):
		return
	}
	w.Write(out) // an error means that the client is gone
}

// compose returns the answer to a request, and its type.
func (e echoHandler) compose(r *http.Request, nc *replayConn, content body) (contentType string, out []byte) {
	nc.work()
	defer nc.rest()
	nc.requests.processors <- struct{}{}
	defer func() { <-nc.requests.processors }()
	request := nc.request()
	fields, hidden := e.headers.Fields(&request)
	query, omitted := parseQuery(r.URL.RawQuery)
	answer := echo{
		Method: request.Method, Target: requestinfo.Visible(request.Target), Protocol: request.Proto,
		Path: requestinfo.Visible(r.URL.Path), Query: query, Omitted: omitted, Host: requestinfo.Visible(r.Host), Headers: fields, Hidden: hidden,
		Body: content, Remote: r.RemoteAddr, Client: nc.client, TLS: tlsOf(nc.Conn), Identity: e.identity,
	}
	contentType = respond.Preferred(r, respond.JSON, respond.Text)
	if contentType == respond.Text {
		return "text/plain; charset=utf-8", answer.appendText(nil)
	}
	return contentType, requestinfo.JSON(answer, "  ")
}

// allowOrigin lets pages of allowed origins read the echo (CORS), and answers preflight
// requests. It never allows credentials, so a page of another site cannot read an echo
// that contains cookies.
func (e echoHandler) allowOrigin(w http.ResponseWriter, r *http.Request) (answered bool) {
	origin, h := r.Header.Get("Origin"), w.Header()
	if origin == "" || !e.policy.AllowsOrigin(origin) {
		return false
	}
	if e.policy.AnyOrigin {
		origin = "*"
	}
	h.Set("Access-Control-Allow-Origin", origin)
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "*")
	h.Set("Access-Control-Allow-Headers", "*, Authorization") // * does not include Authorization
	h.Set("Access-Control-Max-Age", "600")
	h.Set("Vary", "Origin")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// parseQuery splits a query into its parameters, in order, and returns how many are omitted.
// Names and values that are not valid percent-encoding stay as received.
func parseQuery(query string) (list []requestinfo.NameValue, omitted int) {
	list = []requestinfo.NameValue{}
	decode := func(s string) string {
		if decoded, err := url.QueryUnescape(s); err == nil {
			return decoded
		}
		return s
	}
	for part := range strings.SplitSeq(query, "&") {
		switch {
		case part == "":
		case len(list) == maxParameters:
			omitted++
		default:
			name, value, _ := strings.Cut(part, "=")
			list = append(list, requestinfo.NameValue{Name: requestinfo.Visible(decode(name)), Value: requestinfo.Visible(decode(value))})
		}
	}
	return list, omitted
}

// tlsOf returns the TLS state of a connection, or nil without TLS.
func tlsOf(nc net.Conn) *tlsState {
	c, ok := nc.(interface{ ConnectionState() tls.ConnectionState })
	if !ok {
		return nil
	}
	state := c.ConnectionState()
	return &tlsState{tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite), requestinfo.Visible(state.ServerName), state.NegotiatedProtocol}
}

// appendText appends the echo as text, with a line for each value.
func (e *echo) appendText(dst []byte) []byte {
	line := func(name, value string) { dst = fmt.Appendf(dst, "%s: %s\n", name, oneLine(value)) }
	line("method", e.Method)
	line("target", e.Target)
	line("protocol", e.Protocol)
	line("path", e.Path)
	for _, part := range e.Query {
		line("query "+oneLine(part.Name), part.Value)
	}
	if e.Omitted > 0 {
		line("query omitted", strconv.Itoa(e.Omitted))
	}
	line("host", e.Host)
	for _, field := range e.Headers {
		line("header "+field.Name, field.Value)
	}
	if e.Hidden != "" {
		line("hidden", e.Hidden)
	}
	line("body size", strconv.FormatInt(e.Body.Size, 10))
	for _, part := range [][2]string{{"text", e.Body.Text}, {"base64", e.Body.Base64}, {"cut", e.Body.Cut}, {"error", e.Body.Error}} {
		if part[1] != "" {
			line("body "+part[0], part[1])
		}
	}
	line("remote", e.Remote)
	if e.Client != "" {
		line("client", e.Client)
	}
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

// oneLine quotes a string that contains line breaks or unprintable characters.
func oneLine(s string) string {
	for _, r := range s {
		if r == utf8.RuneError || !strconv.IsPrint(r) {
			return strconv.Quote(s)
		}
	}
	return s
}
