package service

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsconn"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// expectMetrics checks that /metrics has each line of want.
func expectMetrics(t *testing.T, m *metrics, want string) {
	t.Helper()
	response := httptest.NewRecorder()
	m.handler().ServeHTTP(response, httptest.NewRequest("GET", "/metrics", nil))
	served := map[string]bool{}
	for line := range strings.Lines(response.Body.String()) {
		served[line] = true
	}
	for line := range strings.Lines(want) {
		if !served[line] {
			name, _, _ := strings.Cut(line, " ")
			t.Errorf("there is no %q among\n%s", line, grep(response.Body.String(), name))
		}
	}
}

// grep returns the lines of text that begin with prefix.
func grep(text, prefix string) (found string) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, prefix) {
			found += line
		}
	}
	return found
}

func TestMetricsOfAConversation(t *testing.T) {
	admission := wsconn.NewAdmission(100, "", nil, nil)
	m := newMetrics(admission, func() socket.Instant { return 1 }, "test")
	expectMetrics(t, m, `echosvc_websocket_connections 0
echosvc_websocket_connections_limit 100
echosvc_websocket_connections_total 0
echosvc_websocket_messages_total{direction="received",type="binary"} 0
echosvc_websocket_messages_total{direction="received",type="text"} 0
echosvc_websocket_pings_missed_total 0
echosvc_draining 0
`)
	m.Opened()
	m.Echoed(wsconn.Traffic{Text: 2, Bytes: 7})
	m.Echoed(wsconn.Traffic{Binary: 1, Bytes: 49993})
	m.PongReceived(30 * time.Millisecond)
	m.PongMissed()
	m.Rejected(&wsproto.HandshakeError{Status: 400})
	m.Rejected(&wsproto.HandshakeError{Status: 418, Reason: wsconn.ReasonRefuse})
	m.Closed(&wsconn.Summary{Code: wsproto.CloseProtocolError, Initiator: wsconn.ByServer, Err: wsproto.ErrReservedOpcode, Duration: 60200 * time.Millisecond})
	expectMetrics(t, m, `echosvc_websocket_connections_total 1
echosvc_websocket_messages_total{direction="received",type="binary"} 1
echosvc_websocket_messages_total{direction="received",type="text"} 2
echosvc_websocket_messages_total{direction="sent",type="binary"} 1
echosvc_websocket_messages_total{direction="sent",type="text"} 2
echosvc_websocket_payload_bytes_total{direction="received"} 50000
echosvc_websocket_payload_bytes_total{direction="sent"} 50000
echosvc_websocket_ping_rtt_seconds_bucket{le="0.025"} 0
echosvc_websocket_ping_rtt_seconds_bucket{le="0.05"} 1
echosvc_websocket_pings_missed_total 1
echosvc_websocket_upgrades_rejected_total{reason="400"} 1
echosvc_websocket_upgrades_rejected_total{reason="refuse"} 1
echosvc_websocket_closes_total{code="1002",initiator="server"} 1
echosvc_websocket_protocol_errors_total{kind="reserved_opcode"} 1
echosvc_websocket_connection_duration_seconds_bucket{le="30.5"} 0
echosvc_websocket_connection_duration_seconds_bucket{le="60.5"} 1
`)
}

// TestMetricsOfADrain: each scrape reads the current state of the drain.
func TestMetricsOfADrain(t *testing.T) {
	admission := wsconn.NewAdmission(0, "", nil, nil)
	m := newMetrics(admission, func() socket.Instant { return socket.Instant(12 * time.Second) }, "test")
	admission.StopAdvertising()
	expectMetrics(t, m, "echosvc_draining 1\nechosvc_drain_duration_seconds 0\n")
	admission.Drain(socket.Instant(10*time.Second), time.Second)
	expectMetrics(t, m, "echosvc_draining 1\nechosvc_drain_duration_seconds 2\n")
}

func TestCodeLabel_Section7_4_2(t *testing.T) {
	for code, want := range map[wsproto.CloseCode]string{1000: "1000", 1006: "1006", 3000: "3xxx", 3999: "3xxx", 4000: "4xxx", 4999: "4xxx"} {
		if got := codeLabel(code); got != want {
			t.Errorf("codeLabel(%d) = %s, want %s", code, got, want)
		}
	}
}

// TestMetricNames follow the rules of Prometheus, and /metrics is served.
func TestMetricNames(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		problems, err := testutil.GatherAndLint(r.metrics.registry)
		if err != nil || len(problems) > 0 {
			t.Errorf("%v, %v", problems, err)
		}
		if status := get(t, "http://"+r.health+"/metrics"); status != 200 {
			t.Errorf("/metrics is %d", status)
		}
	})
}
