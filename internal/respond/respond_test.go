package respond

import (
	"net/http"
	"strings"
	"testing"
)

func TestPreferred_RFC9110_Section12_5_1(t *testing.T) {
	tests := []struct {
		accept []string
		want   string
	}{
		{nil, HTML},
		{[]string{""}, HTML},
		{[]string{"*/*"}, HTML},
		{[]string{"text/html,application/xhtml+xml,*/*;q=0.8"}, HTML}, // a browser
		{[]string{"application/json, text/plain, */*"}, JSON},         // axios
		{[]string{"text/plain"}, Text},
		{[]string{"Text/Plain"}, Text},
		{[]string{"text/plain;q=0.5, application/json"}, JSON},
		{[]string{"application/json;q=0.5", "text/plain"}, Text},
		{[]string{"text/*;q=0.1, text/plain;q=0.5, application/json;q=0.2"}, Text},
		{[]string{"image/png"}, HTML},
		{[]string{",;q=,"}, HTML},
		{[]string{strings.Repeat(",", maxAccept-len("text/plain,")) + "text/plain,"}, Text},
		{[]string{strings.Repeat(",", maxAccept-len("text/plain,")+1) + "text/plain,"}, HTML}, // is cut
		{[]string{"application/json", strings.Repeat(",", 64<<10), "text/plain"}, JSON},
		{[]string{"text/plain;x=" + strings.Repeat("y", maxAccept)}, HTML},
	}
	for _, test := range tests {
		r := &http.Request{Header: http.Header{"Accept": test.accept}}
		if got := Preferred(r, HTML, JSON, Text); got != test.want {
			t.Errorf("Accept: %.100q gives %s, want %s", test.accept, got, test.want)
		}
	}
}
