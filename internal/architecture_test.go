// Package internal has no code of its own. Its tests check that the packages import each
// other only as docs/architecture.md describes, and that the files which the documentation
// names exist.
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
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/echosvc/echosvc/"

// layers lists the packages of the service from the top down, each with the packages that
// it imports.
var layers = []struct {
	name    string
	imports string
}{
	{"cmd/echosvc", "internal/config internal/early internal/httpecho internal/probe internal/query internal/service internal/wsconn"},
	{"internal/service", "internal/budget internal/clientaddr internal/config internal/httpecho internal/page internal/requestinfo internal/respond internal/socket internal/wsconn internal/wsproto"},
	{"internal/config", "internal/clientaddr internal/origin internal/query internal/wsconn internal/wsproto"},
	{"internal/httpecho", "internal/budget internal/query internal/requestinfo internal/respond internal/wsproto"},
	{"internal/page", "internal/respond"},
	{"internal/wsconn", "internal/budget internal/clientaddr internal/query internal/requestinfo internal/socket internal/wsproto"},
	{"internal/query", "internal/wsproto"},
	{"internal/requestinfo", "internal/wsproto"},
	{"internal/respond", ""},
	{"internal/early", ""},
	{"internal/clientaddr", "internal/wsproto"},
	{"internal/wsproto", "internal/inflate internal/origin"},
	{"internal/origin", ""},
	{"internal/inflate", ""},
	{"internal/socket", "internal/budget"},
	{"internal/budget", ""},
	{"internal/probe", ""},
	{"internal/wstest", ""},              // for tests
	{"internal/model", ""},               // for tests
	{"internal/inflate/inflatetest", ""}, // for tests
}

// TestImports: every package imports exactly the packages that layers lists.
func TestImports(t *testing.T) {
	allowed := map[string][]string{}
	for _, layer := range layers {
		allowed[layer.name] = strings.Fields(layer.imports)
	}
	for _, dir := range packages(t) {
		names, known := allowed[dir]
		if !known {
			t.Errorf("package %s is not in layers; add it there and to docs/architecture.md", dir)
		}
		used := map[string]bool{}
		for _, file := range parse(t, dir) {
			for _, spec := range file.Imports {
				if name, ours := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module); ours {
					used[name] = true
					if !slices.Contains(names, name) {
						t.Errorf("%s imports %s, which layers does not allow", dir, name)
					}
				}
			}
		}
		for _, name := range names {
			if !used[name] {
				t.Errorf("%s does not import %s; remove it from layers", dir, name)
			}
		}
	}
}

// TestSansIO: wsproto and inflate import nothing with I/O, clocks or locks.
func TestSansIO(t *testing.T) {
	for dir, allowed := range map[string]string{
		"internal/wsproto": "bytes crypto/sha1 encoding/base64 encoding/binary errors fmt golang.org/x/sys/cpu iter math math/bits slices strconv strings unicode/utf8",
		"internal/inflate": "encoding/binary math/bits",
	} {
		for name, file := range parse(t, dir) {
			for _, spec := range file.Imports {
				imported := strings.Trim(spec.Path.Value, `"`)
				if !strings.HasPrefix(imported, module) && !slices.Contains(strings.Fields(allowed), imported) {
					t.Errorf("%s imports %s, which is not on the list of packages without I/O", name, imported)
				}
			}
		}
	}
}

// TestFilesDependOneWay fails if two files of a package in oneWay use declarations of each
// other. With -v it logs the number of such files in every package.
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
					t.Errorf("%s and %s depend on each other: the first uses %s, the second %s", a, b, refers[a][b], refers[b][a])
				}
			}
		}
		t.Logf("%s: %d of %d files depend on a file that depends on them", dir, len(entangled), len(files))
	}
}

// oneWay are the packages in which no two files may depend on each other, so that each
// file can be read after those that it uses.
var oneWay = map[string]bool{"internal/wsconn": true, "internal/httpecho": true, "internal/service": true}

var (
	// namedFile is the name of a file of Go, JavaScript or assembly. * stands for systems.
	namedFile = regexp.MustCompile(`[\w*./-]+\.(?:go|js|s)\b`)
	// namedFunction is a file and a function in it, each in backquotes.
	namedFunction = regexp.MustCompile("`([\\w/]+\\.go)`, `(\\w+)`")
)

// TestArchitectureNamesFilesThatExist: docs/architecture.md names files from internal on.
func TestArchitectureNamesFilesThatExist(t *testing.T) {
	text, err := os.ReadFile("../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	names := namedFile.FindAllString(string(text), -1)
	if len(names) == 0 {
		t.Fatal("docs/architecture.md names no file")
	}
	for _, name := range names {
		if _, err := os.Stat(name); err != nil {
			t.Errorf("docs/architecture.md names %s, which does not exist in internal", name)
		}
	}
	functions := namedFunction.FindAllStringSubmatch(string(text), -1)
	if len(functions) == 0 {
		t.Fatal("docs/architecture.md names no function")
	}
	for _, match := range functions {
		file, err := parser.ParseFile(fileSet, match[1], nil, parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			continue
		}
		if !slices.ContainsFunc(file.Decls, func(d ast.Decl) bool {
			f, ok := d.(*ast.FuncDecl)
			return ok && f.Name.Name == match[2]
		}) {
			t.Errorf("docs/architecture.md names %s in %s, which has no such function", match[2], match[1])
		}
	}
}

// TestPackageCommentsNameFilesThatExist in the directory of the package, in its static
// directory or, with the name of another package, in that.
func TestPackageCommentsNameFilesThatExist(t *testing.T) {
	found := 0
	for _, dir := range packages(t) {
		for name, file := range parse(t, dir) {
			for _, named := range namedFile.FindAllString(file.Doc.Text(), -1) {
				found++
				exists := slices.ContainsFunc([]string{path.Join("..", dir), path.Join("..", dir, "static"), "."}, func(in string) bool {
					files, _ := filepath.Glob(filepath.Join(in, named))
					return len(files) > 0
				})
				if !exists {
					t.Errorf("the package comment in %s names %s, which does not exist", name, named)
				}
			}
		}
	}
	if found == 0 {
		t.Fatal("no package comment names a file")
	}
}

// references returns, for each file, the other files that it uses, each with the name of a
// declaration there.
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

// noImporter imports nothing, because references ignores other packages.
type noImporter struct{}

func (noImporter) Import(path string) (*types.Package, error) {
	return nil, fmt.Errorf("%s is ignored", path)
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

// parse parses the files of a package that are built on this system, except tests.
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
		file, err := parser.ParseFile(fileSet, name, source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = file
	}
	return files
}
