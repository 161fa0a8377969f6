package service

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/wstest"
)

func TestCertificateErrorsNameTheVariable(t *testing.T) {
	good, key := wstest.WriteCertificate(t, t.TempDir(), "one")
	_, otherKey := wstest.WriteCertificate(t, t.TempDir(), "another")
	for _, test := range []struct{ cert, key, want string }{
		{"/nowhere/tls.crt", key, "TLS_CERT_FILE: open /nowhere/tls.crt"},
		{good, "/nowhere/tls.key", "TLS_KEY_FILE: open /nowhere/tls.key"},
		{good, otherKey, "private key does not match"},
		{key, key, "not a certificate and its key, in PEM"},
	} {
		_, err := loadCertificate(test.cert, test.key, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("the error is %v, want one that contains %q", err, test.want)
		}
	}
}

// TestCertificateIsReloaded after a change, at the earliest certificateCheck later. The
// previous certificate stays while the files cannot be used.
func TestCertificateIsReloaded(t *testing.T) {
	dir := t.TempDir()
	cert, key := wstest.WriteCertificate(t, dir, "one")
	var log syncBuffer
	c, err := loadCertificate(cert, key, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(0, c.checked.Load())
	c.now = func() time.Time { return now }
	// later moves the clock on after a reload has ended: another does nothing until then.
	later := func(d time.Duration) {
		c.loading.Lock()
		defer c.loading.Unlock()
		now = now.Add(d)
	}
	expect := func(want string) {
		t.Helper()
		c.get(nil) // looks at the files in the background
		wstest.Eventually(t, "the certificate is that of "+want, func() bool {
			pair, err := c.get(nil)
			return err == nil && pair.Leaf.Subject.CommonName == want
		})
	}
	expect("one")
	wstest.WriteCertificate(t, dir, "two")
	expect("one") // not checked yet
	later(2 * certificateCheck)
	expect("two")
	os.Remove(key)
	later(2 * certificateCheck)
	expect("two")
	wstest.Eventually(t, "the previous one is kept", func() bool { return strings.Contains(log.String(), "keeping the previous one") })
	wstest.WriteCertificate(t, dir, "three")
	later(2 * certificateCheck)
	expect("three")
	wstest.WriteCertificate(t, dir, "four")
	later(-time.Hour) // the clock is set back
	expect("four")
}

// startTLS starts a service with a certificate in dir.
func startTLS(t *testing.T, driver string) (r *running, dir string) {
	t.Helper()
	dir = t.TempDir()
	cert, key := wstest.WriteCertificate(t, dir, "one")
	return start(t, driver, func(c *config.Config) { c.TLSCertFile, c.TLSKeyFile = cert, key }), dir
}

// dialTLS opens a WebSocket over TLS and returns the common name in the certificate.
func dialTLS(t *testing.T, addr string) (*wstest.Client, string) {
	t.Helper()
	nc, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(wstest.Patience))
	state := nc.ConnectionState()
	if state.NegotiatedProtocol != "http/1.1" {
		t.Errorf("ALPN chose %q", state.NegotiatedProtocol)
	}
	c := wstest.NewClient(t, nc)
	c.Send([]byte(wstest.Request()))
	if r := c.Response(); r.StatusCode != 101 {
		t.Fatalf("the upgrade was answered with %s", r.Status)
	}
	return c, state.PeerCertificates[0].Subject.CommonName
}

// TestWSS: echo, a reload of the certificate while a connection is open, and the drain.
func TestWSS(t *testing.T) { eachDriver(t, testWSS) }

func testWSS(t *testing.T, driver string) {
	r, dir := startTLS(t, driver)
	c, name := dialTLS(t, r.addr)
	if name != "one" {
		t.Errorf("the certificate is for %s", name)
	}
	large := strings.Repeat("x", 1<<20)
	go c.Send(wstest.Frame(0x82, large))
	for got := 0; got < len(large); {
		f, err := c.Frame()
		if err != nil {
			t.Fatal(err)
		}
		got += len(f.Payload)
	}
	wstest.WriteCertificate(t, dir, "two")
	wstest.Eventually(t, "the new certificate is used", func() bool {
		c, name := dialTLS(t, r.addr)
		c.Close()
		return name == "two"
	})
	c.Send(wstest.Frame(0x81, "still here"))
	c.Expect(frame(0x81, "still here"))
	r.terminate()
	f, err := c.Frame()
	if err != nil || f.First != 0x88 || f.Payload[:2] != "\x03\xe9" {
		t.Errorf("read %v, %v; want a close frame with 1001", f, err)
	}
	c.Send(wstest.Frame(0x88, "\x03\xe9"))
	c.ExpectEnd()
}

