package main

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestSourceVersion(t *testing.T) {
	commit := []debug.BuildSetting{{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: "0123abcd"}}
	for _, test := range []struct {
		name              string
		stamped, revision string
		build             *debug.BuildInfo
		want              string
	}{
		{"stamped", "v1.2.3", "4567cdef", &debug.BuildInfo{Main: debug.Module{Version: "v0.1.0"}, Settings: commit}, "v1.2.3 4567cdef"},
		{"stamped without a revision", "v1.2.3", "", &debug.BuildInfo{Settings: commit}, "v1.2.3 0123abcd"},
		{"go install ...@v0.1.0", "", "", &debug.BuildInfo{Main: debug.Module{Version: "v0.1.0"}}, "v0.1.0"},
		{"go build in a checkout", "", "", &debug.BuildInfo{Main: debug.Module{Version: "v0.1.1-0.20260102030405-0123abcd+dirty"}, Settings: commit}, "v0.1.1-0.20260102030405-0123abcd+dirty 0123abcd"},
		{"go build -buildvcs=false", "", "", &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, "devel"},
		{"go test", "", "", &debug.BuildInfo{}, "devel"},
		{"not built in module mode", "", "", nil, "devel"},
	} {
		version, revision := sourceVersion(test.stamped, test.revision, test.build)
		if got := strings.TrimSpace(version + " " + revision); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
