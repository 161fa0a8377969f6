package dashboard

import (
	"github.com/grafana/grafana-foundation-sdk/go/bargauge"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/heatmap"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// The sizes of panels: the grid has 24 columns.
const (
	width       = 24
	statHeight  = 4
	graphHeight = 8
)

// number is a panel with one number, in a sixth of the width. Its color changes at the steps.
func number(title, description, unit string, steps []dashboard.Threshold, target *prometheus.DataqueryBuilder) *stat.PanelBuilder {
	return stat.NewPanelBuilder().
		Title(title).Description(description).Unit(unit).
		Datasource(datasource).
		Span(width / 6).Height(statHeight).
		GraphMode(common.BigValueGraphModeArea).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"})).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdThresholds)).
		Thresholds(dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(steps)).
		WithTarget(target)
}

// steps are green, and then yellow and red from the given values on.
func steps(yellow, red float64) []dashboard.Threshold {
	return []dashboard.Threshold{{Color: "green"}, {Value: &yellow, Color: "yellow"}, {Value: &red, Color: "red"}}
}

// noSteps are blue.
func noSteps() []dashboard.Threshold { return []dashboard.Threshold{{Color: "blue"}} }

// graph is a panel with lines over time, in a third of the width.
func graph(title, description, unit string, targets ...*prometheus.DataqueryBuilder) *timeseries.PanelBuilder {
	b := timeseries.NewPanelBuilder().
		Title(title).Description(description).Unit(unit).Min(0).
		Datasource(datasource).
		Span(width / 3).Height(graphHeight).
		LineWidth(1).FillOpacity(10).ShowPoints(common.VisibilityModeNever).
		Legend(common.NewVizLegendOptionsBuilder().
			DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom).ShowLegend(true)).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending))
	for i, target := range targets {
		b.WithTarget(target.RefId(string(rune('A' + i))))
	}
	return b
}

// bars is a graph of counts, whose targets are stacked bars.
func bars(title, description string, targets ...*prometheus.DataqueryBuilder) *timeseries.PanelBuilder {
	return graph(title, description, "short", targets...).
		DrawStyle(common.GraphDrawStyleBars).FillOpacity(80).
		Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNormal).Group("A"))
}

// dashed draws the series of a query as a dashed red line, such as a limit.
func dashed(refID string) (string, []dashboard.DynamicConfigValue) {
	return refID, []dashboard.DynamicConfigValue{
		{Id: "custom.lineStyle", Value: map[string]any{"fill": "dash", "dash": []int{8, 8}}},
		{Id: "custom.fillOpacity", Value: 0},
		{Id: "custom.stacking", Value: map[string]any{"mode": "none", "group": "A"}},
		{Id: "color", Value: map[string]any{"mode": "fixed", "fixedColor": "red"}},
	}
}

// ages is a heat map of the buckets of a histogram over time. The rows of timers have a mark.
func ages(title, description string, target *prometheus.DataqueryBuilder) *heatmap.PanelBuilder {
	return heatmap.NewPanelBuilder().
		Title(title).Description(description).
		Datasource(datasource).
		Span(width / 2).Height(2 * graphHeight).
		Calculate(false).
		Color(heatmap.NewHeatmapColorOptionsBuilder().
			Mode(heatmap.HeatmapColorModeScheme).Scheme("Oranges").Fill("dark-orange").
			Scale(heatmap.HeatmapColorScaleExponential).Exponent(0.5).Steps(64)).
		FilterValues(heatmap.NewFilterValueRangeBuilder().Le(1e-9)).
		RowsFrame(heatmap.NewRowsHeatmapOptionsBuilder().Layout(common.HeatmapCellLayoutAuto)).
		YAxis(heatmap.NewYAxisConfigBuilder().AxisPlacement(common.AxisPlacementLeft)).
		CellValues(heatmap.NewCellValuesBuilder().Unit("short")).
		Tooltip(heatmap.NewHeatmapTooltipBuilder().Mode(common.TooltipDisplayModeSingle).YHistogram(true)).
		WithTarget(target.Format(prometheus.PromQueryFormatHeatmap))
}

// ranking is a panel with one bar for each bucket of a histogram. The bars of timers have their
// names and a color of their own.
func ranking(title, description string, target *prometheus.DataqueryBuilder) *bargauge.PanelBuilder {
	b := bargauge.NewPanelBuilder().
		Title(title).Description(description).Unit("short").Decimals(0).Min(0).
		Datasource(datasource).
		Span(width / 2).Height(2 * graphHeight).
		Orientation(common.VizOrientationHorizontal).
		DisplayMode(common.BarGaugeDisplayModeBasic).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"})).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdFixed).FixedColor("blue")).
		WithTarget(target.Format(prometheus.PromQueryFormatHeatmap))
	for _, timer := range Timers {
		b.OverrideByRegexp("/^"+edge(timer.To)+"$/", []dashboard.DynamicConfigValue{
			{Id: "displayName", Value: "timer of " + timer.Name},
			{Id: "color", Value: map[string]any{"mode": "fixed", "fixedColor": "red"}},
		})
	}
	return b
}
