package e2e

import (
	"bytes"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write the files that are made from others: the PrometheusRule and the dashboard")

// generated compares a file with its generated content, or writes it with -update.
func generated(t *testing.T, file string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is out of date (%v); write it with: go -C e2e test -count=1 -run %s . -args -update", file, err, t.Name())
	}
}
