package wsproto

import (
	"reflect"
	"testing"
)

func TestParseExtensions_Section9_1(t *testing.T) {
	tests := []struct {
		value string
		want  []extension
		ok    bool
	}{
		{"", nil, true},
		{",", nil, true},
		{"foo", []extension{{name: "foo"}}, true},
		{" foo\t, bar ", []extension{{name: "foo"}, {name: "bar"}}, true},
		{"foo; bar; baz=2, bar; baz=2", []extension{
			{"foo", []extensionParam{{name: "bar"}, {"baz", "2", true}}},
			{"bar", []extensionParam{{"baz", "2", true}}},
		}, true},
		{`permessage-deflate; client_max_window_bits; server_max_window_bits="10"`, []extension{
			{"permessage-deflate", []extensionParam{{name: "client_max_window_bits"}, {"server_max_window_bits", "10", true}}},
		}, true},
		{`a; b="x\y"`, []extension{{"a", []extensionParam{{"b", "xy", true}}}}, true},
		{`a;b = c`, []extension{{"a", []extensionParam{{"b", "c", true}}}}, true},
		{"foo bar", nil, false},
		{"foo;", nil, false},
		{"foo; =1", nil, false},
		{"foo; a=", nil, false},
		{"foo; a=b c", nil, false},
		{`foo; a=""`, nil, false},    // not a token without its quotes
		{`foo; a="b c"`, nil, false}, // nor is this
		{`foo; a="b,c"`, nil, false}, // nor is this
		{`foo; a="b`, nil, false},    // no closing quote
		{`foo; a="b\`, nil, false},   // no closing quote
		{`foo; a="b"c`, nil, false},  // something follows
		{";foo", nil, false},
		{"foo/bar", nil, false},
	}
	for _, test := range tests {
		got, ok := parseExtensions(nil, test.value)
		if ok != test.ok || !reflect.DeepEqual(got, test.want) {
			t.Errorf("parseExtensions(%q) = %+v, %v; want %+v, %v", test.value, got, ok, test.want, test.ok)
		}
	}
}
