package e2e

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/echosvc/echosvc/e2e/dashboard"
)

// A firing is a case of the test of alerts: what Prometheus has scraped once a minute, in
// promtool's notation, and every alert that fires an hour later.
type firing struct {
	name   string
	series map[string]string // its values, by a series without the prefix echosvc_
	fires  []string
}

// lengths are the ends of connections of all lengths from 0 to ten minutes, 600 a minute, and cut
// more at the age of a timer. suffix is added to the whole edges of buckets.
func lengths(timer dashboard.Timer, cut float64, suffix string) map[string]string {
	series := map[string]string{}
	add := func(le string, perMinute float64) {
		series[fmt.Sprintf(`websocket_connection_duration_seconds_bucket{le="%s"}`, le)] = fmt.Sprintf("0+%gx60", perMinute)
	}
	for _, t := range dashboard.Timers {
		for _, edge := range []float64{t.From, t.To} {
			le, perMinute := fmt.Sprint(edge), min(edge, 600)
			if edge == math.Trunc(edge) {
				le += suffix
			}
			if edge >= timer.To {
				perMinute += cut
			}
			add(le, perMinute)
		}
	}
	add("+Inf", 600+cut)
	series["websocket_connection_duration_seconds_count"] = fmt.Sprintf("0+%gx60", 600+cut)
	return series
}

// minute is the timer of 60 s.
var minute = dashboard.Timer{Name: "60s", From: 59, To: 61}

// thirteenDays is the Unix time 13 days after the start, every minute.
const thirteenDays = "1123200x60"

