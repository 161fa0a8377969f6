package service

import (
	"crypto/tls"
	"net/http"
	"runtime"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsconn"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// Build describes the program, for the metric build_info.
type Build struct{ Version, Revision string }

// metrics is the set of series at /metrics. Every label has a fixed set of values, so that no
// client can add a series, and each series exists from the start, so that an alert on its
// first increase works.
type metrics struct {
	registry *prometheus.Registry
	counts   []*counts // of each loop
	shed     atomic.Int64
	statuses statusCounts   // of plain requests
	tls      []atomic.Int64 // handshakes that failed, by [socket.TLSError]
}

// state is the part of the service that is read at each scrape.
type state struct {
	admission    *wsconn.Admission
	account      *budget.Account
	now          func() socket.Instant
	driver       func() socket.Stats
	build        func() Build
	droppedLines func() int64            // of the log
	certificate  func() *tls.Certificate // nil without TLS
}

// newMetrics returns the series of a service with a number of loops, at least 1.
func newMetrics(loops int, s state) *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), tls: make([]atomic.Int64, len(socket.TLSErrors()))}
	durations := newHistogram("websocket_connection_duration_seconds", "How long WebSocket connections lasted.", durationEdges)
	rtts := newHistogram("websocket_ping_rtt_seconds", "Time between the server's ping and its pong.", rttEdges)
	for range loops {
		m.counts = append(m.counts, newCounts(durations, rtts))
	}
	m.registry.MustRegister(
		durations, rtts,
		// The statistics of memory have a gauge go_memstats_alloc_bytes and a counter
		// go_memstats_alloc_bytes_total, which are one family in OpenMetrics.
		collectors.NewGoCollector(collectors.WithGoCollectorMemStatsMetricsDisabled(), collectors.WithGoCollectorRuntimeMetrics(collectors.MetricsMemory)),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.registerTraffic()
	m.registerEnds()
	m.registerOthers()
	m.registerAdmission(s)
	m.registerMemory(s.account)
	m.registerDriver(s.driver)
	m.registerProcess(s)
	return m
}

// registerTraffic registers what open connections count. Messages and payload are equal in
// both directions, because every message is sent as it was received.
func (m *metrics) registerTraffic() {
	m.sum("websocket_connections_opened_total", "WebSocket connections that were opened.", nil, func(c *counts) *atomic.Int64 { return &c.opened })
	m.sum("websocket_pings_missed_total", "Connections that were closed because a pong was missing.", nil, func(c *counts) *atomic.Int64 { return &c.pingsMissed })
	m.sum("websocket_compression_saved_bytes_total", "Bytes that compression saved, in each direction, of messages that it made shorter.", nil, func(c *counts) *atomic.Int64 { return &c.saved })
	for _, direction := range []string{"received", "sent"} {
		const messages = "Messages that were echoed, by direction and type."
		m.sum("websocket_messages_total", messages, prometheus.Labels{"direction": direction, "type": "text"}, func(c *counts) *atomic.Int64 { return &c.text })
		m.sum("websocket_messages_total", messages, prometheus.Labels{"direction": direction, "type": "binary"}, func(c *counts) *atomic.Int64 { return &c.binary })
		m.sum("websocket_payload_bytes_total", "Payload of messages that were echoed, in bytes, by direction.",
			prometheus.Labels{"direction": direction}, func(c *counts) *atomic.Int64 { return &c.bytes })
	}
	for i, name := range controlNames {
		m.gauge("websocket_controls", "Open connections that use a control, by its name.", prometheus.Labels{"control": name},
			func() float64 { return m.total(func(c *counts) *atomic.Int64 { return &c.controls[i] }) })
	}
}

// registerEnds registers how connections end, and which are refused.
func (m *metrics) registerEnds() {
	for initiator := range wsconn.Initiator(initiators) {
		for code := range codeLabels {
			if canHappen(initiator, code) {
				m.sum("websocket_closes_total", "WebSocket connections that ended, by the side that started the close and the close code.",
					prometheus.Labels{"initiator": initiator.String(), "code": codeLabel(code)}, func(c *counts) *atomic.Int64 { return &c.closes[initiator][code] })
			}
		}
	}
	for i, reason := range rejections {
		m.sum("websocket_upgrades_rejected_total", "Requests that were refused before a WebSocket was opened, by what was wrong.",
			prometheus.Labels{"reason": string(reason)}, func(c *counts) *atomic.Int64 { return &c.rejected[i] })
	}
	for _, kind := range wsproto.ProtocolErrors() {
		m.sum("websocket_protocol_errors_total", "Protocol errors by clients, by the rule that was broken.",
			prometheus.Labels{"kind": kind.Name()}, func(c *counts) *atomic.Int64 { return &c.protocolErrors[kind] })
	}
}

// registerOthers registers what is not counted for each loop.
func (m *metrics) registerOthers() {
	m.counter("connections_shed_total", "Connections that were closed because memory was short.", nil, func() float64 { return float64(m.shed.Load()) })
	for i, label := range statusLabels {
		if label == "" {
			continue // 1xx is not the last answer
		}
		m.counter("http_requests_total", "Plain HTTP requests on PORT that were answered, by the class of the status; none means that the connection was closed without an answer.",
			prometheus.Labels{"code": label}, func() float64 { return float64(m.statuses[i].Load()) })
	}
	for i, kind := range socket.TLSErrors() {
		m.counter("tls_handshake_errors_total", "TLS handshakes that failed, by cause.",
			prometheus.Labels{"kind": kind.String()}, func() float64 { return float64(m.tls[i].Load()) })
	}
}

