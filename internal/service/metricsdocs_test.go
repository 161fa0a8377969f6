package service

import (
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsconn"
)

// operatePage returns docs/operate.md.
func operatePage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// section returns the part of a page between a heading and the next one.
func section(t *testing.T, page, heading string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, "# "+heading+"\n")
	if !found {
		t.Fatalf("the page has no section %q", heading)
	}
	text, _, _ := strings.Cut(rest, "\n#")
	return text
}

// rows returns the cells of the tables in a text, without their heads.
func rows(text string) (rows [][]string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "| `") || strings.HasPrefix(line, "| `reason` |") || strings.HasPrefix(line, "| `kind` |") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	return rows
}

// quoted matches a word in backquotes.
var quoted = regexp.MustCompile("`([^`]+)`")

// words returns the words in backquotes of a cell.
func words(cell string) (words []string) {
	for _, match := range quoted.FindAllStringSubmatch(cell, -1) {
		words = append(words, match[1])
	}
	return words
}

// TestMetricsAreDocumented: the table of docs/operate.md has each metric with its type and its
// labels, and no other.
func TestMetricsAreDocumented(t *testing.T) {
	documented := map[string]string{}
	for _, row := range rows(section(t, operatePage(t), "Metrics")) {
		documented[words(row[0])[0]] = row[1] + " " + strings.Join(words(row[2]), ",")
	}
	m := newMetricsTest(t)
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	served := map[string]string{}
	for _, family := range families {
		if name, ours := strings.CutPrefix(family.GetName(), "echosvc_"); ours {
			var labels []string
			for _, label := range family.Metric[0].Label {
				labels = append(labels, label.GetName())
			}
			served[name] = strings.ToLower(family.GetType().String()) + " " + strings.Join(labels, ",")
		}
	}
	if !maps.Equal(documented, served) {
		t.Errorf("docs/operate.md has\n%v, and a scrape\n%v", documented, served)
	}
}

// TestLabelsAreDocumented: the tables of docs/operate.md have each reason and each kind.
func TestLabelsAreDocumented(t *testing.T) {
	var reasons, kinds []string
	for _, reason := range rejections {
		reasons = append(reasons, string(reason))
	}
	for _, kind := range socket.TLSErrors() {
		kinds = append(kinds, kind.String())
	}
	for heading, want := range map[string][]string{"Why requests are refused": reasons, "Why TLS handshakes fail": kinds} {
		var got []string
		for _, row := range rows(section(t, operatePage(t), heading)) {
			got = append(got, words(row[0])...)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: docs/operate.md has\n%q, and the metric\n%q", heading, got, want)
		}
	}
}

// TestConnectionFieldsAreDocumented: docs/operate.md has each field and parameter of /connections.
func TestConnectionFieldsAreDocumented(t *testing.T) {
	text := section(t, operatePage(t), "Connections")
	names := []string{"count", "matching", "next"} // of the list
	for _, of := range []reflect.Type{reflect.TypeFor[wsconn.Info](), reflect.TypeFor[wsconn.Ended]()} {
		for i := range of.NumField() {
			if name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ","); name != "" {
				names = append(names, name)
			}
		}
	}
	for _, name := range append(names, parameters...) {
		if !strings.Contains(text, "`"+name+"`") && !strings.Contains(text, "`"+name+"=") {
			t.Errorf("docs/operate.md has no %s", name)
		}
	}
}