// The values are those of every minute from 0 to 60.
var firings = []firing{
	{"a good service, with connections of all lengths", lengths(minute, 0, ""), nil},
	{"a good service, with some of everything that happens", map[string]string{
		`websocket_closes_total{code="1000",initiator="client"}`: "0+100x60",
		`websocket_closes_total{code="1001",initiator="server"}`: "0+100x60",
		`websocket_closes_total{code="1006",initiator="nobody"}`: "0+15x60",
		`websocket_pings_missed_total`:                           "0+5x60",
		`websocket_connections_opened_total`:                     "0+200x60",
		`websocket_upgrades_rejected_total{reason="draining"}`:   "0+200x60",
		`websocket_upgrades_rejected_total{reason="refuse"}`:     "0+200x60",
		`websocket_upgrades_rejected_total{reason="key"}`:        "0+10x60",
		`websocket_upgrades_rejected_total{reason="full"}`:       "3x60",
		`accept_shortage`:                             "0x60",
		`loop_longest_turn_seconds`:                   "0.9x60",
		`memory_pressure_level`:                       "1x60",
		`connections_shed_total`:                      "7x60",
		`tls_certificate_not_after_timestamp_seconds`: "1296000x60",
		`drain_closed_total{result="clean"}`:          "0+9x60",
		`drain_closed_total{result="cut"}`:            "0x60",
	}, nil},
	{"one end in two is unclean, but they are few", map[string]string{
		`websocket_closes_total{code="1000",initiator="client"}`: "0+1x60",
		`websocket_closes_total{code="1006",initiator="nobody"}`: "0+1x60",
	}, nil},
	{"one end in six is unclean", map[string]string{
		`websocket_closes_total{code="1000",initiator="client"}`: "0+10x60",
		`websocket_closes_total{code="1006",initiator="nobody"}`: "0+2x60",
	}, []string{"EchosvcUncleanEnds"}},
	{"half of the ends are drops that a control asked for", map[string]string{
		`websocket_closes_total{code="1000",initiator="client"}`: "0+10x60",
		`websocket_closes_total{code="1006",initiator="server"}`: "0+10x60",
	}, nil},
	{"one end in ten is a missed ping", map[string]string{
		`websocket_closes_total{code="1000",initiator="client"}`: "0+18x60",
		`websocket_closes_total{code="1011",initiator="server"}`: "0+2x60",
		`websocket_pings_missed_total`:                           "0+2x60",
	}, []string{"EchosvcPingsMissed"}},
	{"two pings are missed", map[string]string{
		`websocket_closes_total{code="1011",initiator="server"}`: "0x58 2x2",
		`websocket_pings_missed_total`:                           "0x58 2x2",
	}, nil},
	{"one handshake in five has a wrong origin", map[string]string{
		`websocket_connections_opened_total`:                   "0+8x60",
		`websocket_upgrades_rejected_total{reason="origin"}`:   "0+2x60",
		`websocket_upgrades_rejected_total{reason="key"}`:      "0x60",
		`websocket_upgrades_rejected_total{reason="draining"}`: "0x60",
	}, []string{"EchosvcUpgradesRejected"}},
	{"one handshake in five has a wrong origin, but they are few", map[string]string{
		`websocket_connections_opened_total`:                 "0x57 0+4x2",
		`websocket_upgrades_rejected_total{reason="origin"}`: "0x57 0+1x2",
	}, nil},
	{"all connections are taken", map[string]string{
		`websocket_upgrades_rejected_total{reason="full"}`: "0x58 1x1",
	}, []string{"EchosvcFull"}},
	{"plain requests are refused", map[string]string{
		`websocket_upgrades_rejected_total{reason="requests"}`: "0x58 1x1",
	}, []string{"EchosvcFull"}},
	{"memory is short", map[string]string{
		`memory_pressure_level`:                              "0x50 2x9",
		`websocket_upgrades_rejected_total{reason="memory"}`: "0x58 3x1",
	}, []string{"EchosvcFull", "EchosvcMemoryPressure"}},
	{"memory was short for a moment", map[string]string{
		`memory_pressure_level`: "0x58 2 0",
	}, nil},
	{"memory is so short that connections are closed", map[string]string{
		`memory_pressure_level`:  "0x50 3x9",
		`connections_shed_total`: "0x58 40x1",
	}, []string{"EchosvcConnectionsShed", "EchosvcMemoryPressure"}},
	{"no file descriptor is left", map[string]string{
		`accept_shortage`: "0x57 1x2",
	}, []string{"EchosvcAcceptShortage"}},
	{"accepting failed once", map[string]string{
		`accept_shortage`: "0x58 1 0",
	}, nil},
	{"a loop stalled for two seconds", map[string]string{
		`loop_longest_turn_seconds`: "0x58 2x1",
	}, []string{"EchosvcLoopStalled"}},
	{"the certificate expires in 13 days", map[string]string{
		`tls_certificate_not_after_timestamp_seconds`: thirteenDays,
	}, []string{"EchosvcCertificateExpires"}},
	{"a drain has cut a connection, and the process has ended", map[string]string{
		`drain_closed_total{result="cut"}`: "0x52 1 stale",
	}, []string{"EchosvcDrainCut"}},
	{"a drain that was rehearsed hours ago has cut connections", map[string]string{
		`drain_closed_total{result="cut"}`: "7x60",
	}, nil},
	{"a proxy cuts at 60 s among connections of all lengths", lengths(minute, 200, ""), []string{"EchosvcProxyTimer"}},
	{"the same, with edges as Prometheus 3 writes them", lengths(minute, 200, ".0"), []string{"EchosvcProxyTimer"}},
	{"a proxy cuts at 60 s, but few connections", lengths(minute, 30, ""), nil},
}

// TestAlertsFire: each alert fires in its case, and no other one does.
func TestAlertsFire(t *testing.T) {
	known := map[string]bool{"EchosvcAbsent": true} // below
	for _, c := range firings {
		for _, alert := range c.fires {
			known[alert] = true
		}
		t.Run(c.name, func(t *testing.T) {
			c.series["build_info"] = "1x60"
			checkAlerts(t, c)
		})
	}
	t.Run("nothing is scraped", func(t *testing.T) { checkAlerts(t, firing{fires: []string{"EchosvcAbsent"}}) })
	for _, alert := range alerts(t) {
		if !known[alert.Alert] {
			t.Errorf("there is no case in which %s fires", alert.Alert)
		}
	}
}

// checkAlerts evaluates the rules for an hour, and compares the alerts that fire then.
func checkAlerts(t *testing.T, c firing) {
	t.Helper()
	samples := []any{}
	for _, alert := range c.fires {
		samples = append(samples, map[string]any{"labels": fmt.Sprintf(`{alertname=%q}`, alert), "value": 1})
	}
	evaluateRules(t, c.series, "promql_expr_test", map[string]any{
		"expr":        `count by (alertname) (ALERTS{alertstate="firing"})`,
		"eval_time":   "1h",
		"exp_samples": samples,
	})
}

