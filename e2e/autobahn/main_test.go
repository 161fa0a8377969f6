package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	sample, err := os.ReadFile("testdata/index.json")
	if err != nil {
		t.Fatal(err)
	}
	const (
		case641 = `"6.4.1": {"behavior": "OK", "behaviorClose": "OK"`
		case210 = `"2.10": {"behavior": "OK", "behaviorClose": "OK"`
	)
	for _, test := range []struct {
		name     string
		old, new string // replacement in the sample
		want     string
	}{
		{"all passed", "", "", ""},
		{"failed", case641, `"6.4.1": {"behavior": "FAILED", "behaviorClose": "OK"`, `echosvc: case 6.4.1: "FAILED", close "OK"`},
		{"not strict", case641, `"6.4.1": {"behavior": "NON-STRICT", "behaviorClose": "OK"`, `echosvc: case 6.4.1: "NON-STRICT", close "OK"`},
		{"not implemented", case641, `"6.4.1": {"behavior": "UNIMPLEMENTED", "behaviorClose": "OK"`, `echosvc: case 6.4.1: "UNIMPLEMENTED", close "OK"`},
		{"closed uncleanly", case641, `"6.4.1": {"behavior": "OK", "behaviorClose": "UNCLEAN"`, `echosvc: case 6.4.1: "OK", close "UNCLEAN"`},
		{"a field is missing", case641, `"6.4.1": {"behavior": "OK"`, `echosvc: case 6.4.1: "OK", close ""`},
		{"no cases", "{\n   \"echosvc\": {", `{"echosvc": {}, "other": {`, "echosvc: no case was run"},
		{"no agents", string(sample), `{}`, "the index has no agents: nothing was tested"},
		{"not an index", string(sample), `<html>`, "not the index of a report: invalid character '<' looking for beginning of value"},
	} {
		t.Run(test.name, func(t *testing.T) {
			changed := strings.Replace(string(sample), test.old, test.new, 1)
			if test.old != test.new && changed == string(sample) {
				t.Fatalf("the sample has no %s", test.old)
			}
			err := check([]byte(changed), &bytes.Buffer{})
			if got, want := message(err), test.want; got != want {
				t.Errorf("got %q; want %q", got, want)
			}
		})
	}

	t.Run("cases are ordered by number", func(t *testing.T) {
		changed := strings.NewReplacer(
			case210, `"2.10": {"behavior": "FAILED", "behaviorClose": "OK"`,
			`"1.1.1"`, `"2.9"`, `"behavior": "OK", "behaviorClose": "OK", "duration": 2`, `"behavior": "FAILED", "behaviorClose": "OK", "duration": 2`,
		).Replace(string(sample))
		var printed bytes.Buffer
		err := check([]byte(changed), &printed)
		want := "echosvc: case 2.9: \"FAILED\", close \"OK\"\nechosvc: case 2.10: \"FAILED\", close \"OK\""
		if got := message(err); got != want {
			t.Errorf("got %q; want %q", got, want)
		}
		if got, want := printed.String(), "echosvc: 5 cases, 2 FAILED, 1 INFORMATIONAL, 2 OK\n"; got != want {
			t.Errorf("printed %q; want %q", got, want)
		}
	})
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
