// Package internal holds no code of its own: this test keeps the packages below it in
// the order that docs/architecture.md draws.
package internal

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/echosvc/echosvc/"

// layers are the packages of the service from the top down, each with the packages that it
// imports.
var layers = []struct {
	name    string
	imports string
}{
	{"cmd/echosvc", "internal/config internal/probe internal/service internal/wsconn"},
	{"internal/service", "internal/budget internal/config internal/httpecho internal/page internal/requestinfo internal/socket internal/wsconn internal/wsproto"},
	{"internal/config", "internal/wsproto"},
	{"internal/httpecho", "internal/accept internal/budget internal/requestinfo internal/wsproto"},
	{"internal/page", "internal/accept"},
	{"internal/wsconn", "internal/budget internal/requestinfo internal/socket internal/wsproto"},
	{"internal/requestinfo", "internal/wsproto"},
	{"internal/accept", ""},
	{"internal/wsproto", "internal/inflate"},
	{"internal/inflate", ""},
	{"internal/socket", "internal/budget"},
	{"internal/budget", ""},
	{"internal/probe", ""},
	{"internal/wstest", ""},              // for tests
	{"internal/inflate/inflatetest", ""}, // for tests
}

// TestImports holds every package to its layer.
func TestImports(t *testing.T) {
	allowed := map[string][]string{}
	for _, layer := range layers {
		allowed[layer.name] = strings.Fields(layer.imports)
	}
	for _, dir := range packages(t) {
		names, known := allowed[dir]
		if !known {
			t.Errorf("package %s is in no layer; add it to the list above and to docs/architecture.md", dir)
		}
		used := map[string]bool{}
		for _, file := range parse(t, dir) {
			for _, spec := range file.Imports {
				if name, ours := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module); ours {
					used[name] = true
					if !slices.Contains(names, name) {
						t.Errorf("%s imports %s", dir, name)
					}
				}
			}
		}
		for _, name := range names {
			if !used[name] {
				t.Errorf("%s does not import %s any more; take it off the list", dir, name)
			}
		}
	}
}

// TestSansIO: the protocol is decided without I/O, clocks and goroutines.
func TestSansIO(t *testing.T) {
	for dir, allowed := range map[string]string{
		"internal/wsproto": "bytes crypto/sha1 encoding/base64 encoding/binary errors fmt iter math math/bits slices strconv strings unicode/utf8",
		"internal/inflate": "encoding/binary math/bits",
	} {
		for name, file := range parse(t, dir) {
			for _, spec := range file.Imports {
				imported := strings.Trim(spec.Path.Value, `"`)
				if !strings.HasPrefix(imported, module) && !slices.Contains(strings.Fields(allowed), imported) {
					t.Errorf("%s imports %s", name, imported)
				}
			}
		}
	}
}

// TestFilesDependOneWay finds files of a package that refer to declarations of each other,
// which is an error in the packages of oneWay. With -v it counts them in every package.
func TestFilesDependOneWay(t *testing.T) {
	for _, dir := range packages(t) {
		files := parse(t, dir)
		refers := references(files)
		entangled := map[string]bool{}
		for _, a := range slices.Sorted(maps.Keys(refers)) {
			for _, b := range slices.Sorted(maps.Keys(refers[a])) {
				if refers[b][a] == "" {
					continue
				}
				entangled[a] = true
				if a < b && oneWay[dir] {
					t.Errorf("%s and %s depend on each other, by %s and %s", a, b, refers[a][b], refers[b][a])
				}
			}
		}
		t.Logf("%s: %d of %d files depend on a file that depends on them", dir, len(entangled), len(files))
	}
}

// oneWay are the packages in which no two files may depend on each other in both
// directions, so that each file can be read after those it uses.
var oneWay = map[string]bool{"internal/wsconn": true, "internal/httpecho": true, "internal/service": true}

// references returns the files whose declarations each file uses, with the name of one.
func references(files map[string]*ast.File) map[string]map[string]string {
	info := types.Info{Uses: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{}}
	list := slices.Collect(maps.Values(files))
	config := types.Config{Importer: noImporter{}, Error: func(error) {}} // other packages do not matter
	config.Check("p", fileSet, list, &info)
	refers := map[string]map[string]string{}
	for use, object := range info.Uses {
		from, to := fileSet.Position(use.Pos()).Filename, fileSet.Position(object.Pos()).Filename
		if object.Pkg() == nil || object.Pkg().Path() != "p" || to == "" || from == to {
			continue
		}
		if refers[from] == nil {
			refers[from] = map[string]string{}
		}
		refers[from][to] = object.Name()
	}
	return refers
}

// noImporter imports nothing.
type noImporter struct{}

func (noImporter) Import(path string) (*types.Package, error) {
	return nil, fmt.Errorf("%s is not looked at", path)
}

var fileSet = token.NewFileSet()

// packages returns the directories of the module's packages.
func packages(t *testing.T) (dirs []string) {
	t.Helper()
	for _, top := range []string{"cmd", "internal"} {
		err := fs.WalkDir(os.DirFS(".."), top, func(name string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() && len(parse(t, name)) > 0 {
				dirs = append(dirs, name)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return dirs
}

// parse parses the files of a package that this system builds, without tests.
func parse(t *testing.T, dir string) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	entries, err := os.ReadDir(filepath.Join("..", filepath.FromSlash(dir)))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := entry.Name()
		here := filepath.Join("..", filepath.FromSlash(dir))
		if matches, err := build.Default.MatchFile(here, name); err != nil || !matches || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		name = path.Join(dir, name)
		source, err := os.ReadFile(filepath.Join(here, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(fileSet, name, source, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = file
	}
	return files
}
