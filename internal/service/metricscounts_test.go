package service

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/wsconn"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// TestEveryReasonIsASeries: each reason that the source declares, and no other.
func TestEveryReasonIsASeries(t *testing.T) {
	declared := map[string]bool{}
	files, err := filepath.Glob("../*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	declaration := regexp.MustCompile(`Reason\w+ +(?:wsproto\.)?Reason += "(\w+)"`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range declaration.FindAllStringSubmatch(string(text), -1) {
			if !strings.HasSuffix(file, "_test.go") {
				declared[match[1]] = true
			}
		}
	}
	var listed []string
	for _, reason := range rejections {
		listed = append(listed, string(reason))
	}
	slices.Sort(listed)
	if want := slices.Sorted(maps.Keys(declared)); !slices.Equal(listed, want) {
		t.Errorf("the series are\n%q, and the source declares\n%q", listed, want)
	}
}

// TestCodeLabel_Section7_4_2: registered codes have a series each, and ranges one.
func TestCodeLabel_Section7_4_2(t *testing.T) {
	for code, want := range map[wsproto.CloseCode]string{1000: "1000", 1005: "1005", 1006: "1006", 1014: "1014", 3000: "3xxx", 3999: "3xxx", 4000: "4xxx", 4999: "4xxx"} {
		if got := codeLabel(codeIndex(code)); got != want {
			t.Errorf("the label of %d is %s, want %s", code, got, want)
		}
	}
	for code := wsproto.CloseCode(1000); code < 5000; code++ {
		if code.MaySend() && (!canHappen(wsconn.ByClient, codeIndex(code)) || !canHappen(wsconn.ByServer, codeIndex(code))) {
			t.Errorf("%d has no series", code)
		}
	}
}
