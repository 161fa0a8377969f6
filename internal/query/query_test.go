package query

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// settings are what the table of these tests sets.
type settings struct{ a, b string }

var table = Table[settings]{
	{Name: "alpha", Example: "alpha=1", Allowed: "1", Set: func(s *settings, v string) bool { s.a = v; return v == "1" },
		Foreign: func(v string) bool { return v == "foreign" }},
	{Name: "beta_gamma", Example: "beta_gamma=TEXT", Allowed: "a text", Set: func(s *settings, v string) bool { s.b = v; return true }},
}

func TestParseSetsControlsAndRefusesNearMisses(t *testing.T) {
	const list = ". The controls are alpha=1, beta_gamma=TEXT"
	tests := []struct {
		target         string
		strict         bool
		found, ignored string
		want           settings
		refusal        string
	}{
		{target: "/"},
		{target: "/?", strict: true},
		{target: "/alpha=1"},
		{target: "/?alpha=1&beta_gamma=x+y%26", found: "alpha,beta_gamma", want: settings{"1", "x y&"}},
		{target: "/?beta_gamma", found: "beta_gamma"},
		{target: "/?%61lpha=1", found: "alpha", want: settings{a: "1"}},
		{target: "/?x=%zz&alpha=1&&y", strict: true, found: "alpha", ignored: "x,(1 bytes)", want: settings{a: "1"}},
		{target: "/?alpa=1", ignored: "alpa"},
		{target: "/?alpha=foreign&alpha=f%6freign&x=1", strict: true, ignored: "alpha,x"},
		{target: "/?alpha=1&alpha=foreign", strict: true, found: "alpha", ignored: "alpha", want: settings{a: "1"}},
		{target: "/?alpha=foreign&alpha=2", refusal: `the control alpha is "2"; it must be 1` + list},
		{target: "/?alpa=secret", strict: true, refusal: `the query has "alpa", which is not a control of this server; the control is called alpha` + list},
		{target: "/?%41lpha=1", strict: true, refusal: `the query has "%41lpha", which is not a control of this server; the control is called alpha` + list},
		{target: "/?alpha=2", refusal: `the control alpha is "2"; it must be 1` + list},
		{target: "/?beta_gamma=%zz", refusal: `the control beta_gamma is "%zz"; it must be a text` + list},
		{target: "/?alpha=1&alpha=1", refusal: "the query has the control alpha twice" + list},
	}
	for _, test := range tests {
		var got settings
		found, ignored, refusal := table.Parse(test.target, &got, test.strict)
		switch {
		case test.refusal != "":
			if refusal == nil || refusal.Status != 400 || refusal.Reason != ReasonControl || refusal.Text != test.refusal {
				t.Errorf("%s: got %v, want the refusal %s", test.target, refusal, test.refusal)
			}
		case refusal != nil || strings.Join(found, ",") != test.found || ignored.String() != test.ignored || got != test.want:
			t.Errorf("%s: got %q, %q, %+v, %v", test.target, found, ignored, got, refusal)
		}
	}
}

// TestLogHidesWhatTheClientSent: the log has the control, and only the length of what was sent.
func TestLogHidesWhatTheClientSent(t *testing.T) {
	for target, want := range map[string]string{
		"/?alpha=secret":  "the control alpha is (6 bytes); it must be 1. The controls are ",
		"/?alpa=secret":   "the query has (4 bytes), which is not a control of this server; the control is called alpha. ",
		"/?alpha=1&alpha": "the query has the control alpha twice. ",
	} {
		if _, _, refusal := table.Parse(target, new(settings), true); refusal == nil || !strings.HasPrefix(refusal.Log, want) {
			t.Errorf("%s: got %v", target, refusal)
		}
	}
}

// TestNearMissesAreLimited: only the first names are compared, so that a long query of others
// takes little time. Controls are found everywhere.
func TestNearMissesAreLimited(t *testing.T) {
	var got settings
	others := ""
	for i := range maxNearMisses {
		others += fmt.Sprintf("token%02d=1&", i)
	}
	for _, within := range []string{others[len("token00=1&"):], strings.Repeat("token=1&", maxNearMisses+1), "clos_in&alfa&"} {
		if _, _, refusal := table.Parse("/?"+within+"alpa", &got, true); refusal == nil {
			t.Errorf("a near miss within the limit is accepted after %.40s", within)
		}
	}
	if _, _, refusal := table.Parse("/?"+others+"alpa=1&alpha=2", &got, true); refusal == nil || !strings.HasPrefix(refusal.Text, "the control alpha") {
		t.Errorf("a near miss over the limit: %v", refusal)
	}
}

func TestWriteHelp(t *testing.T) {
	var b strings.Builder
	if err := table.WriteHelp(&b); err != nil || b.String() != "  alpha=1          1\n  beta_gamma=TEXT  a text\n" {
		t.Errorf("got %q, %v", b.String(), err)
	}
}

// BenchmarkParse parses the longest query that a request line can have.
func BenchmarkParse(b *testing.B) {
	for name, part := range map[string]string{"bytes": "a&", "names": "token=1&", "controls": "alpa=1&"} {
		target := "/?" + strings.Repeat(part, 64<<10/len(part))
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				var got settings
				table.Parse(target, &got, false)
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(time.Microsecond), "us/op")
		})
	}
}
