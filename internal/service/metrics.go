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

	"github.com/echosvc/echosvc/internal/wsproto"
)

// meters are the figures behind /metrics. Every label has a fixed set of values: no
// client can add a series.
type meters struct {
	registry    *prometheus.Registry
	opened      prometheus.Counter
	durations   prometheus.Histogram
	closes      *prometheus.CounterVec
	rejected    *prometheus.CounterVec
	violations  *prometheus.CounterVec
	rtts        prometheus.Histogram
	pingsMissed prometheus.Counter

	// Messages, and their payload in bytes, that were received and sent back, and by how
	// many bytes what was sent back is more than what was received.
	text, binary, bytes, grown atomic.Int64
}

// echoed counts what one read has brought.
type echoed struct {
	text, binary int64 // messages that were complete with it
	bytes        int64 // payload
	grown        int64 // by which the answers are longer
}

// piece counts a piece of a message's payload.
func (e *echoed) piece(ev *wsproto.Event) {
	e.bytes += int64(len(ev.Payload))
	e.grown += int64(ev.Answered - len(ev.Payload))
	switch {
	case !ev.End || !ev.Fin:
	case ev.Opcode == wsproto.Text:
		e.text++
	default:
		e.binary++
	}
}

// newMeters makes the figures of a service.
func newMeters(s *Service) *meters {
	m := &meters{
		registry: prometheus.NewRegistry(),
		opened:   counter("websocket_connections_total", "WebSocket connections that were opened."),
		durations: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "echosvc_websocket_connection_duration_seconds",
			Help: "How long WebSocket connections lasted.",
			// Just above the idle timers that proxies have, so that one which cuts shows
			// as a spike in its bucket.
			Buckets: []float64{1, 5, 15.5, 30.5, 60.5, 100.5, 300.5, 600.5, 3601, 86400},
		}),
		closes:     counters("websocket_closes_total", "WebSocket connections that ended, by who began it and the close code.", "initiator", "code"),
		rejected:   counters("websocket_upgrades_rejected_total", "Requests that were refused before a WebSocket was opened, by HTTP status.", "reason"),
		violations: counters("websocket_protocol_errors_total", "Breaches of the WebSocket protocol by clients.", "kind"),
		rtts: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "echosvc_websocket_ping_rtt_seconds",
			Help:    "Time between the server's ping and its pong.",
			Buckets: []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10},
		}),
		pingsMissed: counter("websocket_pings_missed_total", "Connections that were closed because no pong came."),
	}
	m.registry.MustRegister(m.opened, m.durations, m.closes, m.rejected, m.violations, m.rtts, m.pingsMissed,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.registerState(s)
	return m
}

// registerState registers what is read from the service at each scrape.
func (m *meters) registerState(s *Service) {
	gauge := func(name, help string, labels prometheus.Labels, value func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "echosvc_" + name, Help: help, ConstLabels: labels}, value))
	}
	gauge("websocket_connections", "WebSocket connections that are open.", nil, func() float64 { return float64(s.live.count()) })
	gauge("websocket_connections_limit", "WebSocket connections that may be open, by MAX_CONNECTIONS; 0 is no limit.", nil, func() float64 { return float64(s.live.max) })
	gauge("draining", "1 when the process has been told to end.", nil, func() float64 {
		if s.draining.Load() {
			return 1
		}
		return 0
	})
	gauge("drain_duration_seconds", "Time since the connections have been told to go; 0 before.", nil, func() float64 {
		if begun := time.Duration(s.drainBegun.Load()); begun != 0 {
			return (s.now() - begun).Seconds()
		}
		return 0
	})
	gauge("build_info", "Always 1; the labels say what is running.", prometheus.Labels{"version": s.version, "goversion": runtime.Version()}, func() float64 { return 1 })
	total := func(name, help string, labels prometheus.Labels, value func() float64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "echosvc_" + name, Help: help, ConstLabels: labels}, value))
	}
	const drainClosed = "Connections that ended during the drain: clean is with close frames both ways."
	total("drain_closed_total", drainClosed, prometheus.Labels{"result": "clean"}, func() float64 { return float64(s.live.tally().clean) })
	total("drain_closed_total", drainClosed, prometheus.Labels{"result": "cut"}, func() float64 { return float64(s.live.tally().cut) })
	for _, direction := range []string{"received", "sent"} { // an echo: the same messages both ways
		for kind, n := range map[string]*atomic.Int64{"text": &m.text, "binary": &m.binary} {
			total("websocket_messages_total", "Messages that were echoed, by direction and type.",
				prometheus.Labels{"direction": direction, "type": kind}, func() float64 { return float64(n.Load()) })
		}
		total("websocket_payload_bytes_total", "Payload of messages that was echoed, in bytes, by direction.",
			prometheus.Labels{"direction": direction}, func() float64 {
				if direction == "sent" {
					return float64(m.bytes.Load() + m.grown.Load())
				}
				return float64(m.bytes.Load())
			})
	}
}

// counter makes a counter whose name begins with echosvc_.
func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: "echosvc_" + name, Help: help})
}

// counters makes a family of counters with labels.
func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "echosvc_" + name, Help: help}, labels)
}

// handler serves the figures.
func (m *meters) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// echoed adds what one read has brought.
func (m *meters) echoed(e echoed) {
	if e.bytes > 0 {
		m.bytes.Add(e.bytes)
	}
	if e.grown != 0 {
		m.grown.Add(e.grown)
	}
	if e.text > 0 {
		m.text.Add(e.text)
	}
	if e.binary > 0 {
		m.binary.Add(e.binary)
	}
}

// closed counts the end of a connection.
func (m *meters) closed(c *conn, duration time.Duration) {
	m.durations.Observe(duration.Seconds())
	m.closes.WithLabelValues(c.closedBy.String(), codeLabel(c.closeCode)).Inc()
	if c.violation != 0 {
		m.violations.WithLabelValues(c.violation.String()).Inc()
	}
}

// codeLabel folds close codes into a fixed set: the registered ones, and one each for the
// ranges of libraries and applications (RFC 6455 section 7.4.2).
func codeLabel(code wsproto.CloseCode) string {
	switch {
	case code < 3000:
		return strconv.Itoa(int(code))
	case code < 4000:
		return "3xxx"
	}
	return "4xxx"
}
