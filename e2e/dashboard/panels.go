package dashboard

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// A row is a title and the panels below it, from left to right.
type row struct {
	title  string
	panels []cog.Builder[dashboard.Panel]
}

// series returns a selector for a series of echosvc, with label matchers besides the filter.
func series(name string, matchers ...string) string {
	return "echosvc_" + name + "{" + strings.Join(append([]string{filter}, matchers...), ",") + "}"
}

// rate is per second. Grafana chooses a range that has four scrapes at least.
func rate(name string, matchers ...string) string {
	return "rate(" + series(name, matchers...) + "[$__rate_interval])"
}

// increase is the increase within such a range.
func increase(name string) string { return "increase(" + series(name) + "[$__rate_interval])" }

// sumBy adds up by labels. Series that are zero are left out, because most of a fixed set are.
func sumBy(labels, expr string) string { return "sum by (" + labels + ") (" + expr + ") > 0" }

// share divides two increases over the time range.
func share(part, whole string) string {
	return "sum(increase(" + part + "[$__range])) / sum(increase(" + whole + "[$__range]))"
}

// timerEdges matches the upper edges of the buckets of timers.
func timerEdges() string {
	var edges []string
	for _, timer := range Timers {
		edges = append(edges, edge(timer.To))
	}
	return strings.Join(edges, "|")
}

