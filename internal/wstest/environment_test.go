package wstest

import (
	"os"
	"slices"
	"testing"
)

func TestUnsetVariables(t *testing.T) {
	for _, name := range []string{"WSTEST_LISTED", "WSTEST_MENTIONED"} {
		t.Setenv(name, "value")
	}
	UnsetVariables("Environment:\n\n  WSTEST_LISTED  info  beyond WSTEST_MENTIONED\n")
	if value, set := os.LookupEnv("WSTEST_LISTED"); set {
		t.Errorf("WSTEST_LISTED is still %q", value)
	}
	if _, set := os.LookupEnv("WSTEST_MENTIONED"); !set {
		t.Error("WSTEST_MENTIONED is unset; only the first word of a line is a name")
	}
}

func TestEnvironment(t *testing.T) {
	for name, value := range map[string]string{"PATH": "/bin", "TMPDIR": "/tmp/with space", "GORACE": "history_size=2", "LOG_LEVEL": "warn"} {
		t.Setenv(name, value)
	}
	got := Environment("PORT=0")
	for _, want := range []string{"PATH=/bin", "TMPDIR=/tmp/with space", "GORACE=history_size=2", "PORT=0"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q lacks %s", got, want)
		}
	}
	if slices.Contains(got, "LOG_LEVEL=warn") {
		t.Errorf("%q has LOG_LEVEL", got)
	}
}
