package probe

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
)

// A Diagnosis is the likely cause of a finding, and the fix.
type Diagnosis struct {
	ID      string  `json:"id"`              // a stable name, one of those in docs/probe.md
	Verdict Verdict `json:"verdict"`         // Failed, or Note for what does no harm to WebSockets
	Proxy   string  `json:"proxy,omitempty"` // the one that Fix is for; "" if it is not known
	Cause   string  `json:"cause"`
	Fix     string  `json:"fix"`
}

// String returns the diagnosis in one line.
func (d *Diagnosis) String() string {
	if d.Verdict == Note {
		return "note: " + d.Cause + "; fix: " + d.Fix
	}
	return "likely cause: " + d.Cause + "; fix: " + d.Fix
}

// diagnose returns a diagnosis with the fix for a proxy, or for any proxy if that is "".
func diagnose(id, proxy, format string, args ...any) *Diagnosis {
	return &Diagnosis{ID: id, Verdict: Failed, Proxy: proxy, Cause: fmt.Sprintf(format, args...), Fix: fixFor(id, proxy)}
}

// forField puts the name of a header field into the fix, and returns d.
func (d *Diagnosis) forField(name string) *Diagnosis {
	d.Fix = strings.ReplaceAll(d.Fix, "NAME", name)
	return d
}

// preferably puts another fix before the existing one, and returns d.
func (d *Diagnosis) preferably(fix string) *Diagnosis {
	d.Fix = fix + ", or: " + d.Fix
	return d
}

// diagnoseHandshake finds the cause of a failed handshake. It may send further requests. It
// returns nil if it finds none.
func (t *Target) diagnoseHandshake(ctx context.Context, err error) *Diagnosis {
	e, is := errors.AsType[*handshakeError](err)
	if !is || ctx.Err() != nil {
		return nil
	}
	var refused *refusal
	var operation *net.OpError
	switch {
	case errors.As(err, &refused):
		return t.diagnoseRefusal(ctx, refused)
	case errors.As(err, &operation) && operation.Op == "remote error":
		return diagnoseAlert(operation.Err)
	case !e.reached:
		return t.diagnoseDial(ctx, e.cause)
	case e.switched():
		return t.diagnoseResponse(ctx, e)
	case len(e.received) > 0 && bytes.HasPrefix(e.received, []byte("HTTP/")[:min(len(e.received), len("HTTP/"))]):
		return diagnoseInvalidHTTP(e)
	}
	return t.diagnoseSilence(ctx, e)
}

// diagnoseAlert explains a TLS alert of the server. With TLS 1.3 the one for a missing certificate
// comes only after the handshake (RFC 8446 section 4.4.2.4).
func diagnoseAlert(alert error) *Diagnosis {
	if text := alert.Error(); strings.Contains(text, "certificate required") || strings.Contains(text, "bad certificate") {
		return diagnose("client-certificate", "", "the server requires a client certificate: %v", alert)
	}
	return diagnose("tls-refused", "", "the server refused the TLS handshake: %v", alert)
}

// diagnoseDial explains why there was no TCP connection, or no TLS.
func (t *Target) diagnoseDial(ctx context.Context, err error) *Diagnosis {
	var record tls.RecordHeaderError
	var rejected *tls.CertificateVerificationError
	var dns *net.DNSError
	switch {
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return t.plainPort(t.plain().provoke(ctx), "the port does not speak TLS, and the URL begins with wss://")
	case errors.As(err, &rejected):
		return t.diagnoseCertificate(rejected)
	case errors.As(err, &dns):
		return diagnose("name-unknown", "", "the name %s has no address", dns.Name)
	case errors.Is(err, syscall.ECONNREFUSED):
		return diagnose("nothing-listens", "", "nothing listens on %s", t.address())
	case isTimeout(err), errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return diagnose("unreachable", "", "no TCP connection to %s: packets are lost or dropped", t.address())
	case t.URL.Scheme == "wss" && t.wantsProxyHeader(ctx):
		return t.diagnoseProxyHeader(ctx)
	case t.URL.Scheme == "wss":
		return t.plainPort("", "the port ended the TLS handshake without an answer, so it may not speak TLS")
	}
	return nil
}

// plainPort is the diagnosis for wss on a port that does not speak TLS.
func (t *Target) plainPort(proxy, cause string) *Diagnosis {
	return diagnose("plain-port", proxy, "%s", cause).preferably("use " + t.withScheme("ws"))
}

// plain returns the target for ws on the same port.
func (t *Target) plain() *Target {
	plain, u := *t, *t.URL
	u.Scheme, u.Host = "ws", t.address()
	plain.URL = &u
	return &plain
}

// withScheme returns the URL with another scheme, without a password.
func (t *Target) withScheme(scheme string) string {
	u := *t.URL
	u.Scheme = scheme
	return u.Redacted()
}

