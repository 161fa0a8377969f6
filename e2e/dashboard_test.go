package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	grafana "github.com/grafana/grafana-foundation-sdk/go/dashboard"
	corev1 "k8s.io/api/core/v1"

	"github.com/echosvc/echosvc/e2e/dashboard"
	"github.com/echosvc/echosvc/e2e/manifest"
)

const dashboardFile = "../k8s/monitoring/dashboard/echosvc.json"

func TestDashboard(t *testing.T) {
	want, err := dashboard.JSON()
	if err != nil {
		t.Fatal(err)
	}
	generated(t, dashboardFile, want)
}

// decodeDashboard fails on a field that the schema does not have, and on one that is missing.
func decodeDashboard(text []byte) (d grafana.Dashboard, err error) {
	plugins.RegisterDefaultPlugins() // the schemas of panels and queries
	var list cog.BuildErrors
	// The library returns an empty list, and no panels, if nothing is wrong.
	if err := new(grafana.Dashboard).UnmarshalJSONStrict(text); err != nil && !(errors.As(err, &list) && len(list) == 0) {
		return d, err
	}
	if err := json.Unmarshal(text, &d); err != nil {
		return d, err
	}
	return d, d.Validate()
}

func readDashboard(t *testing.T) ([]byte, grafana.Dashboard) {
	t.Helper()
	text, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	d, err := decodeDashboard(text)
	if err != nil {
		t.Fatal(err)
	}
	return text, d
}

// TestDashboardDecodingIsStrict at every depth.
func TestDashboardDecodingIsStrict(t *testing.T) {
	text, _ := readDashboard(t)
	for name, change := range map[string][2]string{
		"unknown field":            {`"editable": true`, `"editible": true`},
		"missing field":            {`"schemaVersion": 42,`, ``},
		"field of a panel":         {`"transparent": false`, `"transparency": false`},
		"type of a position":       {`"h": 4`, `"h": "4"`},
		"field of a query":         {`"legendFormat"`, `"legend"`},
		"option of a number":       {`"wideLayout": true`, `"wide": true`},
		"missing option":           {`"wideLayout": true,`, ``},
		"option of a heat map":     {`"filterValues"`, `"filter"`},
		"option of a graph's line": {`"showPoints"`, `"showPoint"`},
	} {
		t.Run(name, func(t *testing.T) {
			changed := bytes.Replace(text, []byte(change[0]), []byte(change[1]), 1)
			if bytes.Equal(changed, text) {
				t.Fatalf("there is no %s", change[0])
			}
			if _, err := decodeDashboard(changed); err == nil {
				t.Error("it is decoded")
			}
		})
	}
}

// TestDashboardLayout: panels have a title and a description, and do not overlap on the grid of 24
// columns.
func TestDashboardLayout(t *testing.T) {
	taken := map[[2]uint32]string{}
	ids := map[uint32]bool{}
	_, d := readDashboard(t)
	for _, p := range d.Panels {
		if p.RowPanel != nil {
			ids[p.RowPanel.Id] = true
			continue
		}
		panel := p.Panel
		if panel.Title == nil || panel.Description == nil || *panel.Title == "" || *panel.Description == "" {
			t.Fatalf("the panel %d has no title or no description", *panel.Id)
		}
		if ids[*panel.Id] {
			t.Errorf("%s has the ID %d of another panel", *panel.Title, *panel.Id)
		}
		ids[*panel.Id] = true
		at := panel.GridPos
		if at.X+at.W > 24 {
			t.Errorf("%s ends in column %d of 24", *panel.Title, at.X+at.W)
		}
		for x := at.X; x < at.X+at.W; x++ {
			for y := at.Y; y < at.Y+at.H; y++ {
				if other := taken[[2]uint32{x, y}]; other != "" {
					t.Fatalf("%s lies on %s", *panel.Title, other)
				}
				taken[[2]uint32{x, y}] = *panel.Title
			}
		}
	}
	if len(ids) == 0 {
		t.Error("there are no panels")
	}
}

// TestDashboardConfigMap: Grafana's sidecar finds the dashboard by a label.
func TestDashboardConfigMap(t *testing.T) {
	_, objects, err := manifest.Kustomize(filepath.Join(manifestsDir, "monitoring", "dashboard"))
	if err != nil {
		t.Fatal(err)
	}
	m := objects[0].Typed.(*corev1.ConfigMap)
	want, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	if m.Labels["grafana_dashboard"] != "1" || m.Namespace != "echosvc" || m.Data["echosvc.json"] != string(want) {
		t.Errorf("the ConfigMap is %+v", m.ObjectMeta)
	}
}
