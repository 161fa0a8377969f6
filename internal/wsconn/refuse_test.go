package wsconn

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/socket"
)

// TestRefuse: every status that is allowed makes a complete response with the fields that RFC
// 9110 section 15.5 demands.
func TestRefuse(t *testing.T) {
	tests := []struct {
		query  string
		status string
		fields map[string]string // empty if the field must not be there
	}{
		{"refuse=503", "503 Service Unavailable", map[string]string{"Retry-After": "", "Connection": "close"}},
		{"refuse=503&refuse_after=7", "503 Service Unavailable", map[string]string{"Retry-After": "7"}},
		{"refuse_after=0&refuse=429", "429 Too Many Requests", map[string]string{"Retry-After": "0"}},
		{"refuse=400", "400 Bad Request", nil},
		{"refuse=401", "401 Unauthorized", map[string]string{"Www-Authenticate": "Bearer"}},
		{"refuse=403&greet=1&delay=1s", "403 Forbidden", nil},
		{"refuse=405", "405 Method Not Allowed", map[string]string{"Allow": "GET"}},
		{"refuse=407", "407 Proxy Authentication Required", map[string]string{"Proxy-Authenticate": "Bearer"}},
		{"refuse=426", "426 Upgrade Required", map[string]string{"Upgrade": "websocket", "Sec-Websocket-Version": "13"}},
		{"refuse=499", "499 ", nil},
		{"refuse=502&token=x", "502 Bad Gateway", nil},
		{"refuse=599", "599 ", nil},
	}
	for _, test := range tests {
		c := newConnTest(t, nil)
		c.receive([]byte(upgrade(test.query)))
		r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(c.sent)), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Status != test.status || !r.Close || c.step.Then != socket.ShutDown || !strings.Contains(string(body), "asks this server to refuse") {
			t.Errorf("%s: answered with %q, %v", test.query, c.sent, err)
		}
		for name, want := range test.fields {
			if got := strings.Join(r.Header.Values(name), ", "); got != want && name != "Connection" {
				t.Errorf("%s: %s is %q, want %q", test.query, name, got, want)
			}
		}
		if c.server.Admission.Open() != 0 || c.settings.Metrics.opened != 0 || c.settings.Metrics.rejected[0] != ReasonRefuse {
			t.Errorf("%s: the refused upgrade was counted as %v", test.query, c.settings.Metrics)
		}
	}
}

// TestRefuseComesAfterTheChecks: a wrong handshake gets its own status and reason.
func TestRefuseComesAfterTheChecks(t *testing.T) {
	c := newConnTest(t, nil)
	c.receive([]byte(strings.Replace(upgrade("refuse=503"), "Version: 13", "Version: 8", 1)))
	if !strings.HasPrefix(string(c.sent), "HTTP/1.1 426 ") {
		t.Errorf("answered with %q", c.sent)
	}
}

// TestRefuseWithControlsOff: the query is ignored.
func TestRefuseWithControlsOff(t *testing.T) {
	withControls(t, "refuse=503", func(s *settings) { s.Controls = false })
}