// diagnoseCertificate explains why a certificate was rejected.
func (t *Target) diagnoseCertificate(err *tls.CertificateVerificationError) *Diagnosis {
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	leaf := err.UnverifiedCertificates[0]
	switch {
	case errors.As(err, &name) && t.trusts(err.UnverifiedCertificates):
		return diagnose("certificate-name", "", "the certificate is not for %s but for %s", name.Host, strings.Join(leaf.DNSNames, ", "))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return diagnose("certificate-expired", "", "the certificate is valid from %s to %s only", leaf.NotBefore.UTC().Format("2006-01-02"), leaf.NotAfter.UTC().Format("2006-01-02"))
	case leaf.Issuer.String() == leaf.Subject.String():
		return diagnose("certificate-unknown", "", "the certificate is self-signed (%s)", leaf.Subject)
	}
	return diagnose("certificate-unknown", "", "no trusted authority has signed the certificate; its issuer is %s", leaf.Issuer)
}

// trusts reports whether a trusted authority has signed the first certificate of a chain, for
// any name.
func (t *Target) trusts(chain []*x509.Certificate) bool {
	intermediates := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		intermediates.AddCert(certificate)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: t.TLS.RootCAs, Intermediates: intermediates})
	return err == nil
}

// diagnoseSilence explains why the answer was not HTTP, or why there was none.
func (t *Target) diagnoseSilence(ctx context.Context, e *handshakeError) *Diagnosis {
	switch {
	case isHTTP2(e.received):
		return t.http2Only(ctx)
	case len(e.received) > 0 && e.received[0] == 0x15, t.URL.Scheme == "ws" && t.speaksTLS(ctx): // 0x15 is a TLS alert
		return t.tlsPort()
	case t.wantsProxyHeader(ctx):
		return t.diagnoseProxyHeader(ctx)
	case t.speaksHTTP2(ctx):
		return t.http2Only(ctx)
	case len(e.received) > 0:
		return diagnose("not-http", "", "the answer is not HTTP: %q", printable(e.received))
	}
	return diagnose("no-answer", t.provoke(ctx), "the connection was accepted, but the handshake was not answered")
}

// diagnoseInvalidHTTP explains an answer that begins like HTTP.
func diagnoseInvalidHTTP(e *handshakeError) *Diagnosis {
	if errors.Is(e.cause, context.DeadlineExceeded) || errors.Is(e.cause, io.EOF) || errors.Is(e.cause, io.ErrUnexpectedEOF) {
		return diagnose("no-answer", "", "the answer to the handshake began, but did not end: %q", printable(e.received))
	}
	return diagnose("malformed-response", "", "the answer is not valid HTTP: %v", e.cause)
}

// http2Only is the diagnosis for a port that does not speak HTTP/1.1.
func (t *Target) http2Only(ctx context.Context) *Diagnosis {
	return diagnose("http2-only", t.provoke(ctx), "the port speaks HTTP/2 only, and a WebSocket handshake needs HTTP/1.1 (RFC 6455 section 4.1)")
}

// tlsPort is the diagnosis for ws on a port that speaks TLS.
func (t *Target) tlsPort() *Diagnosis {
	d := diagnose("tls-port", "", "the port speaks TLS, and the URL begins with ws://")
	d.Fix = "use " + t.withScheme("wss")
	return d
}

// diagnoseProxyHeader is for a port that answers once it gets a PROXY protocol header.
func (t *Target) diagnoseProxyHeader(ctx context.Context) *Diagnosis {
	answer, _ := t.ask(ctx, []byte(proxyHeader), t.TLS, t.malformedRequest())
	return diagnose("proxy-protocol-missing", errorPage(parseRefusal(answer)), "the port expects the PROXY protocol, and the client does not send it: with a PROXY header it answers")
}

// diagnoseResponse explains what is wrong with a 101.
func (t *Target) diagnoseResponse(ctx context.Context, e *handshakeError) *Diagnosis {
	response := parseHead(e.received)
	var missing string
	switch {
	case !response.hasToken("Upgrade", "websocket"):
		missing = "Upgrade"
	case !response.hasToken("Connection", "Upgrade"):
		missing = "Connection"
	case !response.has("Sec-WebSocket-Accept"):
		missing = "Sec-WebSocket-Accept"
	case response.has("Sec-WebSocket-Protocol"):
		return diagnose("subprotocol-not-offered", t.proxyBehind(ctx, &response), "the response selects the subprotocol %q, which was not offered", response.value("Sec-WebSocket-Protocol"))
	case response.value("Sec-WebSocket-Accept") != acceptKey(e.sent.value("Sec-WebSocket-Key")):
		return diagnose("accept-wrong", t.proxyBehind(ctx, &response), "the response's Sec-WebSocket-Accept does not belong to the key that was sent: a proxy removed or changed Sec-WebSocket-Key, or answered from a cache")
	case response.has("Sec-WebSocket-Extensions"):
		return diagnose("extensions-not-offered", t.proxyBehind(ctx, &response), "the response selects the extensions %q, which were not offered", response.value("Sec-WebSocket-Extensions"))
	default:
		return diagnoseInvalidHTTP(e)
	}
	return diagnose("response-field-removed", t.proxyBehind(ctx, &response), "the server's 101 arrived without %s, which a proxy removed", missing).forField(missing)
}

// acceptKey returns the value of Sec-WebSocket-Accept for a key (RFC 6455 section 4.2.2).
func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// proxyBehind returns the proxy that a response came through, by its Server field or by a page
// that it sends for a malformed request.
func (t *Target) proxyBehind(ctx context.Context, response *head) string {
	if proxy := passedThrough(response); proxy != "" {
		return proxy
	}
	return t.provoke(ctx)
}
