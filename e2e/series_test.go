package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/echosvc/echosvc/e2e/dashboard"
	"github.com/echosvc/echosvc/internal/wstest"
)

// targetLabels are those that Prometheus adds to what it scrapes, with and without Kubernetes.
var targetLabels = map[string]bool{"namespace": true, "job": true, "instance": true}

// scrapedText is the answer of a service that has just started, with TLS, which has a series of its
// own.
func scrapedText(t *testing.T) string {
	t.Helper()
	certificate, key := wstest.WriteCertificate(t, t.TempDir(), "localhost")
	p := startBinary(t, "TLS_CERT_FILE="+certificate, "TLS_KEY_FILE="+key)
	response := p.fetch(t, "health", "/metrics", nil)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// scrapedSeries are the series of a service that has just started, and those that the rules record.
func scrapedSeries(t *testing.T) []labels.Labels {
	t.Helper()
	var all []labels.Labels
	parser := textparse.NewPromParser([]byte(scrapedText(t)), labels.NewSymbolTable(), false)
	for {
		entry, err := parser.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if entry == textparse.EntrySeries {
			var series labels.Labels
			parser.Labels(&series)
			all = append(all, series)
		}
	}
	for _, group := range loadRules(t) {
		for _, rule := range group.Rules {
			if rule.Record != "" {
				all = append(all, recordedSeries(t, rule, all)...)
			}
		}
	}
	return all
}

// recordedSeries are those that a rule makes from others. Labels that it adds up over are still
// there.
func recordedSeries(t *testing.T, rule rulefmt.Rule, all []labels.Labels) (recorded []labels.Labels) {
	t.Helper()
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(rule.Expr)
	if err != nil {
		t.Fatal(err)
	}
	for _, selector := range parser.ExtractSelectors(expr) {
		for _, series := range selected(selector, all) {
			b := labels.NewBuilder(series)
			for name, value := range rule.Labels {
				b.Set(name, value)
			}
			recorded = append(recorded, b.Set(model.MetricNameLabel, rule.Record).Labels())
		}
	}
	return recorded
}

// matches reports whether a selector selects a series, apart from labels that the target has.
func matches(selector []*labels.Matcher, series labels.Labels) bool {
	for _, m := range selector {
		if !targetLabels[m.Name] && !m.Matches(series.Get(m.Name)) {
			return false
		}
	}
	return true
}

// checkQuery checks that each selector of a query matches a series, and that the query groups by
// labels that the series have.
func checkQuery(t *testing.T, query string, all []labels.Labels) {
	t.Helper()
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		t.Errorf("%v in the query\n%s", err, query)
		return
	}
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		switch node := node.(type) {
		case *parser.VectorSelector:
			if len(selected(node.LabelMatchers, all)) == 0 {
				t.Errorf("no series matches %s in the query\n%s", node, query)
			}
		case *parser.AggregateExpr:
			for _, label := range node.Grouping {
				if !targetLabels[label] && !hasLabel(node.Expr, label, all) {
					t.Errorf("no series has the label %s of the query\n%s", label, query)
				}
			}
		}
		return nil
	})
}

// selected are the series that a selector matches.
func selected(selector []*labels.Matcher, all []labels.Labels) (found []labels.Labels) {
	for _, series := range all {
		if matches(selector, series) {
			found = append(found, series)
		}
	}
	return found
}

// hasLabel reports whether all series of an expression have a label.
func hasLabel(expr parser.Expr, label string, all []labels.Labels) bool {
	has := true
	for _, selector := range parser.ExtractSelectors(expr) {
		for _, series := range selected(selector, all) {
			has = has && series.Has(label)
		}
	}
	return has
}

// promqlBlock is a code block of PromQL in a page.
var promqlBlock = regexp.MustCompile("(?ms)^```promql\n(.*?)^```$")

// TestQueriesNameSeries that a scrape contains: those of the dashboard, of the rules and of the
// documents.
func TestQueriesNameSeries(t *testing.T) {
	all := scrapedSeries(t)
	for _, group := range loadRules(t) {
		for _, rule := range group.Rules {
			checkQuery(t, rule.Expr, all)
		}
	}
	for _, query := range dashboardQueries(t) {
		checkQuery(t, query, all)
	}
	blocks := 0
	for _, d := range documents(t) {
		for _, block := range promqlBlock.FindAllStringSubmatch(d.text, -1) {
			blocks++
			checkQuery(t, block[1], all)
		}
	}
	if blocks == 0 {
		t.Error("no document has a block of PromQL")
	}
}

// dashboardQueries are those of panels, annotations and variables. A range of Grafana's is replaced
// by one of five minutes.
func dashboardQueries(t *testing.T) (queries []string) {
	t.Helper()
	text, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels []struct {
			Targets []struct{ Expr string }
		}
		Templating  struct{ List []struct{ Query string } }
		Annotations struct{ List []struct{ Expr string } }
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	for _, panel := range d.Panels {
		for _, target := range panel.Targets {
			queries = append(queries, target.Expr)
		}
	}
	for _, annotation := range d.Annotations.List {
		queries = append(queries, annotation.Expr)
	}
	for _, variable := range d.Templating.List {
		if series, ok := strings.CutPrefix(variable.Query, "label_values("); ok {
			queries = append(queries, series[:strings.LastIndex(series, ",")])
		}
	}
	if len(queries) < 20 {
		t.Fatalf("the dashboard has %d queries", len(queries))
	}
	for i := range queries {
		queries[i] = strings.NewReplacer("$__rate_interval", "5m", "$__range", "5m").Replace(queries[i])
	}
	return queries
}

// TestTimersHaveBuckets of their own, and there are no other edges.
func TestTimersHaveBuckets(t *testing.T) {
	var edges, want []string
	for _, series := range scrapedSeries(t) {
		if series.Get(model.MetricNameLabel) == "echosvc_websocket_connection_duration_seconds_bucket" {
			edges = append(edges, strings.TrimSuffix(series.Get("le"), ".0")) // as Prometheus 3 writes it
		}
	}
	for _, timer := range dashboard.Timers {
		want = append(want, fmt.Sprint(timer.From), fmt.Sprint(timer.To))
	}
	if want = append(want, "+Inf"); !slices.Equal(edges, want) {
		t.Errorf("the buckets end at %q, and the timers are between %q", edges, want)
	}
}