// evaluateRules runs one of promtool's unit tests after the rules have seen the series.
func evaluateRules(t *testing.T, series map[string]string, kind string, test map[string]any) {
	t.Helper()
	rules, err := filepath.Abs(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	input := []any{}
	for name, values := range series {
		input = append(input, map[string]string{"series": "echosvc_" + name, "values": values})
	}
	text, err := json.Marshal(map[string]any{ // which is YAML
		"rule_files":          []string{rules},
		"evaluation_interval": "1m",
		"tests":               []any{map[string]any{"interval": "1m", "input_series": input, kind: []any{test}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "alerts.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "", "test", "rules", path)
}

// TestEveryTimerIsFound among connections of all lengths, and no other.
func TestEveryTimerIsFound(t *testing.T) {
	for _, timer := range dashboard.Timers {
		t.Run(timer.Name, func(t *testing.T) {
			evaluateRules(t, lengths(timer, 200, ""), "promql_expr_test", map[string]any{
				"expr":        `count by (alertname, timer) (ALERTS{alertstate="firing",alertname="EchosvcProxyTimer"})`,
				"eval_time":   "1h",
				"exp_samples": []any{map[string]any{"labels": fmt.Sprintf(`{alertname="EchosvcProxyTimer",timer=%q}`, timer.Name), "value": 1}},
			})
		})
	}
}

// TestTimerQuery: the share that the query of docs/proxies.md has, in percent.
func TestTimerQuery(t *testing.T) {
	block := promqlBlock.FindStringSubmatch(readDocument(t, "docs/proxies.md").text)
	for cut, percent := range map[float64]int{0: 0, 200: 25, 600: 50} {
		for _, suffix := range []string{"", ".0"} {
			evaluateRules(t, lengths(minute, cut, suffix), "promql_expr_test", map[string]any{
				"expr":        "round(100 * (" + block[1] + "))",
				"eval_time":   "1h",
				"exp_samples": []any{map[string]any{"labels": "{}", "value": percent}},
			})
		}
	}
}

// TestAlertTexts: the value and the labels that the texts contain.
func TestAlertTexts(t *testing.T) {
	for _, test := range []struct {
		alert                string
		series, labels       map[string]string
		summary, description string
	}{
		{
			"EchosvcProxyTimer", lengths(minute, 200, ""), map[string]string{"severity": "info", "timer": "60s"},
			"Connections end at the age of 60s.",
			"25.25% of the connections that ended within an hour were 60s old, within a second, because of a time-out of a proxy or of the clients.",
		},
		{
			"EchosvcFull", map[string]string{`websocket_upgrades_rejected_total{reason="full"}`: "0+1x60"},
			map[string]string{"severity": "critical", "reason": "full"},
			"Requests get 503: full.",
			"About 5 requests got 503 within 5 minutes for the reason full.",
		},
		{
			"EchosvcDrainCut", map[string]string{`drain_closed_total{result="cut"}`: "0x52 3 stale"}, map[string]string{"severity": "warning"},
			"A drain cut connections.",
			"About 4 connections ended in a drain without a close frame from each side.",
		},
		{
			"EchosvcLoopStalled", map[string]string{`loop_longest_turn_seconds`: "2x60"}, map[string]string{"severity": "critical"},
			"An event loop stalled.",
			"A turn of an event loop took 2s. All clients of the loop waited.",
		},
		{
			"EchosvcCertificateExpires", map[string]string{`tls_certificate_not_after_timestamp_seconds`: thirteenDays},
			map[string]string{"severity": "warning"},
			"The certificate expires soon.",
			"The certificate in use expires at 1970-01-14 00:00:00 +0000 UTC.",
		},
	} {
		t.Run(test.alert, func(t *testing.T) {
			runbook := "https://github.com/echosvc/echosvc/blob/main/docs/operate.md#" + slug(test.alert)
			evaluateRules(t, test.series, "alert_rule_test", map[string]any{
				"alertname": test.alert,
				"eval_time": "1h",
				"exp_alerts": []any{map[string]any{
					"exp_labels":      test.labels,
					"exp_annotations": map[string]string{"summary": test.summary, "description": test.description, "runbook_url": runbook},
				}},
			})
		})
	}
}
