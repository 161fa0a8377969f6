package e2e

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// loadCompose merges files of the repository as docker compose -f does. It fails on fields that the
// specification does not have.
func loadCompose(t *testing.T, files ...string) *types.Project {
	t.Helper()
	for i := range files {
		files[i] = filepath.Join("..", files[i])
	}
	options, err := cli.NewProjectOptions(files, cli.WithName("echosvc"))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func loadMonitoring(t *testing.T) *types.Project {
	t.Helper()
	return loadCompose(t, "compose.yaml", "compose.monitoring.yaml")
}

// mounted returns the file of the repository that a service sees at a path.
func mounted(t *testing.T, service types.ServiceConfig, path string) string {
	t.Helper()
	for _, volume := range service.Volumes {
		if volume.Type == types.VolumeTypeBind && volume.Target == path {
			return volume.Source
		}
	}
	t.Fatalf("%s sees no file of the repository at %s", service.Name, path)
	return ""
}

// TestComposeServices: each has a check that docker compose up --wait waits for, no capabilities, and
// ports that are published on this machine only, except those of echosvc.
func TestComposeServices(t *testing.T) {
	project := loadMonitoring(t)
	if got := project.ServiceNames(); len(got) != 3 {
		t.Fatalf("the services are %q", got)
	}
	digest := regexp.MustCompile(`^[a-z/]+:v?[0-9.]+@sha256:[0-9a-f]{64}$`)
	for name, service := range project.Services {
		if service.HealthCheck == nil || len(service.CapDrop) != 1 || service.CapDrop[0] != "ALL" {
			t.Errorf("%s has no health check or capabilities", name)
		}
		if name == "echosvc" {
			continue
		}
		if !digest.MatchString(service.Image) {
			t.Errorf("%s has the image %s, not a version and its digest", name, service.Image)
		}
		for _, port := range service.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s publishes %s on %q", name, port.Published, port.HostIP)
			}
		}
	}
}

// TestComposeProvisionsGrafana with the dashboard and the Prometheus of the same file.
func TestComposeProvisionsGrafana(t *testing.T) {
	project := loadMonitoring(t)
	grafana := project.Services["grafana"]
	var sources struct {
		Datasources []struct{ Type, URL string }
	}
	read(t, mounted(t, grafana, "/etc/grafana/provisioning/datasources/echosvc.yaml"), &sources)
	if len(sources.Datasources) != 1 || sources.Datasources[0].Type != "prometheus" || sources.Datasources[0].URL != "http://prometheus:9090" {
		t.Errorf("the sources are %+v", sources)
	}
	var dashboards struct {
		Providers []struct {
			Type    string
			Options struct{ Path string }
		}
	}
	read(t, mounted(t, grafana, "/etc/grafana/provisioning/dashboards/echosvc.yaml"), &dashboards)
	if len(dashboards.Providers) != 1 || dashboards.Providers[0].Type != "file" {
		t.Fatalf("the providers are %+v", dashboards)
	}
	path := dashboards.Providers[0].Options.Path + "/echosvc.json"
	if file := mounted(t, grafana, path); !strings.HasSuffix(file, strings.TrimPrefix(dashboardFile, "..")) {
		t.Errorf("the dashboard is %s", file)
	}
	if home := grafana.Environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]; home == nil || *home != path {
		t.Errorf("the first page is not %s", path)
	}
}
