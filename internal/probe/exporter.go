package probe

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/coder/websocket"
)

// An Exporter watches a target and counts what it sees, for Prometheus.
type Exporter struct {
	target   *Target
	registry *prometheus.Registry

	up, idleTimeout    prometheus.Gauge
	connects, failures prometheus.Counter
	ends               *prometheus.CounterVec
	away, rtt          prometheus.Histogram
}

// NewExporter returns an Exporter of a target.
func NewExporter(target *Target) *Exporter {
	place := *target.URL
	place.User, place.RawQuery, place.Fragment = nil, "", "" // they may be secrets
	e := &Exporter{target: target, registry: prometheus.NewRegistry()}
	series := promauto.With(prometheus.WrapRegistererWith(prometheus.Labels{"target": place.String()}, prometheus.WrapRegistererWithPrefix("echosvc_probe_", e.registry)))
	e.up = series.NewGauge(prometheus.GaugeOpts{Name: "up", Help: "1 while a connection is open and echoes."})
	e.idleTimeout = series.NewGauge(prometheus.GaugeOpts{Name: "idle_timeout_seconds", Help: "The age at which the last two idle connections ended, if it was the same; otherwise 0."})
	e.connects = series.NewCounter(prometheus.CounterOpts{Name: "connects_total", Help: "Connections that were opened and have echoed."})
	e.failures = series.NewCounter(prometheus.CounterOpts{Name: "connect_failures_total", Help: "Attempts to open a connection that failed."})
	e.away = series.NewHistogram(prometheus.HistogramOpts{Name: "away_seconds", Help: "How long there was no connection after one was lost.", Buckets: []float64{0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300}})
	e.rtt = series.NewHistogram(prometheus.HistogramOpts{Name: "rtt_seconds", Help: "Time between a message and its echo.", Buckets: []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}})
	e.ends = series.NewCounterVec(prometheus.CounterOpts{Name: "ends_total", Help: "Connections that were lost, by close code; 1006 means without a close frame."}, []string{"code"})
	for code := websocket.StatusNormalClosure; code <= websocket.StatusBadGateway; code++ {
		e.ends.WithLabelValues(codeLabel(int(code))) // so that an alert on the first one fires
	}
	e.ends.WithLabelValues("3xxx")
	e.ends.WithLabelValues("4xxx")
	return e
}

// codeLabel maps close codes to a fixed set, so that no server can add a series.
func codeLabel(code int) string {
	switch {
	case code >= 4000:
		return "4xxx"
	case code >= 3000:
		return "3xxx"
	case code < 1000 || code > int(websocket.StatusBadGateway):
		return "1006"
	}
	return fmt.Sprint(code)
}

// Handler serves the series at /metrics.
func (e *Exporter) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(e.registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	return mux
}

// Watch is like [Watch], and counts for the metrics. It also keeps an idle connection open, to
// find an idle time-out.
func (e *Exporter) Watch(ctx context.Context, emit func(Event)) bool {
	ctx, cancel := context.WithCancel(ctx)
	var silent sync.WaitGroup
	defer silent.Wait()
	defer cancel()
	silent.Go(func() { e.findIdleTimeout(ctx) })
	w := &watcher{Target: e.target, echoed: func(rtt time.Duration) { e.rtt.Observe(rtt.Seconds()) }, failed: e.failures.Inc}
	w.emit = func(event Event) {
		e.count(event)
		emit(event)
	}
	return w.run(ctx)
}

// count counts an event.
func (e *Exporter) count(event Event) {
	switch event.Event {
	case "connected":
		e.up.Set(1)
		e.connects.Inc()
		if event.AwayMS > 0 {
			e.away.Observe(event.AwayMS / 1000)
		}
	case "lost":
		e.up.Set(0)
		e.ends.WithLabelValues(codeLabel(event.Code)).Inc()
	case "end":
		e.up.Set(0)
	}
}

const (
	// longestIdle is how long an idle connection is kept. No common proxy has a default above
	// an hour.
	longestIdle = time.Hour + time.Minute
	// idleRetry is the time between two idle connections.
	idleRetry = 5 * time.Second
)

// findIdleTimeout opens one idle connection after another until ctx ends. Two in a row that
// end at the same age show an idle time-out. A rollout may have ended a single one.
func (e *Exporter) findIdleTimeout(ctx context.Context) {
	var last time.Duration
	for ctx.Err() == nil {
		if query, reached := e.silent(ctx); reached {
			i := e.target.holdIdle(ctx, longestIdle, query)
			switch {
			case ctx.Err() != nil:
				return
			case i.alive:
				e.idleTimeout.Set(0)
			case sameAge(last, i.closedAfter):
				e.idleTimeout.Set(i.closedAfter.Seconds())
			}
			last = i.closedAfter
		}
		sleep(ctx, idleRetry)
	}
}

// silent returns the query that disables the pings of echosvc, or none if the server refuses
// it. reached is false if no connection can be opened.
func (e *Exporter) silent(ctx context.Context) (query url.Values, reached bool) {
	query = url.Values{"ping": {"0"}}
	s, err := e.target.dial(ctx, offer{query: query})
	if refusesControls(err) {
		query = nil
		s, err = e.target.dial(ctx, offer{})
	}
	if err == nil {
		s.release()
	}
	return query, err == nil
}

// sameAge reports whether two ages are those of one timer: the difference is at most a second,
// or a fiftieth, because proxies check their timers at intervals.
func sameAge(a, b time.Duration) bool {
	return a > 0 && (a-b).Abs() <= max(time.Second, a/50)
}
