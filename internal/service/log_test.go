package service

import (
	"bytes"
	"regexp"
	"testing"

	"github.com/echosvc/echosvc/internal/config"
)

func TestLogFormats(t *testing.T) {
	tests := []struct {
		format  string
		noColor bool
		want    string
	}{
		{"json", false, `^\{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*Z","level":"INFO","msg":"hello","a":1\}\n$`},
		{"auto", false, `^\{"time":"`}, // not a terminal
		{"text", true, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INF hello a=1\n$`},
		{"text", false, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INF hello a=1\n$`}, // no colours into a file
	}
	for _, test := range tests {
		var out bytes.Buffer
		log, _, flush := NewLogger(config.Config{LogFormat: config.LogFormat(test.format)}, &out, test.noColor)
		log.Info("hello", "a", 1)
		flush()
		if !regexp.MustCompile(test.want).Match(out.Bytes()) {
			t.Errorf("%s: %q does not match %s", test.format, out.String(), test.want)
		}
	}
}
