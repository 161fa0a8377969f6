package service

import (
	"net/http"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsconn"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// metrics is the set of series at /metrics. It implements [wsconn.Metrics]. Every label
// has a fixed set of values, so that no client can add a series.
type metrics struct {
	registry       *prometheus.Registry
	opened         prometheus.Counter
	durations      prometheus.Histogram
	closes         *prometheus.CounterVec
	rejected       *prometheus.CounterVec
	protocolErrors *prometheus.CounterVec
	rtts           prometheus.Histogram
	pingsMissed    prometheus.Counter

	text, binary, bytes atomic.Int64 // echoed messages, and their payload
}

// newMetrics returns the series of a service. now is its clock.
func newMetrics(admission *wsconn.Admission, now func() socket.Instant, version string) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		opened:   counter("websocket_connections_total", "WebSocket connections that were opened."),
		durations: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "echosvc_websocket_connection_duration_seconds",
			Help: "How long WebSocket connections lasted.",
			// Just above common idle time-outs of proxies, so that a proxy that closes
			// connections shows as a spike in one bucket.
			Buckets: []float64{1, 5, 15.5, 30.5, 60.5, 100.5, 300.5, 600.5, 3601, 86400},
		}),
		closes:         counters("websocket_closes_total", "WebSocket connections that ended, by the side that started the close and the close code.", "initiator", "code"),
		rejected:       counters("websocket_upgrades_rejected_total", "Requests that were refused before a WebSocket was opened, by HTTP status; refuse counts those that the control refuse asked for.", "reason"),
		protocolErrors: counters("websocket_protocol_errors_total", "Protocol errors by clients.", "kind"),
		rtts: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "echosvc_websocket_ping_rtt_seconds",
			Help:    "Time between the server's ping and its pong.",
			Buckets: []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10},
		}),
		pingsMissed: counter("websocket_pings_missed_total", "Connections that were closed because a pong was missing."),
	}
	m.registry.MustRegister(m.opened, m.durations, m.closes, m.rejected, m.protocolErrors, m.rtts, m.pingsMissed,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.registerState(admission, now, version)
	m.registerTraffic()
	return m
}

// registerState registers the series that are read from the service at each scrape.
func (m *metrics) registerState(admission *wsconn.Admission, now func() socket.Instant, version string) {
	m.gauge("websocket_connections", "WebSocket connections that are open.", nil, func() float64 { return float64(admission.Open()) })
	m.gauge("websocket_connections_limit", "WebSocket connections that may be open, by MAX_CONNECTIONS; 0 means no limit.", nil, func() float64 { return float64(admission.Limit()) })
	m.gauge("draining", "1 after the process has received SIGTERM.", nil, func() float64 {
		if admission.Ready() {
			return 0
		}
		return 1
	})
	m.gauge("drain_duration_seconds", "Time since the drain began to close connections; 0 before.", nil, func() float64 {
		if start := admission.DrainStarted(); start != 0 {
			return now().Sub(start).Seconds()
		}
		return 0
	})
	m.gauge("build_info", "Always 1; the labels describe the build.", prometheus.Labels{"version": version, "goversion": runtime.Version()}, func() float64 { return 1 })
	const drainClosed = "Connections that ended during the drain; clean means with a close frame from each side."
	m.total("drain_closed_total", drainClosed, prometheus.Labels{"result": "clean"}, func() float64 { clean, _ := admission.Drained(); return float64(clean) })
	m.total("drain_closed_total", drainClosed, prometheus.Labels{"result": "cut"}, func() float64 { _, cut := admission.Drained(); return float64(cut) })
}

// registerMemory registers what the account holds.
func (m *metrics) registerMemory(account *budget.Account) {
	m.gauge("memory_limit_bytes", "MEMORY_LIMIT in bytes; 0 means no limit.", nil, func() float64 { return float64(account.Limit()) })
	for _, kind := range budget.Kinds() {
		m.gauge("memory_held_bytes", "Memory that counts towards MEMORY_LIMIT, by what it is held for.",
			prometheus.Labels{"kind": kind.String()}, func() float64 { return float64(account.HeldBy(kind)) })
	}
}

// registerTraffic registers the counters of echoed messages. They are equal in both
// directions, because every message is sent as it was received.
func (m *metrics) registerTraffic() {
	for _, direction := range []string{"received", "sent"} {
		for kind, n := range map[string]*atomic.Int64{"text": &m.text, "binary": &m.binary} {
			m.total("websocket_messages_total", "Messages that were echoed, by direction and type.",
				prometheus.Labels{"direction": direction, "type": kind}, func() float64 { return float64(n.Load()) })
		}
		m.total("websocket_payload_bytes_total", "Payload of messages that were echoed, in bytes, by direction.",
			prometheus.Labels{"direction": direction}, func() float64 { return float64(m.bytes.Load()) })
	}
}

// gauge registers a gauge that is read at each scrape.
func (m *metrics) gauge(name, help string, labels prometheus.Labels, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "echosvc_" + name, Help: help, ConstLabels: labels}, value))
}

// total registers a counter that is read at each scrape.
func (m *metrics) total(name, help string, labels prometheus.Labels, value func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "echosvc_" + name, Help: help, ConstLabels: labels}, value))
}

// counter returns a counter whose name starts with echosvc_.
func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: "echosvc_" + name, Help: help})
}

// counters returns a family of counters with labels.
func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "echosvc_" + name, Help: help}, labels)
}

// handler serves the series.
func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Opened counts a WebSocket.
func (m *metrics) Opened() { m.opened.Inc() }

// Rejected counts a request that was refused. A status that a control asked for is not a
// label, since a client could choose any.
func (m *metrics) Rejected(e *wsproto.HandshakeError) {
	reason := strconv.Itoa(e.Status)
	if e.Reason == wsconn.ReasonRefuse {
		reason = "refuse"
	}
	m.rejected.WithLabelValues(reason).Inc()
}

// Echoed counts messages and payload.
func (m *metrics) Echoed(t wsconn.Traffic) {
	if t.Bytes > 0 {
		m.bytes.Add(t.Bytes)
	}
	if t.Text > 0 {
		m.text.Add(t.Text)
	}
	if t.Binary > 0 {
		m.binary.Add(t.Binary)
	}
}

// PongReceived counts the answer to a ping.
func (m *metrics) PongReceived(rtt time.Duration) { m.rtts.Observe(rtt.Seconds()) }

// PongMissed counts a connection that is closed because a pong is missing.
func (m *metrics) PongMissed() { m.pingsMissed.Inc() }

// Closed counts the end of a WebSocket.
func (m *metrics) Closed(s *wsconn.Summary) {
	m.durations.Observe(s.Duration.Seconds())
	m.closes.WithLabelValues(s.Initiator.String(), codeLabel(s.Code)).Inc()
	if s.Err != 0 {
		m.protocolErrors.WithLabelValues(s.Err.Name()).Inc()
	}
}

// codeLabel maps close codes to a fixed set: the registered codes, and one label each for
// the ranges 3000 to 3999 and 4000 to 4999 (RFC 6455 section 7.4.2).
func codeLabel(code wsproto.CloseCode) string {
	switch {
	case code < 3000:
		return strconv.Itoa(int(code))
	case code < 4000:
		return "3xxx"
	}
	return "4xxx"
}
