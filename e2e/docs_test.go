package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// document is a page of Markdown.
type document struct {
	name  string // its path in the repository
	text  string
	prose string // text with code blocks left empty: the lines are the same
}

func readDocument(t *testing.T, name string) document {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	return document{name, string(text), withoutCode(string(text))}
}

// documents returns the pages that users read.
func documents(t *testing.T) []document {
	t.Helper()
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal("there are no pages in docs", err)
	}
	var all []document
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"} {
		all = append(all, readDocument(t, name))
	}
	for _, page := range pages {
		all = append(all, readDocument(t, filepath.Join("docs", filepath.Base(page))))
	}
	return all
}

// withoutCode empties the lines of fenced code blocks.
func withoutCode(text string) string {
	var b strings.Builder
	inside := false
	for line := range strings.Lines(text) {
		fence := strings.HasPrefix(strings.TrimSpace(line), "```")
		if fence || inside {
			line = "\n"
		}
		if fence {
			inside = !inside
		}
		b.WriteString(line)
	}
	return b.String()
}

var (
	headingLine = regexp.MustCompile(`(?m)^(#+) (.+)$`)
	// A text may continue in the next line, but a target may not.
	inlineLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	pictureTag = regexp.MustCompile(`src="([^"]+)"`)
)

// slug is the anchor that GitHub gives to a heading.
func slug(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '-':
			return '-'
		case r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}

// anchors returns the anchors of the headings, in order.
func (d *document) anchors() (all []string) {
	seen := map[string]int{}
	for _, heading := range headingLine.FindAllStringSubmatch(d.prose, -1) {
		anchor := slug(heading[2])
		if n := seen[anchor]; n > 0 {
			all = append(all, fmt.Sprintf("%s-%d", anchor, n))
		} else {
			all = append(all, anchor)
		}
		seen[anchor]++
	}
	return all
}

// links returns the targets of links and pictures.
func (d *document) links() (targets []string) {
	for _, form := range []*regexp.Regexp{inlineLink, pictureTag} {
		for _, match := range form.FindAllStringSubmatch(d.prose, -1) {
			targets = append(targets, match[1])
		}
	}
	return targets
}

// tableRows returns the cells of each row of the tables in text, without their heads.
func tableRows(text string) (rows [][]string) {
	head := true
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case !strings.HasPrefix(line, "|"):
			head = true
		case strings.HasPrefix(line, "|--") || strings.HasPrefix(line, "| --"):
			head = false
		case !head:
			rows = append(rows, cells(line))
		}
	}
	return rows
}