var rows = []row{
	{"Now", []cog.Builder[dashboard.Panel]{
		number("Open connections", "WebSockets that are open.", "short", noSteps(),
			query("sum("+series("websocket_connections")+")", "")),
		number("Unclean ends", "Share of the connections that ended in the time range without a close frame (1006). Drops by a control do not count.", "percentunit", steps(0.05, 0.1),
			latest(share(series("websocket_closes_total", `code="1006"`, `initiator="nobody"`), series("websocket_closes_total")), "")),
		number("Refused upgrades", "Share of the handshakes in the time range that were refused, for any reason.", "percentunit", steps(0.05, 0.1),
			latest("sum(increase("+series("websocket_upgrades_rejected_total")+"[$__range])) / (sum(increase("+series("websocket_upgrades_rejected_total")+"[$__range])) + sum(increase("+series("websocket_connections_opened_total")+"[$__range])))", "")),
		number("Round trip, p99", "Time between a ping and its pong, for 99 of 100 pings.", "s", steps(0.5, 2),
			query("histogram_quantile(0.99, sum by (le) ("+rate("websocket_ping_rtt_seconds_bucket")+"))", "")),
		number("Memory held", "The instance that holds most of its MEMORY_LIMIT. From 65 % on, upgrades get 503; from 80 % on, connections are closed.", "percentunit", steps(0.5, 0.65),
			query("max(sum without (kind) ("+series("memory_held_bytes")+") / ("+series("memory_limit_bytes")+" > 0))", "")).
			NoValue("no limit"),
		number("Certificate", "Time until the first certificate expires.", "s", []dashboard.Threshold{
			{Color: "red"}, {Value: ptr(3.0 * 86400), Color: "yellow"}, {Value: ptr(14.0 * 86400), Color: "green"}},
			latest("min("+series("tls_certificate_not_after_timestamp_seconds")+") - time()", "")).
			NoValue("no TLS"),
	}},
	{"Connections", []cog.Builder[dashboard.Panel]{
		graph("Open", "Open WebSockets, and their limit.", "short",
			query(series("websocket_connections"), "{{instance}}"),
			query("min("+series("websocket_connections_limit")+" > 0)", "limit")).
			OverrideByQuery(dashed("B")),
		graph("Handshakes", "WebSockets that were opened, connections without an open WebSocket yet, and TLS handshakes that failed.", "short",
			query("sum("+rate("websocket_connections_opened_total")+")", "opened per second"),
			query("sum("+series("handshakes_in_progress")+")", "in progress"),
			query(sumBy("kind", rate("tls_handshake_errors_total")), "TLS error {{kind}} per second")),
		bars("Refused", "Requests that were refused before a WebSocket was open, by reason.",
			query(sumBy("reason", increase("websocket_upgrades_rejected_total")), "{{reason}}")),
		bars("Ends", "Connections that ended, by close code and who sent it first. 1006 is an end without a close frame.",
			query(sumBy("code, initiator", increase("websocket_closes_total")), "{{code}} by {{initiator}}")),
		bars("Protocol errors", "Breaches of RFC 6455 and RFC 7692 by clients, by rule.",
			query(sumBy("kind", increase("websocket_protocol_errors_total")), "{{kind}}")),
		graph("Controls", "Open connections that use a control in their URL, by control.", "short",
			query(sumBy("control", series("websocket_controls")), "{{control}}")),
	}},
	{"Time-outs of proxies", []cog.Builder[dashboard.Panel]{
		ages("Age at the end, over time", "How old connections were when they ended. A row ends at its number of seconds. The marked rows are narrow, and contain a common idle timer each. A marked row that stands out is a proxy that cuts idle connections, or clients that stop at that age.",
			// The mark is part of le, since Grafana takes series with other labels for another histogram.
			query(`label_replace(sum by (le) (`+increase("websocket_connection_duration_seconds_bucket")+`), "le", "$1 ◀", "le", "(`+timerEdges()+`)")`, "{{le}}")),
		ranking("Age at the end, in the time range", "The same, added up. A red bar is a narrow bucket around a common idle timer, so it stays short unless something ends connections at that age.",
			latest("sum by (le) (increase("+series("websocket_connection_duration_seconds_bucket")+"[$__range]))", "{{le}}")),
	}},
	{"Echo", []cog.Builder[dashboard.Panel]{
		graph("Round trips of pings", "Time between a ping and its pong.", "s",
			query("histogram_quantile(0.5, sum by (le) ("+rate("websocket_ping_rtt_seconds_bucket")+"))", "p50"),
			query("histogram_quantile(0.9, sum by (le) ("+rate("websocket_ping_rtt_seconds_bucket")+"))", "p90"),
			query("histogram_quantile(0.99, sum by (le) ("+rate("websocket_ping_rtt_seconds_bucket")+"))", "p99")),
		bars("Missed pings", "Connections that were closed because no pong came.",
			query("sum by (instance) ("+increase("websocket_pings_missed_total")+")", "{{instance}}")),
		graph("Messages", "Echoed messages per second, by type.", "cps",
			query("sum by (type) ("+rate("websocket_messages_total", `direction="received"`)+")", "{{type}}")),
		graph("Payload", "Payload per second in each direction, and the bytes that compression saved.", "binBps",
			query("sum("+rate("websocket_payload_bytes_total", `direction="received"`)+")", "payload"),
			query("sum("+rate("websocket_compression_saved_bytes_total")+")", "saved")),
		bars("Plain HTTP", "Answers to plain requests on PORT, by class of status.",
			query(sumBy("code", increase("http_requests_total")), "{{code}}")),
		graph("Lost log lines", "Log lines per second that were dropped because the log was not read.", "cps",
			query("sum by (instance) ("+rate("log_lines_dropped_total")+")", "{{instance}}")),
	}},
	{"Resources", []cog.Builder[dashboard.Panel]{
		graph("Memory held", "Memory that counts towards MEMORY_LIMIT, by its use, in all instances, and the sum of the limits.", "bytes",
			query("sum by (kind) ("+series("memory_held_bytes")+")", "{{kind}}"),
			query("sum("+series("memory_limit_bytes")+" > 0)", "limit")).
			FillOpacity(30).Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNormal).Group("A")).
			OverrideByQuery(dashed("B")),
		graph("Pressure", "The pressure of MEMORY_LIMIT: 0 none, 1 less is read, 2 upgrades get 503, 3 connections are closed.", "short",
			query(series("memory_pressure_level"), "{{instance}}")).
			Max(3).Decimals(0),
		bars("Shortage", "Connections that were closed because memory was short, and connections that could not be accepted.",
			query("sum("+increase("connections_shed_total")+")", "closed, memory"),
			query("sum("+increase("accept_failures_total")+")", "accepting failed")),
		graph("Longest turn", "The longest turn of an event loop within the last one to two minutes. A long turn delays all clients of its loop.", "s",
			query(series("loop_longest_turn_seconds"), "{{instance}}")),
		graph("Turns", "Turns of the event loops per second.", "cps",
			query(rate("loop_turns_total"), "{{instance}}")),
		graph("Process", "Processors in use, and resident memory.", "short",
			query("rate(process_cpu_seconds_total{"+filter+"}[$__rate_interval])", "CPU {{instance}}"),
			query("process_resident_memory_bytes{"+filter+"}", "memory {{instance}}")).
			OverrideByQuery("B", []dashboard.DynamicConfigValue{{Id: "unit", Value: "bytes"}, {Id: "custom.axisPlacement", Value: "right"}}),
	}},
	{"Drain", []cog.Builder[dashboard.Panel]{
		graph("Draining", "Open connections of draining instances.", "short",
			query(series("websocket_connections")+" and "+series("draining")+" == 1", "{{instance}}")),
		graph("Ended in the drain", "Connections that ended in a drain. Clean means with a close frame from each side.", "short",
			query("sum by (instance, result) ("+series("drain_closed_total")+") > 0", "{{result}} {{instance}}")),
		graph("Duration", "Time since the drain began to close connections.", "s",
			query(series("drain_duration_seconds")+" > 0", "{{instance}}")),
	}},
}
