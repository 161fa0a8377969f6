package service

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestWriteNodes(t *testing.T) {
	list := element("dl", nil)
	define(list, anchor("a?b=1&c", "x<y"), `"z"`)
	for _, test := range []struct {
		name string
		node *html.Node
		want string
	}{
		{"a text", text(`<&>"'`), "&lt;&amp;&gt;&#34;&#39;\n"},
		{"an attribute", element("input", attributes("value", `"><script>`)), `<input value="&#34;&gt;&lt;script&gt;"/>` + "\n"},
		{"a style is raw, since its hash is in the policy", element("style", nil, text("a > b {}")), "<style>a > b {}</style>\n"},
		{"a link", anchor("/", "root", "rel", "prev"), `<a href="/" rel="prev">root</a>` + "\n"},
		{"a definition", list, "<dl>\n" + `<dt><a href="a?b=1&amp;c">x&lt;y</a></dt><dd>&#34;z&#34;</dd></dl>` + "\n"},
	} {
		var b strings.Builder
		if err := writeNodes(&b, test.node); err != nil || b.String() != test.want {
			t.Errorf("%s: got %q, %v, want %q", test.name, b.String(), err, test.want)
		}
	}
}

// TestPagesEndWithTheirClient: rows are not made for a client that is gone.
func TestPagesEndWithTheirClient(t *testing.T) {
	gone := errors.New("gone")
	if err := writeNodes(failing{gone}, text("x")); !errors.Is(err, gone) {
		t.Errorf("writeNodes returns %v", err)
	}
}

// failing is a writer that fails.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