// cells returns the cells of a row. No table here has a | within a cell.
func cells(row string) []string {
	list := strings.Split(strings.TrimSuffix(strings.TrimPrefix(row, "|"), "|"), "|")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

func TestDocsLinksResolve(t *testing.T) {
	pages := map[string]document{}
	for _, d := range documents(t) {
		pages[d.name] = d
	}
	for _, d := range pages {
		for _, link := range d.links() {
			target, err := url.Parse(link)
			if err != nil {
				t.Errorf("%s: %v", d.name, err)
				continue
			}
			if target.Scheme != "" {
				continue
			}
			name := d.name
			if target.Path != "" {
				name = filepath.Join(filepath.Dir(d.name), target.Path)
			}
			if _, err := os.Stat(filepath.Join("..", name)); err != nil {
				t.Errorf("%s: the link %s leads to no file", d.name, link)
				continue
			}
			if target.Fragment == "" {
				continue
			}
			if page := pages[name]; !slices.Contains(page.anchors(), target.Fragment) {
				t.Errorf("%s: the link %s leads to no heading", d.name, link)
			}
		}
	}
}

// TestDocsHaveATableOfContents: a page begins with links to its sections, all of them and in their order.
func TestDocsHaveATableOfContents(t *testing.T) {
	for _, d := range documents(t) {
		if filepath.Dir(d.name) != "docs" || d.name == "docs/README.md" {
			continue
		}
		beginning, _, _ := strings.Cut(d.prose, "\n## ")
		var linked, sections []string
		for _, match := range inlineLink.FindAllStringSubmatch(beginning, -1) {
			if anchor, own := strings.CutPrefix(match[1], "#"); own {
				linked = append(linked, anchor)
			}
		}
		for _, heading := range headingLine.FindAllStringSubmatch(d.prose, -1) {
			if anchor := slug(heading[2]); heading[1] == "##" || heading[1] == "###" && slices.Contains(linked, anchor) {
				sections = append(sections, anchor)
			}
		}
		if !slices.Equal(linked, sections) {
			t.Errorf("%s: the table of contents has\n%q, and the sections are\n%q", d.name, linked, sections)
		}
	}
}

// TestDocsFitTheScreen: lines of prose, and the number of columns of a table.
func TestDocsFitTheScreen(t *testing.T) {
	const (
		columns      = 140
		tableColumns = 4
	)
	for _, d := range documents(t) {
		n := 0
		for line := range strings.Lines(d.prose) {
			n++
			line = strings.TrimRight(line, "\n")
			if strings.HasPrefix(line, "|") {
				if got := len(cells(line)); got > tableColumns {
					t.Errorf("%s:%d: a table has %d columns, and at most %d can be read on a phone", d.name, n, got, tableColumns)
				}
			} else if got := utf8.RuneCountInString(line); got > columns {
				t.Errorf("%s:%d: a line has %d columns, and at most %d are allowed", d.name, n, got, columns)
			}
		}
	}
}

func TestReadmeFitsFourScreens(t *testing.T) {
	const most = 180
	readme := readDocument(t, "README.md")
	if got := strings.Count(readme.text, "\n"); got > most {
		t.Errorf("README.md has %d lines, and at most %d are allowed", got, most)
	}
}

func TestReadmeLinksEveryPage(t *testing.T) {
	readme, index := readDocument(t, "README.md"), readDocument(t, "docs/README.md")
	for _, d := range documents(t) {
		page, inDocs := strings.CutPrefix(d.name, "docs/")
		if !inDocs || page == "README.md" {
			continue
		}
		if !slices.Contains(readme.links(), d.name) {
			t.Errorf("README.md does not link %s", d.name)
		}
		if !slices.Contains(index.links(), page) {
			t.Errorf("docs/README.md does not link %s", page)
		}
	}
}

// TestReadmeSettings: the short table has the names and defaults of the whole one, which a
// test of internal/service compares with the code.
func TestReadmeSettings(t *testing.T) {
	defaults := map[string]string{}
	for _, row := range sectionRows(t, "docs/configuration.md", "Variables") {
		defaults[row[0]] = row[1]
	}
	for _, row := range sectionRows(t, "README.md", "Settings") {
		if value, ok := defaults[row[0]]; !ok || row[1] != value {
			t.Errorf("README.md has %s with the default %q, and docs/configuration.md %q", row[0], row[1], value)
		}
	}
}

// TestReadmeHasEveryLibrary that go.mod requires, each once.
func TestReadmeHasEveryLibrary(t *testing.T) {
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var required, documented []string
	for _, match := range regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(string(mod), -1) {
		required = append(required, match[1])
	}
	for _, row := range sectionRows(t, "README.md", "Libraries") {
		documented = append(documented, row[0])
	}
	slices.Sort(required)
	slices.Sort(documented)
	if len(required) == 0 || !slices.Equal(required, documented) {
		t.Errorf("go.mod requires\n%q, and README.md has\n%q", required, documented)
	}
}

// sectionRows returns the rows of the tables in a section of a page.
func sectionRows(t *testing.T, name, heading string) [][]string {
	t.Helper()
	_, section, _ := strings.Cut(readDocument(t, name).prose, "\n## "+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	rows := tableRows(section)
	if len(rows) == 0 {
		t.Fatalf("%s has no table in the section %s", name, heading)
	}
	return rows
}

// TestDocsHaveEveryMetric that a new server exports.
func TestDocsHaveEveryMetric(t *testing.T) {
	p := startBinary(t)
	response, err := http.Get(fmt.Sprintf("http://localhost:%d/metrics", p.ports["health"]))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	exported, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]string{}
	for _, row := range sectionRows(t, "docs/operate.md", "Metrics") {
		name := "echosvc_" + strings.Trim(row[0], "`")
		if kinds[name] == "" { // the tables after the first have reasons
			kinds[name] = row[1]
		}
	}
	found := regexp.MustCompile(`(?m)^# TYPE (echosvc_\S+) (\S+)$`).FindAllStringSubmatch(string(exported), -1)
	if len(found) == 0 {
		t.Fatalf("there are no metrics of echosvc in\n%s", exported)
	}
	for _, match := range found {
		if kinds[match[1]] != match[2] {
			t.Errorf("%s is a %s, and docs/operate.md has %q", match[1], match[2], kinds[match[1]])
		}
	}
}

// testCommand is a go test command with a pattern of names: the words after "go".
var testCommand = regexp.MustCompile("(?m)\\bgo ((?:-C [^ \n`]+ )?test [^\n`#]*)")

// TestDocsTestCommandsMatch: the patterns of -run, -bench and -fuzz in each go test command
// match something in the package that the command names.
func TestDocsTestCommandsMatch(t *testing.T) {
	found := 0
	names := map[string][]string{} // of tests, benchmarks and fuzz targets, by directory
	for _, d := range documents(t) {
		for _, match := range testCommand.FindAllStringSubmatch(d.text, -1) {
			directory, patterns := parseTestCommand(shellWords(match[1]))
			for flag, pattern := range patterns {
				found++
				if names[directory] == nil {
					names[directory] = listTests(t, directory)
				}
				if !slices.ContainsFunc(names[directory], func(name string) bool {
					return strings.HasPrefix(name, listed[flag]) && pattern.MatchString(name)
				}) {
					t.Errorf("%s: go %s: nothing matches %s", d.name, match[1], pattern)
				}
			}
		}
	}
	if found == 0 {
		t.Error("no document has a go test command with a pattern")
	}
}

// listed has the prefix of the names that a flag's pattern selects.
var listed = map[string]string{"-run": "Test", "-bench": "Benchmark", "-fuzz": "Fuzz"}

// parseTestCommand returns the directory of a command's package, and its patterns of names by
// flag. A pattern is cut at its first slash, after which it selects subtests. words are those
// after "go".
func parseTestCommand(words []string) (directory string, patterns map[string]*regexp.Regexp) {
	directory = ".."
	if words[0] == "-C" {
		directory = filepath.Join(directory, words[1])
	}
	patterns = map[string]*regexp.Regexp{}
	for i, word := range words {
		switch flag := words[max(i-1, 0)]; {
		case word == "-args":
			return directory, patterns
		case listed[flag] != "" && word != "^$":
			name, _, _ := strings.Cut(word, "/")
			patterns[flag] = regexp.MustCompile(name)
		case strings.HasPrefix(word, "./"):
			directory = filepath.Join(directory, word)
		}
	}
	return directory, patterns
}

// listTests returns the names of the tests, benchmarks and fuzz targets of a package.
func listTests(t *testing.T, directory string) []string {
	t.Helper()
	list := exec.Command("go", "test", "-list", ".")
	list.Dir = directory
	out, err := list.CombinedOutput()
	if err != nil {
		t.Fatalf("go test -list . in %s: %v\n%s", directory, err, out)
	}
	return strings.Fields(string(out))
}

// shellWords splits a command at spaces, except within single quotes.
func shellWords(command string) (words []string) {
	for i, part := range strings.Split(command, "'") {
		if i%2 == 0 {
			words = append(words, strings.Fields(part)...)
		} else {
			words = append(words, part)
		}
	}
	return words
}
