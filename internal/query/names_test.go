package query

import (
	"slices"
	"strings"
	"testing"
)

func TestIgnoredNames(t *testing.T) {
	many := strings.Repeat("x=1&", 3)
	for i := range 20 {
		many += string(rune('a'+i)) + "=1&"
	}
	for _, test := range []struct {
		target string
		want   []string
	}{
		{"/", nil},
		{"/?", nil},
		{"/?&&", nil},
		{"/?token=secret", []string{"token"}},
		{"/?a=1&b=2&a=3", []string{"a", "b"}},
		{"/?eyJhbGciOi", []string{"(10 bytes)"}}, // no name
		{"/?=secret", []string{"(0 bytes)"}},
		{"/?" + strings.Repeat("s", maxListed) + "=1", []string{strings.Repeat("s", maxListed)}},
		{"/?" + strings.Repeat("s", maxListed+1) + "=1", []string{"(33 bytes)"}},
		{"/?a\xffb=1", []string{"(3 bytes)"}},
		{"/?a,b=1&%D1%82=1&filter[x]=1", []string{"(3 bytes)", "%D1%82", "filter[x]"}},
		{"/?" + many, []string{"x", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "(5 more)"}},
	} {
		if got := Ignore(test.target); !slices.Equal(got.List(), test.want) || got.String() != strings.Join(test.want, ",") {
			t.Errorf("%s: got %q, want %q", test.target, got.List(), test.want)
		}
	}
}
