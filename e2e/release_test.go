package e2e

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// readYAML decodes a file of the repository into value.
func readYAML(t *testing.T, name string, value any) {
	t.Helper()
	text, err := os.ReadFile("../" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, value); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// releasedForLinux returns the architectures of the binaries in a release, such as arm/v7.
func releasedForLinux(t *testing.T) (archs []string) {
	t.Helper()
	var config struct {
		Builds []struct{ Targets []string }
	}
	readYAML(t, ".goreleaser.yaml", &config)
	for _, build := range config.Builds {
		for _, target := range build.Targets {
			if arch, found := strings.CutPrefix(target, "linux_"); found {
				archs = append(archs, strings.ReplaceAll(arch, "_", "/v"))
			}
		}
	}
	slices.Sort(archs)
	return archs
}

// TestReleasedArchitecturesAreTested: TestArchitectures runs all of them but amd64, which every other
// test runs.
func TestReleasedArchitecturesAreTested(t *testing.T) {
	tested := []string{"amd64"}
	for _, arch := range architectures {
		tested = append(tested, arch.name)
	}
	slices.Sort(tested)
	if released := releasedForLinux(t); !slices.Equal(released, tested) {
		t.Errorf("a release has binaries for\n%q, and tested are\n%q", released, tested)
	}
}

// TestImagePlatforms: the release and CI build the image for the same platforms, which are
// those of the binaries except 386.
func TestImagePlatforms(t *testing.T) {
	want := slices.DeleteFunc(releasedForLinux(t), func(arch string) bool { return arch == "386" })
	for _, name := range []string{"release.yml", "ci.yml"} {
		workflow, err := os.ReadFile("../.github/workflows/" + name)
		if err != nil {
			t.Fatal(err)
		}
		lists := regexp.MustCompile(`(?im)^ *platforms: (linux/.*)$`).FindAllStringSubmatch(string(workflow), -1)
		if len(lists) != 1 {
			t.Errorf("%s has %d lists of platforms, want one", name, len(lists))
			continue
		}
		var archs []string
		for platform := range strings.SplitSeq(lists[0][1], ",") {
			archs = append(archs, strings.TrimPrefix(platform, "linux/"))
		}
		slices.Sort(archs)
		if !slices.Equal(archs, want) {
			t.Errorf("%s builds the image for\n%q, and a release has binaries for\n%q", name, archs, want)
		}
	}
}
