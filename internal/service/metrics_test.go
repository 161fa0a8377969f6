package service

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsconn"
	"github.com/echosvc/echosvc/internal/wsproto"
	"github.com/echosvc/echosvc/internal/wstest"
)

// gather returns the value of each series of the service, by name and labels as in the text
// format.
func gather(t *testing.T, m *metrics) map[string]float64 {
	t.Helper()
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		name, ours := strings.CutPrefix(family.GetName(), "echosvc_")
		if !ours {
			continue
		}
		for _, metric := range family.Metric {
			labels := labelText(metric)
			switch {
			case metric.Counter != nil:
				values[name+labels] = metric.Counter.GetValue()
			case metric.Gauge != nil:
				values[name+labels] = metric.Gauge.GetValue()
			case metric.Histogram != nil:
				values[name+"_count"] = float64(metric.Histogram.GetSampleCount())
				values[name+"_sum"] = metric.Histogram.GetSampleSum()
				for _, b := range metric.Histogram.Bucket {
					values[fmt.Sprintf("%s_bucket{le=%q}", name, fmt.Sprint(b.GetUpperBound()))] = float64(b.GetCumulativeCount())
				}
			}
		}
	}
	return values
}

// labelText returns the labels of a series as in the text format.
func labelText(metric *dto.Metric) string {
	var labels []string
	for _, l := range metric.Label {
		labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
	}
	if labels == nil {
		return ""
	}
	return "{" + strings.Join(labels, ",") + "}"
}

// metricsTest has the metrics of a service that is not running, with two loops.
type metricsTest struct {
	*testing.T
	*metrics
	state
	servers []*wsconn.Server

	clock   socket.Instant
	stats   socket.Stats
	dropped int64
	cert    *tls.Certificate
	moved   map[string]bool // series
}

func newMetricsTest(t *testing.T) *metricsTest {
	c := config.Default()
	c.MaxConnections, c.MemoryLimit, c.PingInterval = 100, 1<<30, 0
	s := New(c, slog.New(slog.DiscardHandler), "test")
	m := &metricsTest{T: t, clock: 1, moved: map[string]bool{}, cert: &tls.Certificate{Leaf: &x509.Certificate{}}}
	m.state = state{
		admission: s.admission, account: s.account, now: func() socket.Instant { return m.clock },
		driver: func() socket.Stats { return m.stats }, build: func() Build { return Build{"v1", "abc"} },
		droppedLines: func() int64 { return m.dropped }, certificate: func() *tls.Certificate { return m.cert },
	}
	m.metrics = newMetrics(2, m.state)
	s.metrics = m.metrics
	s.history = wsconn.NewHistory(budget.NewAccount(0)) // so that an end moves no memory
	m.servers = s.connServers(nil, nil)
	return m
}

// open opens a WebSocket of a loop with a query.
func (m *metricsTest) open(loop int, query string) *wsconn.Conn {
	c := wsconn.New(m.servers[loop], 1, "192.0.2.1:5000")
	c.Opened(m.clock)
	m.receive(c, strings.Replace(wstest.Request(), "GET /", "GET /?"+query, 1))
	return c
}

// receive gives a connection bytes as a driver does.
func (m *metricsTest) receive(c *wsconn.Conn, in string) {
	mem := append(make([]byte, wsproto.Headroom), in...)
	c.Receive(m.clock, mem, wsproto.Headroom, len(mem))
	c.Flushed(m.clock)
}

// expect checks how each series changes when do is called. Buckets of histograms need not be
// in want.
func (m *metricsTest) expect(what string, want map[string]float64, do func()) {
	m.Helper()
	before := gather(m.T, m.metrics)
	do()
	after := gather(m.T, m.metrics)
	got := map[string]float64{}
	for name, value := range after {
		if change := value - before[name]; change != 0 {
			m.moved[name] = true
			if !strings.Contains(name, "_bucket{") {
				got[name] = change
			}
		}
	}
	if len(after) != len(before) || !maps.Equal(got, want) {
		m.Errorf("%s: changed by\n%v, want\n%v; %d series, before %d", what, got, want, len(after), len(before))
	}
}

