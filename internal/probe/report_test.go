package probe

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestReportAsText(t *testing.T) {
	var out, progress bytes.Buffer
	r := Report{Out: &out, Progress: &progress}
	r.Begin("ws://localhost/")
	r.Check(ok("text", "came back the same"))
	r.Step(strings.Repeat("é", 80))
	r.Step("half")
	r.Check(failed("close", "two\nlines"))
	r.Check(note("subprotocol", "none"))
	if r.End() {
		t.Error("End reported success, though a check failed")
	}
	want := `ws://localhost/
  ok      text                        came back the same
  FAILED  close                       two
                                      lines
  note    subprotocol                 none
1 ok, 1 noted, 1 failed
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := progress.String(); got != "\r\x1b[K"+strings.Repeat("é", 76)+"...\r\x1b[Khalf\r\x1b[K" {
		t.Errorf("progress %q", got)
	}
}

// What a server sent does not control the terminal, wherever it is printed.
func TestReportShowsControlCharacters(t *testing.T) {
	const sent, shown = "a\x1b[31m\x07\u202e\u009b\xffb", "a\ufffd[31m\ufffd\ufffd\ufffd\ufffdb"
	var out, progress bytes.Buffer
	r := Report{Out: &out, Progress: &progress, NotTested: sent}
	r.Begin(sent)
	r.Step(sent)
	c := failed(sent, "%s", sent)
	c.explain(&Diagnosis{ID: "x", Verdict: Failed, Cause: sent, Fix: sent})
	r.Check(ok("fine", "fine"))
	r.Check(c)
	r.Event(Event{Event: sent, Detail: sent})
	r.End()
	if got := out.String(); strings.Count(got, shown) != 8 || strings.ContainsAny(got, "\x1b\a\u202e") {
		t.Errorf("got %d times, in\n%q", strings.Count(got, shown), got)
	}
	if got := progress.String(); got != "\r\x1b[K"+shown+"\r\x1b[K" {
		t.Errorf("progress %q", got)
	}
}

// A failure is printed once, a diagnosis once, and what was not tested only if something was.
func TestReportOfRepeatedFailures(t *testing.T) {
	c := failed("text", "gone")
	c.explain(&Diagnosis{ID: "a", Verdict: Failed, Cause: "a cable", Fix: "plug it in"})
	again := c
	again.Name = "binary"
	noted := ok("close", "gone")
	noted.explain(&Diagnosis{ID: "b", Verdict: Note, Cause: "a long cable", Fix: "shorten it"})
	for _, asJSON := range []bool{false, true} {
		var out bytes.Buffer
		r := Report{Out: &out, JSON: asJSON, NotTested: "the rest"}
		r.Begin("ws://localhost/")
		for _, check := range []Check{ok("handshake", "101"), c, again, failed("ping", "gone"), noted} {
			r.Check(check)
		}
		r.End()
		want := `ws://localhost/
  ok      handshake                   101
  FAILED  text                        gone
  ok      close                       gone
  FAILED  2 more                      as text: binary; ping
2 ok, 0 noted, 3 failed
likely cause: a cable; fix: plug it in
note: a long cable; fix: shorten it
not tested: the rest
`
		if got := out.String(); !asJSON && got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if !asJSON {
			continue
		}
		var got struct {
			Schema    int
			Checks    []struct{ Name string }
			Diagnoses []Diagnosis
			NotTested string `json:"not_tested"`
		}
		if err := json.Unmarshal(out.Bytes(), &got); err != nil || got.Schema != 1 || len(got.Checks) != 5 || len(got.Diagnoses) != 2 || got.NotTested != "the rest" {
			t.Errorf("%v, %+v", err, got)
		}
	}
	var out bytes.Buffer
	r := Report{Out: &out, NotTested: "the rest"}
	r.Begin("ws://localhost/")
	r.Check(failed("handshake", "no"))
	if r.End(); strings.Contains(out.String(), "not tested") {
		t.Error(out.String())
	}
}

func TestReportAsJSON(t *testing.T) {
	var out bytes.Buffer
	r := Report{Out: &out, JSON: true}
	r.Begin("ws://localhost/")
	r.Check(Check{Name: "load", Verdict: OK, Detail: "fine", Data: loadData{Messages: 3}})
	r.Step("nothing is shown")
	if !r.End() {
		t.Error("End reported failure, though no check failed")
	}
	var got struct {
		URL    string
		OK     bool
		Checks []struct {
			Name, Verdict, Detail string
			Data                  struct{ Messages int }
		}
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got.URL != "ws://localhost/" || !got.OK || len(got.Checks) != 1 || got.Checks[0].Verdict != "ok" || got.Checks[0].Data.Messages != 3 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestReportOfEvents(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	event := Event{Time: at, Event: "connected", Detail: "to a", Pod: "a"}
	for asJSON, want := range map[bool]string{
		false: "  03:04:05.678  connected   to a\n",
		true:  `{"schema":1,"time":"2026-01-02T03:04:05.678Z","event":"connected","detail":"to a","pod":"a"}` + "\n",
	} {
		var out bytes.Buffer
		(&Report{Out: &out, JSON: asJSON}).Event(event)
		if got := out.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "  a \r\n\t b  ": "a b", "\x1b[31mred\x00": "�[31mred�", "κόσμε\xff": "κόσμε�",
		strings.Repeat("x", 400): strings.Repeat("x", 300) + "...",
	} {
		if got := printable([]byte(text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
