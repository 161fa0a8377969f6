package respond

import (
	"net/http"
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
	}
	for _, test := range tests {
		r := &http.Request{Header: http.Header{"Accept": test.accept}}
		if got := Preferred(r, HTML, JSON, Text); got != test.want {
			t.Errorf("Accept: %q gives %s, want %s", test.accept, got, test.want)
		}
	}
}
