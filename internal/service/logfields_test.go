package service

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/clientaddr"
	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/wstest"
)

// documentedFields returns the fields of the log in docs/operate.md, with the lines that have
// them.
func documentedFields(t *testing.T) map[string]string {
	t.Helper()
	fields, previous := map[string]string{}, ""
	for _, row := range rows(section(t, operatePage(t), "The log")) {
		if len(row) != 3 || strings.HasPrefix(row[1], "info") || row[1] == "warn" || row[1] == "debug" || row[1] == "error" {
			continue // of the table of messages
		}
		in := strings.Replace(row[1], "those", previous, 1)
		previous = in
		for _, field := range words(row[0]) {
			fields[field] = in
		}
	}
	return fields
}

// TestLogFieldsAreDocumented: each field of the lines that a service logs is in the table of
// docs/operate.md, for that line.
func TestLogFieldsAreDocumented(t *testing.T) {
	documented := documentedFields(t)
	eachDriver(t, func(t *testing.T, driver string) {
		loopback, err := clientaddr.ParseNetwork("127.0.0.0/8")
		if err != nil {
			t.Fatal(err)
		}
		r := startWithActions(t, driver, func(c *config.Config) { c.TrustedProxies = []clientaddr.Network{loopback} })
		request := strings.Replace(wstest.Request("Origin: https://a.example", "User-Agent: a", "X-Request-Id: b", "X-Forwarded-For: 192.0.2.7",
			"traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "Sec-WebSocket-Protocol: c", "Sec-WebSocket-Extensions: permessage-deflate",
		), "GET /", "GET /d?delay=0&token=e", 1)
		c := wstest.Connect(t, r.addr)
		c.Write([]byte(request))
		c.Write([]byte("\x81\x05Hello")) // not masked
		closed := r.line("connection closed")
		c = wstest.Connect(t, r.addr)
		c.Write([]byte(strings.Replace(request, "Version: 13", "Version: 8", 1)))
		r.line("request refused")
		get(t, "http://"+r.addr+"/")
		r.line("http request")
		for _, field := range strings.Fields("time level msg id remote client path host origin user_agent request_id trace_id duration_ms messages bytes code initiator clean extensions saved protocol_error controls ignored") {
			if _, has := closed[field]; !has {
				t.Errorf("the line at the end has no %s: %v", field, closed)
			}
		}
		wstest.Dial(t, r.addr)
		for _, action := range []string{"POST /readyz?ready=true", fmt.Sprintf("POST /connections/%d/drop", r.list("").Connections[0].ID), "POST /drain", "DELETE /drain"} {
			method, target, _ := strings.Cut(action, " ")
			if status, body := r.do(method, target); status >= 300 {
				t.Errorf("%s is answered with %d %s", action, status, body)
			}
		}
		r.line("rehearsed a drain")
		r.terminate()
		r.line("drained")
		for line := range strings.Lines(r.log.String()) {
			var fields map[string]any
			if err := json.Unmarshal([]byte(line), &fields); err != nil {
				t.Fatal(err)
			}
			msg := fields["msg"].(string)
			for field := range fields {
				if in, is := documented[field]; !is || in != "every line" && !strings.Contains(in, "`"+msg+"`") {
					t.Errorf("docs/operate.md has no field %s in the line %q", field, msg)
				}
			}
		}
	})
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

// TestLogMessagesAreDocumented: the table of docs/operate.md has each message that the source names.
func TestLogMessagesAreDocumented(t *testing.T) {
	text := section(t, operatePage(t), "The log")
	eachSourceFile(t, func(file *ast.File) {
		ast.Inspect(file, func(node ast.Node) bool {
			call, is := node.(*ast.CallExpr)
			if !is || len(call.Args) == 0 {
				return true
			}
			of, is := call.Fun.(*ast.SelectorExpr)
			if !is || !slices.Contains([]string{"Info", "Warn"}, of.Sel.Name) || !strings.EqualFold(calledName(of.X), "log") {
				return true
			}
			if literal, is := call.Args[0].(*ast.BasicLit); is && !strings.Contains(text, "`"+strings.Trim(literal.Value, `"`)+"`") {
				t.Errorf("docs/operate.md has no message %s", literal.Value)
			}
			return true
		})
	})
}

// eachSourceFile calls f with each file that may log.
func eachSourceFile(t *testing.T, f func(*ast.File)) {
	t.Helper()
	for _, dir := range []string{"../service", "../wsconn", "../httpecho", "../socket", "../../cmd/echosvc"} {
		found, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s has no files, %v", dir, err)
		}
		for _, name := range found {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			f(file)
		}
	}
}

// TestLogFieldsAreThoseOfTheSource: the table of docs/operate.md has each field that the source
// names, also in lines that are rare, and no other.
func TestLogFieldsAreThoseOfTheSource(t *testing.T) {
	named := map[string]bool{"time": true, "level": true, "msg": true}
	eachSourceFile(t, func(file *ast.File) {
		ast.Inspect(file, func(node ast.Node) bool {
			for _, key := range logKeys(node) {
				named[key] = true
			}
			return true
		})
	})
	for _, row := range []string{"path", "host", "origin", "user_agent", "request_id", "trace_id"} { // from a table
		named[row] = true
	}
	got := slices.Sorted(maps.Keys(documentedFields(t)))
	if want := slices.Sorted(maps.Keys(named)); !slices.Equal(got, want) {
		t.Errorf("docs/operate.md has\n%q, and the source\n%q", got, want)
	}
}

// logKeys returns the keys in a call that logs, or that makes attributes of a log line.
func logKeys(node ast.Node) (keys []string) {
	var args []ast.Expr
	switch n := node.(type) {
	case *ast.CallExpr:
		name := calledName(n.Fun)
		switch name {
		case "Info", "Warn", "Error", "Debug", "attrs":
			if len(n.Args) > 0 {
				args = n.Args[1:]
			}
		case "note":
			args = n.Args[min(2, len(n.Args)):]
		case "append":
			if to := calledName(n.Args[0]); slices.Contains([]string{"attrs", "Attrs", "list", "make", "appendRequest"}, to) {
				args = n.Args[1:]
			}
		}
	case *ast.CompositeLit:
		if list, is := n.Type.(*ast.ArrayType); is && calledName(list.Elt) == "any" {
			args = n.Elts
		}
	}
	for i := 0; i+1 < len(args); i += 2 {
		if literal, is := args[i].(*ast.BasicLit); is && literal.Kind == token.STRING {
			if key, err := strconv.Unquote(literal.Value); err == nil {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// calledName returns the last name of an expression: f of f(x), of a.f and of f.
func calledName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.CallExpr:
		return calledName(e.Fun)
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}