// TestDrainEndsTLSHandshakes: the drain does not wait for incomplete TLS handshakes.
func TestDrainEndsTLSHandshakes(t *testing.T) { eachDriver(t, testDrainEndsTLSHandshakes) }

func testDrainEndsTLSHandshakes(t *testing.T, driver string) {
	r, _ := startTLS(t, driver)
	silent := wstest.Connect(t, r.addr)
	wstest.Eventually(t, "the connection is accepted", func() bool { return r.handlers() == 1 })
	c, _ := dialTLS(t, r.addr)
	r.terminate()
	if f, err := c.Frame(); err != nil || f.First != 0x88 {
		t.Errorf("read %v, %v; want a close frame", f, err)
	}
	c.Send(wstest.Frame(0x88, "\x03\xe9"))
	c.ExpectEnd()
	silent.ExpectEnd()
	<-r.done
}

func TestPlainHTTPOnATLSPortIsAnswered(t *testing.T) {
	eachDriver(t, testPlainHTTPOnATLSPortIsAnswered)
}

func testPlainHTTPOnATLSPortIsAnswered(t *testing.T, driver string) {
	r, _ := startTLS(t, driver)
	c := wstest.Connect(t, r.addr)
	c.Send([]byte(wstest.Request()))
	if response := c.Response(); response.StatusCode != 400 || !response.Close {
		t.Errorf("answered with %s", response.Status)
	}
}

// TestGroupsOfTheKeyExchange: all but the one that costs much more than the others.
func TestGroupsOfTheKeyExchange(t *testing.T) {
	r, _ := startTLS(t, "auto")
	for _, test := range []struct {
		group tls.CurveID
		want  bool
	}{
		{tls.X25519MLKEM768, true}, {tls.SecP256r1MLKEM768, true}, {tls.SecP384r1MLKEM1024, true},
		{tls.X25519, true}, {tls.CurveP256, true}, {tls.CurveP384, true}, {tls.CurveP521, false},
	} {
		c, err := tls.Dial("tcp", r.addr, &tls.Config{InsecureSkipVerify: true, CurvePreferences: []tls.CurveID{test.group}})
		if err == nil {
			c.Close()
		}
		if refused := err != nil && strings.HasSuffix(err.Error(), "handshake failure"); refused == test.want || !refused && err != nil {
			t.Errorf("%v: %v", test.group, err)
		}
	}
}

// TestTLSIsResumed with a ticket (RFC 8446 section 2.2, RFC 5077), also after the certificate
// has been replaced.
func TestTLSIsResumed(t *testing.T) { eachDriver(t, testTLSIsResumed) }

func testTLSIsResumed(t *testing.T, driver string) {
	r, dir := startTLS(t, driver)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		config := &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version, ClientSessionCache: tls.NewLRUClientSessionCache(1), ServerName: "localhost"}
		for _, want := range []bool{false, true, true} {
			nc, err := tls.Dial("tcp", r.addr, config)
			if err != nil {
				t.Fatal(err)
			}
			nc.SetDeadline(time.Now().Add(wstest.Patience))
			c := wstest.NewClient(t, nc)
			c.Send([]byte(wstest.Request()))
			if response := c.Response(); response.StatusCode != 101 {
				t.Fatalf("the upgrade was answered with %s", response.Status)
			}
			if got := nc.ConnectionState().DidResume; got != want {
				t.Errorf("%s: resumed %t, want %t", tls.VersionName(version), got, want)
			}
			c.Send(wstest.Frame(0x81, "hi"))
			c.Expect(frame(0x81, "hi"))
			c.Close()
			wstest.WriteCertificate(t, dir, "two")
			r.ReloadCertificate()
		}
	}
}

// TestPlainHTTPOverTLS: the echo of a request shows the name that the client asked for (RFC
// 6066 section 3), and a large body arrives whole.
func TestPlainHTTPOverTLS(t *testing.T) { eachDriver(t, testPlainHTTPOverTLS) }

func testPlainHTTPOverTLS(t *testing.T, driver string) {
	r, _ := startTLS(t, driver)
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: "echo.example"}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: wstest.Patience}
	body := strings.Repeat("x", 40<<10)
	response, err := client.Post("https://"+r.addr+"/path", "text/plain", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var got struct {
		TLS struct {
			Version    string `json:"version"`
			ServerName string `json:"serverName"`
		} `json:"tls"`
	}
	text, err := io.ReadAll(response.Body)
	if err != nil || json.Unmarshal(text, &got) != nil {
		t.Fatalf("%v: %.200s", err, text)
	}
	if got.TLS.ServerName != "echo.example" || got.TLS.Version != "TLS 1.3" || !strings.Contains(string(text), body[:1000]) {
		t.Errorf("the echo is %.400s", text)
	}
}