// TestEverySeriesMoves once, by the right amount, and no other with it.
func TestEverySeriesMoves(t *testing.T) {
	m := newMetricsTest(t)
	type changes = map[string]float64
	var first, second *wsconn.Conn
	const opened = "websocket_connections_opened_total"
	m.expect("a WebSocket opens", changes{"websocket_connections": 1, opened: 1}, func() { first = m.open(0, "") })
	everyControl := "greet=1&delay=1s&close_after=9&close_in=1h&close_code=4000&close_reason=a&drop_after=9&drop_in=1h&reset_after=9&reset_in=1h&stall_in=1h&ping=0&pong=0&fragment=9&deflate=0&subprotocol=none&every=1h&close=ignore"
	controls := changes{"websocket_connections": 1, opened: 1}
	for _, name := range controlNames {
		controls[fmt.Sprintf("websocket_controls{control=%q}", name)] = 1
	}
	m.expect("another opens, with controls", controls, func() { second = m.open(1, everyControl) })
	m.expect("a text message", changes{
		`websocket_messages_total{direction="received",type="text"}`: 1, `websocket_messages_total{direction="sent",type="text"}`: 1,
		`websocket_payload_bytes_total{direction="received"}`: 5, `websocket_payload_bytes_total{direction="sent"}`: 5,
	}, func() { m.receive(first, string(wstest.Frame(0x81, "Hello"))) })
	m.expect("binary messages of both loops", changes{
		`websocket_messages_total{direction="received",type="binary"}`: 3, `websocket_messages_total{direction="sent",type="binary"}`: 3,
		`websocket_payload_bytes_total{direction="received"}`: 7, `websocket_payload_bytes_total{direction="sent"}`: 7,
		"websocket_compression_saved_bytes_total": 9,
	}, func() {
		m.counts[0].Echoed(wsconn.Traffic{Binary: 1, Bytes: 5})
		m.counts[1].Echoed(wsconn.Traffic{Binary: 2, Bytes: 2, Saved: 9, Grown: 4})
	})
	m.expect("a pong", changes{"websocket_ping_rtt_seconds_count": 1, "websocket_ping_rtt_seconds_sum": 0.25}, func() { m.counts[1].PongReceived(250 * time.Millisecond) })
	m.expect("a fast pong", changes{"websocket_ping_rtt_seconds_count": 1}, func() { m.counts[0].PongReceived(0) })
	m.expect("a missing pong", changes{"websocket_pings_missed_total": 1}, func() { m.counts[1].PongMissed() })
	for _, reason := range rejections {
		m.expect("a refusal", changes{fmt.Sprintf("websocket_upgrades_rejected_total{reason=%q}", reason): 1},
			func() { m.counts[1].Rejected(&wsproto.HandshakeError{Status: 418, Reason: reason}) })
	}
	ended := func(code string, initiator wsconn.Initiator) changes {
		return changes{
			fmt.Sprintf("websocket_closes_total{code=%q,initiator=%q}", code, initiator): 1,
			"websocket_connection_duration_seconds_count":                                1, "websocket_connection_duration_seconds_sum": 2,
		}
	}
	for label, code := range map[string]wsproto.CloseCode{
		"1000": 1000, "1001": 1001, "1002": 1002, "1003": 1003, "1007": 1007, "1008": 1008, "1009": 1009, "1010": 1010,
		"1011": 1011, "1012": 1012, "1013": 1013, "1014": 1014, "3xxx": 3999, "4xxx": 4000,
	} {
		for _, initiator := range []wsconn.Initiator{wsconn.ByClient, wsconn.ByServer} {
			m.expect("a close", ended(label, initiator), func() {
				m.counts[0].Closed(&wsconn.Summary{Code: code, Initiator: initiator, Duration: 2 * time.Second})
			})
		}
	}
	for label, s := range map[string]wsconn.Summary{
		"1005": {Code: 1005, Initiator: wsconn.ByClient}, "1006": {Code: 1006, Initiator: wsconn.ByServer},
	} {
		s.Duration = 2 * time.Second
		m.expect("an end", ended(label, s.Initiator), func() { m.counts[1].Closed(&s) })
	}
	for _, kind := range wsproto.ProtocolErrors() {
		want := ended(fmt.Sprint(kind.CloseCode()), wsconn.ByServer)
		want[fmt.Sprintf("websocket_protocol_errors_total{kind=%q}", kind.Name())] = 1
		m.expect("a protocol error", want, func() {
			m.counts[1].Closed(&wsconn.Summary{Code: kind.CloseCode(), Initiator: wsconn.ByServer, Err: kind, Duration: 2 * time.Second})
		})
	}
	m.expect("shedding", changes{"connections_shed_total": 3}, func() {
		d := &fakeDriver{account: budget.NewAccount(0)}
		newRelief(fullAccount(), d, d, slog.New(slog.DiscardHandler), &m.shed).shedExcess()
	})
	for _, kind := range budget.Kinds() {
		n := 1000.0
		if kind == budget.Buffers || kind == budget.Inflaters || kind == budget.Histories || kind == budget.Ended {
			n = 1250
		}
		m.expect("memory", changes{fmt.Sprintf("memory_held_bytes{kind=%q}", kind): n}, func() { m.account.Add(kind, 1000) })
	}
	m.expect("pressure", changes{"memory_pressure_level": 2, `memory_held_bytes{kind="kernel"}`: 700 << 20}, func() { m.account.Add(budget.Kernel, 700<<20) })
	for label, status := range map[string]int{"2xx": 204, "3xx": 301, "4xx": 404, "5xx": 599} {
		m.expect("a request", changes{fmt.Sprintf("http_requests_total{code=%q}", label): 1}, func() { m.request(func(w http.ResponseWriter) { w.WriteHeader(status) }) })
	}
	m.expect("an aborted request", changes{`http_requests_total{code="none"}`: 1}, func() { m.request(func(http.ResponseWriter) { panic(http.ErrAbortHandler) }) })
	for _, kind := range socket.TLSErrors() {
		m.expect("a TLS error", changes{fmt.Sprintf("tls_handshake_errors_total{kind=%q}", kind): 1}, func() { m.tlsFailed(kind) })
	}
	m.expect("another certificate", changes{"tls_certificate_not_after_timestamp_seconds": 10}, func() {
		m.cert = &tls.Certificate{Leaf: &x509.Certificate{NotAfter: m.cert.Leaf.NotAfter.Add(10 * time.Second)}}
	})
	m.expect("the driver", changes{
		"handshakes_in_progress": 1, "accept_failures_total": 2, "accept_shortage": 1, "loop_turns_total": 3, "loop_longest_turn_seconds": 0.5,
	}, func() {
		m.stats = socket.Stats{Turns: 3, LongestTurn: time.Second / 2, Handshakes: 1, AcceptFailures: 2, AcceptShort: true}
	})
	m.expect("dropped lines", changes{"log_lines_dropped_total": 4}, func() { m.dropped = 4 })
	m.expect("SIGTERM", changes{"draining": 1}, m.admission.StopAdvertising)
	m.expect("the drain", changes{}, func() { m.admission.Drain(m.clock, 0) })
	m.expect("two seconds of it", changes{"drain_duration_seconds": 2}, func() { m.clock = m.clock.Add(2 * time.Second) })
	cut := ended("1006", wsconn.ByNobody)
	cut["websocket_connections"], cut[`drain_closed_total{result="cut"}`] = -1, 1
	for name, n := range controls {
		if strings.HasPrefix(name, "websocket_controls") {
			cut[name] = -n
		}
	}
	m.expect("a cut", cut, func() { second.Closed(m.clock, nil) })
	clean := ended("1000", wsconn.ByClient)
	clean["websocket_connections"], clean[`drain_closed_total{result="clean"}`] = -1, 1
	m.expect("a clean end", clean, func() {
		m.receive(first, string(wstest.Frame(0x88, "\x03\xe8")))
		first.Closed(m.clock, nil)
	})

	fixed := map[string]float64{
		"websocket_connections_limit": 100, "memory_limit_bytes": 1 << 30,
		`build_info{goversion="` + runtime.Version() + `",revision="abc",version="v1"}`: 1,
	}
	for name, value := range gather(t, m.metrics) {
		switch want, is := fixed[name]; {
		case is && value != want:
			t.Errorf("%s is %v, want %v", name, value, want)
		case !is && !m.moved[name] && !strings.Contains(name, "duration_seconds_bucket"):
			t.Errorf("%s has not moved", name)
		}
	}
}

