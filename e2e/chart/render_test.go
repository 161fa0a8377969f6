// Package chart tests the Helm chart in charts/echosvc with Helm's own library.
package chart

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	"sigs.k8s.io/yaml"

	"github.com/echosvc/echosvc/e2e/manifest"
)

const (
	chartDir     = "../../charts/echosvc"
	manifestsDir = "../../k8s"
)

// release has the arguments of helm install.
type release struct {
	name, namespace string
	values          map[string]any
}

func loadChart(t *testing.T) *chart.Chart {
	t.Helper()
	c, err := loader.Load(chartDir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// render returns the files of the chart as Helm fills them in, by their paths below templates/.
func (r release) render(t *testing.T) (map[string]string, error) {
	t.Helper()
	c := loadChart(t)
	values, err := util.ToRenderValues(c, r.values, common.ReleaseOptions{Name: r.name, Namespace: r.namespace, IsInstall: true, Revision: 1}, nil)
	if err != nil {
		return nil, err
	}
	rendered, err := engine.Render(c, values)
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for name, text := range rendered {
		files[strings.TrimPrefix(name, "echosvc/templates/")] = text
	}
	return files, nil
}

// objects returns the decoded objects, in the order of their files.
func (r release) objects(t *testing.T) []manifest.Object {
	t.Helper()
	files, err := r.render(t)
	if err != nil {
		t.Fatal(err)
	}
	var objects []manifest.Object
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text := files[name]
		if filepath.Ext(name) != ".yaml" || strings.TrimSpace(text) == "" {
			continue
		}
		o, err := manifest.Decode([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		objects = append(objects, o)
	}
	return objects
}

// values reads files below ci/, of which later ones take precedence.
func values(t *testing.T, names ...string) map[string]any {
	t.Helper()
	merged := map[string]any{}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(chartDir, "ci", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		merged = loader.MergeMaps(merged, parse(t, string(text)))
	}
	return merged
}

// parse reads values as helm does.
func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	values, err := loader.LoadValues(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// eachValues runs a subtest with each file of ci/ and with the defaults.
func eachValues(t *testing.T, check func(t *testing.T, r release)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(chartDir, "ci", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatal("there are no values in ci", err)
	}
	for _, file := range append(files, "") {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		var names []string
		switch name {
		case ".":
		case "gateway-timeouts":
			names = []string{"gateway", name}
		default:
			names = []string{name}
		}
		t.Run(fmt.Sprint(names), func(t *testing.T) { check(t, release{"echosvc", "echosvc", values(t, names...)}) })
	}
}

// fields returns an object as text, for messages.
func fields(o manifest.Object) string {
	text, err := yaml.Marshal(o.Object)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
