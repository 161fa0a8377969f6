package wsconn

import (
	"os"
	"strings"
	"testing"
)

// TestEveryWhyIsDocumented in the table of docs/operate.md.
func TestEveryWhyIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| `why` | what ended the connection |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	for w := whyLost; w <= whyOperator; w++ {
		if !strings.Contains(table, "`"+w.String()+"`") {
			t.Errorf("docs/operate.md has no why %q", w)
		}
	}
}