// fullAccount returns an account that has to shed.
func fullAccount() *budget.Account {
	a := budget.NewAccount(1000)
	a.Add(budget.Kernel, 900)
	return a
}

// request serves a request through statusCounts.
func (m *metricsTest) request(answer func(http.ResponseWriter)) {
	defer func() { recover() }()
	h := m.statuses.of(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w) }))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
}

// TestStatusOfAnAnswer: 1xx precede it, and it is 200 if the handler says nothing.
func TestStatusOfAnAnswer(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter){
		"nothing":   func(http.ResponseWriter) {},
		"a body":    func(w http.ResponseWriter) { w.Write([]byte("a")); w.WriteHeader(500) },
		"103 first": func(w http.ResponseWriter) { w.WriteHeader(103); w.WriteHeader(200); w.WriteHeader(500) },
		"103 only":  func(w http.ResponseWriter) { w.WriteHeader(103) },
	} {
		m := newMetricsTest(t)
		m.expect(name, map[string]float64{`http_requests_total{code="2xx"}`: 1}, func() { m.request(answer) })
	}
}

// TestCountingAllocatesNothing, since messages and pings are many.
func TestCountingAllocatesNothing(t *testing.T) {
	c := newMetricsTest(t).counts[0]
	summary := &wsconn.Summary{Code: 1000, Initiator: wsconn.ByClient, Duration: time.Minute}
	refusal := &wsproto.HandshakeError{Reason: wsproto.ReasonKey}
	if n := testing.AllocsPerRun(100, func() {
		c.Opened()
		c.Echoed(wsconn.Traffic{Text: 1, Binary: 1, Bytes: 2, Saved: 1})
		c.PongReceived(time.Millisecond)
		c.PongMissed()
		c.Rejected(refusal)
		c.Closed(summary)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestMetricNames follow the rules of Prometheus. In OpenMetrics, a counter is a family
// without its _total, so that no other family may have that name.
func TestMetricNames(t *testing.T) {
	m := newMetricsTest(t)
	problems, err := testutil.GatherAndLint(m.registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, family := range families {
		names = append(names, strings.TrimSuffix(family.GetName(), "_total"))
	}
	slices.Sort(names)
	for i := range names[1:] {
		if names[i] == names[i+1] {
			t.Errorf("two families are called %s", names[i])
		}
	}
}

// TestFormats: /metrics is served in the format that the scraper prefers.
func TestFormats(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		for accept, want := range map[string]struct{ contentType, body string }{
			"": {"text/plain; version=0.0.4", "# TYPE echosvc_websocket_connections_opened_total counter\n"},
			"application/openmetrics-text;version=1.0.0":                                                 {"application/openmetrics-text; version=1.0.0", "# TYPE echosvc_websocket_connections_opened counter\n"},
			"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited": {"application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited", "echosvc_websocket_connections_opened_total"},
		} {
			request := httptest.NewRequest("GET", "http://"+r.health+"/metrics", nil)
			request.RequestURI = ""
			if accept != "" {
				request.Header.Set("Accept", accept)
			}
			response, err := http.DefaultTransport.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			read, err := io.ReadAll(response.Body)
			response.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			body := string(read)
			if got := response.Header.Get("Content-Type"); response.StatusCode != 200 || !strings.HasPrefix(got, want.contentType) || !strings.Contains(body, want.body) {
				t.Errorf("%q is answered with %d, %s", accept, response.StatusCode, got)
			}
			if strings.Contains(accept, "openmetrics") != strings.HasSuffix(body, "# EOF\n") {
				t.Errorf("%q: the end of the body is wrong", accept)
			}
		}
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	})
}
