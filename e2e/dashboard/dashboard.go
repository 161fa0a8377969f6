// Package dashboard makes the Grafana dashboard of echosvc, k8s/monitoring/dashboard/echosvc.json.
// Grafana's own library writes it, so that every option that the schema requires is there.
package dashboard

import (
	"bytes"
	"encoding/json"

	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
)

// filter selects the instances that the variables of the dashboard name.
const filter = `job=~"$job",instance=~"$instance"`

// datasource is the one that the variable of the dashboard names.
var datasource = common.DataSourceRef{Type: ptr("prometheus"), Uid: ptr("${datasource}")}

func ptr[T any](v T) *T { return &v }

// JSON returns the dashboard as Grafana imports it.
func JSON() ([]byte, error) {
	b := dashboard.NewDashboardBuilder("echosvc").
		Uid("echosvc").
		Description("A WebSocket echo server: connections, how they end, time-outs of proxies, round trips, memory, drains.").
		Tags([]string{"echosvc", "websocket"}).
		Time("now-6h", "now").
		Refresh("1m").
		Timezone("browser").
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		WithVariable(dashboard.NewDatasourceVariableBuilder("datasource").Label("Prometheus").Type("prometheus")).
		WithVariable(labelVariable("job", "echosvc_build_info")).
		WithVariable(labelVariable("instance", `echosvc_build_info{job=~"$job"}`)).
		Annotation(dashboard.NewAnnotationQueryBuilder().
			Name("Drains").
			Datasource(datasource).
			IconColor("orange").
			Expr("echosvc_draining{" + filter + "} > 0").
			TitleFormat("{{instance}} drains")).
		Link(dashboard.NewDashboardLinkBuilder("What the alerts mean").
			Type(dashboard.DashboardLinkTypeLink).
			Icon("doc").
			Url("https://github.com/echosvc/echosvc/blob/main/docs/operate.md#alerts").
			TargetBlank(true))
	for _, row := range rows {
		b.WithRow(dashboard.NewRowBuilder(row.title))
		for _, p := range row.panels {
			b.WithPanel(p)
		}
	}
	built, err := b.Build()
	if err != nil {
		return nil, err
	}
	for i := range built.Panels {
		id := uint32(i + 1)
		if p := built.Panels[i].Panel; p != nil {
			p.Id = &id
		} else {
			built.Panels[i].RowPanel.Id = id
		}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // queries stay readable
	encoder.SetIndent("", "  ")
	err = encoder.Encode(built)
	return text.Bytes(), err
}

// labelVariable lets the reader choose values of a label of a series.
func labelVariable(label, series string) *dashboard.QueryVariableBuilder {
	query := "label_values(" + series + ", " + label + ")"
	return dashboard.NewQueryVariableBuilder(label).
		Datasource(datasource).
		Query(dashboard.StringOrMap{String: &query}).
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
		Sort(dashboard.VariableSortNaturalAsc).
		Multi(true).
		IncludeAll(true).
		AllValue(".+").
		Current(dashboard.VariableOption{
			Selected: ptr(true),
			Text:     dashboard.StringOrArrayOfString{ArrayOfString: []string{"All"}},
			Value:    dashboard.StringOrArrayOfString{ArrayOfString: []string{"$__all"}},
		})
}

// query returns the only query of a panel, over the time range. legend names its series.
func query(expr, legend string) *prometheus.DataqueryBuilder {
	return prometheus.NewDataqueryBuilder().RefId("A").Datasource(datasource).Expr(expr).LegendFormat(legend).Range()
}

// latest returns the same at the end of the time range.
func latest(expr, legend string) *prometheus.DataqueryBuilder { return query(expr, legend).Instant() }