// sum registers a counter that is the sum of those of all loops.
func (m *metrics) sum(name, help string, labels prometheus.Labels, of func(*counts) *atomic.Int64) {
	m.counter(name, help, labels, func() float64 { return m.total(of) })
}

// total adds up a counter of all loops.
func (m *metrics) total(of func(*counts) *atomic.Int64) float64 {
	n := int64(0)
	for _, c := range m.counts {
		n += of(c).Load()
	}
	return float64(n)
}

// gauge registers a gauge that is read at each scrape. Its name starts with echosvc_.
func (m *metrics) gauge(name, help string, labels prometheus.Labels, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "echosvc_" + name, Help: help, ConstLabels: labels}, value))
}

// counter registers a counter that is read at each scrape. Its name starts with echosvc_.
func (m *metrics) counter(name, help string, labels prometheus.Labels, value func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "echosvc_" + name, Help: help, ConstLabels: labels}, value))
}

// handler serves the series in the format that the scraper asks for.
func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
}

// tlsFailed counts a TLS handshake that failed.
func (m *metrics) tlsFailed(e socket.TLSError) { m.tls[e].Add(1) }

// registerAdmission registers the open connections and the drain.
func (m *metrics) registerAdmission(s state) {
	admission := s.admission
	m.gauge("websocket_connections", "WebSocket connections that are open.", nil, func() float64 { return float64(admission.Open()) })
	m.gauge("websocket_connections_limit", "Maximum number of open WebSocket connections, by MAX_CONNECTIONS, the limit on open files or MEMORY_LIMIT; 0 means no limit.", nil, func() float64 { return float64(admission.Limit()) })
	m.gauge("draining", "1 after SIGTERM, and while an operator makes /readyz fail.", nil, func() float64 { return oneIf(!admission.Ready()) })
	m.gauge("drain_duration_seconds", "Time since the drain began to close connections; 0 before.", nil, func() float64 {
		if start := admission.DrainStarted(); start != 0 {
			return s.now().Sub(start).Seconds()
		}
		return 0
	})
	const drainClosed = "Connections that ended during the drain; cut means that it ended them without a close frame from each side."
	m.counter("drain_closed_total", drainClosed, prometheus.Labels{"result": "clean"}, func() float64 { clean, _ := admission.Drained(); return float64(clean) })
	m.counter("drain_closed_total", drainClosed, prometheus.Labels{"result": "cut"}, func() float64 { _, cut := admission.Drained(); return float64(cut) })
}

// registerMemory registers what the account holds.
func (m *metrics) registerMemory(account *budget.Account) {
	m.gauge("memory_limit_bytes", "MEMORY_LIMIT in bytes; 0 means no limit.", nil, func() float64 { return float64(account.Limit()) })
	for _, kind := range budget.Kinds() {
		m.gauge("memory_held_bytes", "Memory that counts towards MEMORY_LIMIT, by its use.",
			prometheus.Labels{"kind": kind.String()}, func() float64 { return float64(account.HeldBy(kind)) })
	}
	m.gauge("memory_pressure_level", "The pressure of MEMORY_LIMIT: 0 none, 1 less is read, 2 requests are refused, 3 connections are closed.",
		nil, func() float64 { return float64(account.Pressure()) })
}

// registerDriver registers what the driver counts.
func (m *metrics) registerDriver(stats func() socket.Stats) {
	m.gauge("handshakes_in_progress", "Connections without an open WebSocket yet, refused ones included.", nil, func() float64 { return float64(stats().Handshakes) })
	m.gauge("accept_shortage", "1 if a connection could not be accepted within the last 5 s, most often because no file descriptor was left.", nil, func() float64 { return oneIf(stats().AcceptShort) })
	m.counter("accept_failures_total", "Attempts to accept a connection that failed.", nil, func() float64 { return float64(stats().AcceptFailures) })
	m.counter("loop_turns_total", "Turns of all event loops; 0 with DRIVER=portable.", nil, func() float64 { return float64(stats().Turns) })
	m.gauge("loop_longest_turn_seconds", "The longest turn of an event loop within the last one to two minutes; a turn that has not ended counts.", nil, func() float64 { return stats().LongestTurn.Seconds() })
}

// registerProcess registers what belongs to the process.
func (m *metrics) registerProcess(s state) {
	m.counter("log_lines_dropped_total", "Log lines that were dropped because the log was not read.", nil, func() float64 { return float64(s.droppedLines()) })
	build := prometheus.NewDesc("echosvc_build_info", "Always 1; the labels describe the build.", []string{"version", "revision", "goversion"}, nil)
	notAfter := prometheus.NewDesc("echosvc_tls_certificate_not_after_timestamp_seconds", "When the certificate in use expires, in Unix time. There is no such series without TLS.", nil, nil)
	m.registry.MustRegister(prometheus.CollectorFunc(func(ch chan<- prometheus.Metric) {
		b := s.build()
		ch <- prometheus.MustNewConstMetric(build, prometheus.GaugeValue, 1, b.Version, b.Revision, runtime.Version())
		if c := s.certificate(); c != nil && c.Leaf != nil {
			ch <- prometheus.MustNewConstMetric(notAfter, prometheus.GaugeValue, float64(c.Leaf.NotAfter.Unix()))
		}
	}))
}

// oneIf returns 1 if b is true, and otherwise 0.
func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
