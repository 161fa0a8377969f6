package service

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/echosvc/echosvc/internal/wsproto"
	"github.com/echosvc/echosvc/internal/wstest"
)

// expectMetrics looks for lines among those that are served.
func expectMetrics(t *testing.T, s *Service, want string) {
	t.Helper()
	response := httptest.NewRecorder()
	s.meters.handler().ServeHTTP(response, httptest.NewRequest("GET", "/metrics", nil))
	served := map[string]bool{}
	for line := range strings.Lines(response.Body.String()) {
		served[line] = true
	}
	for line := range strings.Lines(want) {
		if !served[line] {
			name, _, _ := strings.Cut(line, " ")
			t.Errorf("%q is not among\n%s", line, grep(response.Body.String(), name))
		}
	}
}

// grep gives the lines that begin with prefix.
func grep(text, prefix string) (found string) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, prefix) {
			found += line
		}
	}
	return found
}

func TestMetricsOfAConversation(t *testing.T) {
	c := newConnTest(t, nil).open()
	c.receive(wstest.Frame(0x81, "12345"), wstest.Frame(0x01, "1"), wstest.Frame(0x80, "2"))
	c.receive(wstest.Frame(0x82, strings.Repeat("x", 100000))[:50000]) // the beginning of a large frame
	expectMetrics(t, c.svc, `echosvc_websocket_connections 1
echosvc_websocket_connections_total 1
echosvc_websocket_messages_total{direction="received",type="binary"} 0
echosvc_websocket_messages_total{direction="received",type="text"} 2
echosvc_websocket_messages_total{direction="sent",type="binary"} 0
echosvc_websocket_messages_total{direction="sent",type="text"} 2
echosvc_websocket_payload_bytes_total{direction="received"} 49993
echosvc_websocket_payload_bytes_total{direction="sent"} 49993
echosvc_draining 0
`)
	c.receive([]byte(strings.Repeat("x", 50014)), []byte("\x83")) // the rest, and a breach
	c.do(c.conn.EndOfInput(c.now))
	refused := c.another()
	refused.receive([]byte("GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"))
	expectMetrics(t, c.svc, `echosvc_websocket_connections 0
echosvc_websocket_messages_total{direction="received",type="binary"} 1
echosvc_websocket_messages_total{direction="received",type="text"} 2
echosvc_websocket_messages_total{direction="sent",type="binary"} 1
echosvc_websocket_messages_total{direction="sent",type="text"} 2
echosvc_websocket_closes_total{code="1002",initiator="server"} 1
echosvc_websocket_protocol_errors_total{kind="reserved_opcode"} 1
echosvc_websocket_upgrades_rejected_total{reason="400"} 1
`)
}

func TestMetricsOfPings(t *testing.T) {
	c := newConnTest(t, nil).open()
	c.wakeAt(25 * time.Second)
	c.at(25*time.Second + 30*time.Millisecond)
	c.receive(pongFor(t, c.sent))
	c.wakeAt(50 * time.Second)
	c.wakeAt(70 * time.Second)
	expectMetrics(t, c.svc, "echosvc_websocket_pings_missed_total 1\n")
	if n := testutil.CollectAndCount(c.svc.meters.rtts); n != 1 {
		t.Errorf("%d round trips, want 1", n)
	}
}

func TestCloseCodesAreFolded(t *testing.T) {
	for code, want := range map[wsproto.CloseCode]string{1000: "1000", 1006: "1006", 3000: "3xxx", 3999: "3xxx", 4000: "4xxx", 4999: "4xxx"} {
		if got := codeLabel(code); got != want {
			t.Errorf("codeLabel(%d) = %s, want %s", code, got, want)
		}
	}
}

// TestMetricsFollowTheNamingRules of Prometheus, and are served.
func TestMetricsFollowTheNamingRules(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		problems, err := testutil.GatherAndLint(r.meters.registry)
		if err != nil || len(problems) > 0 {
			t.Errorf("%v, %v", problems, err)
		}
		if status := get(t, "http://"+r.health+"/metrics"); status != 200 {
			t.Errorf("/metrics is %d", status)
		}
	})
}
