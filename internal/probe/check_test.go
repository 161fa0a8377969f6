package probe

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

// runChecks is Run without progress.
func runChecks(ctx context.Context, target *Target, emit func(Check)) {
	Run(ctx, target, emit, func(string) {})
}

// Each check is announced before it runs, and only those that run.
func TestRunReportsProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var steps []string
		faithful().run(t, func(ctx context.Context, target *Target, emit func(Check)) {
			Run(ctx, target, emit, func(step string) { steps = append(steps, step) })
		})
		if got, want := strings.Join(steps, ", "), "handshake, greeting, arrival, messages, fragments, ping, subprotocol, compression, close, close from the server, breaches"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

// faithful returns a peer without faults.
func faithful() *peer {
	return &peer{subprotocol: first, deflate: "permessage-deflate", controls: true, pod: "echo-1"}
}

func TestFaithfulServerPassesEveryCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		checks := faithful().run(t, runChecks)
		for _, c := range checks {
			if c.Verdict != OK {
				t.Errorf("%s: %s, %s", c.Name, c.Verdict, c.Detail)
			}
		}
		if want := 3 + len(samples()) + 2 + 1 + 2 + len(closings) + 1 + len(violations); len(checks) != want {
			t.Errorf("%d checks, want %d", len(checks), want)
		}
		expect(t, checks, "handshake", OK, "X-Peer: memory")
		expect(t, checks, "fragments", OK, "in 3 fragments")
		expect(t, checks, "subprotocol", OK, "selected probe.first")
		expect(t, checks, "compression, context", OK, `"permessage-deflate", 4 messages`)
		expect(t, checks, "close from the server", OK, "as requested")
	})
}

// Each fault is found by the check for it, and described precisely.
func TestEachFaultIsFound(t *testing.T) {
	type finding struct {
		check   string
		verdict Verdict
		detail  string
	}
	each := func(change func(*frame)) func(frame) []frame {
		return func(f frame) []frame { change(&f); return []frame{f} }
	}
	tests := map[string]struct {
		fault func(*peer)
		want  []finding
	}{
		"greeting": {func(p *peer) { p.unsolicited = "Request served by 3f2a" }, []finding{
			{"greeting", Failed, `unsolicited: a text message of 22 bytes, "Request served by 3f2a"`}, {"text", OK, ""}, {"invalid UTF-8", OK, "1007"},
		}},
		"garbles a byte": {func(p *peer) {
			p.quirk = each(func(f *frame) {
				if len(f.payload) == 126 {
					f.payload[57] ^= 1
				}
			})
		}, []finding{
			{"binary, 125 bytes", OK, ""}, {"binary, 126 bytes", Failed, "changed: byte 57 of 126 was sent as"}, {"binary, 65535 bytes", OK, ""},
		}},
		"truncates": {func(p *peer) { p.quirk = each(func(f *frame) { f.payload = f.payload[:min(len(f.payload), 65535)] }) }, []finding{
			{"binary, 65535 bytes", OK, ""}, {"binary, 65536 bytes", Failed, "wrong length: sent 65536 bytes, received 65535, equal up to byte 65535"},
		}},
		"answers in text": {func(p *peer) { p.quirk = each(func(f *frame) { f.opcode = min(f.opcode, 1) }) }, []finding{
			{"text", OK, ""}, {"binary, empty", Failed, "wrong type: sent binary, received text"},
		}},
		"merges fragments": {func(p *peer) {
			var whole []byte
			p.quirk = func(f frame) []frame {
				if whole = append(whole, f.payload...); !f.fin {
					return nil
				}
				merged := frame{true, f.rsv, max(f.opcode, 1), false, whole}
				whole = nil
				return []frame{merged}
			}
		}, []finding{{"text", OK, ""}, {"fragments", OK, "3 fragments came back as 1, which RFC 6455 allows"}}},
		"answers each fragment": {func(p *peer) { p.quirk = each(func(f *frame) { f.fin, f.opcode = true, max(f.opcode, 1) }) }, []finding{
			{"fragments", Failed, "equal up to byte"},
		}},
		"drops":      {func(p *peer) { p.quirk = func(frame) []frame { return nil } }, []finding{{"text", Failed, "no message within 10s"}}},
		"no pong":    {func(p *peer) { p.pong = func(frame) []frame { return nil } }, []finding{{"ping", Failed, "no pong: none within 10s"}, {"fragments", Failed, "no pong: a ping between two fragments was not answered: none within 10s"}}},
		"empty pong": {func(p *peer) { p.pong = func(f frame) []frame { f.payload = nil; return []frame{f} } }, []finding{{"ping", Failed, "no pong: the pong does not have the ping's payload"}}},
		"no choice":  {func(p *peer) { p.subprotocol = nil }, []finding{{"subprotocol", Note, "none selected"}}},
		"invented":   {func(p *peer) { p.subprotocol = func(string) string { return "other" } }, []finding{{"subprotocol", Failed, `"other"`}}},
		"plain":      {func(p *peer) { p.deflate = "" }, []finding{{"compression, context", Note, "not negotiated"}}},
		"inflated":   {func(p *peer) { p.quirk = each(func(f *frame) { f.rsv = 0 }) }, []finding{{"compression, no context", Failed, "wrong length: sent 9602 bytes"}}},
		"bad offer":  {func(p *peer) { p.deflate = "x-webkit-deflate-frame" }, []finding{{"compression, context", Failed, `"permessage-deflate"`}}},
		"code alone": {func(p *peer) {
			p.close = func(f frame) []frame { f.payload = f.payload[:min(2, len(f.payload))]; return []frame{f} }
		}, []finding{
			{"close 4001", Failed, `answered with 4001 and no reason: sent 4001 "κόσμε"`}, {"close without a code", OK, ""},
		}},
		"own code": {func(p *peer) { p.close = func(frame) []frame { return []frame{closeFrameOf(1000, "")} } }, []finding{
			{"close 4001", Failed, "answered with 1000 (normal closure) and no reason"}, {"close without a code", Failed, "answered with 1000 (normal closure) and no reason: sent no code"},
		}},
		"no close frame": {func(p *peer) { p.close = func(frame) []frame { return nil } }, []finding{
			{"close 1000", Failed, "no close frame: ended without a close frame"},
		}},
		"leaves TCP open": {func(p *peer) { p.lingers = true }, []finding{{"close 1000", Failed, "bad end of TCP: answered with the same code and reason, but TCP was still open when"}}},
		"lenient": {func(p *peer) { p.lenient = true }, []finding{
			{"invalid UTF-8", Failed, "accepted: want 1007 (invalid payload), but the server answered with text"},
			{"reserved opcode", Failed, `accepted: want 1002 (protocol error), but the server answered with text "after"`},
		}},
		"no controls": {func(p *peer) { p.controls = false }, []finding{{"close from the server", Note, "does not support echosvc controls"}}},
		"controls refused": {func(p *peer) {
			p.refuse = func(w http.ResponseWriter, r *http.Request) bool {
				return r.URL.RawQuery != "" && status(400, "CONTROLS is false")(w, r)
			}
		}, []finding{{"close from the server", Note, "CONTROLS is false"}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := faithful()
				test.fault(p)
				checks := p.run(t, runChecks)
				for _, want := range test.want {
					expect(t, checks, want.check, want.verdict, want.detail)
				}
			})
		})
	}
}

// A refused handshake is reported with its status, header and body, and ends the checks.
func TestRefusedHandshakeEndsTheRun(t *testing.T) {
	tests := map[string]struct {
		code int
		body string
		want []string
	}{
		"forbidden": {403, "origin\n\n  \x1b[31mnot allowed", []string{"answered with 403 Forbidden, want 101", "origin �[31mnot allowed", "Content-Length: "}},
		"long":      {503, strings.Repeat("full ", 300), []string{"503 Service Unavailable", "full ..."}},
		"no answer": {204, "", []string{"answered with 204 No Content, want 101"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				checks := (&peer{refuse: status(test.code, test.body)}).run(t, runChecks)
				if len(checks) != 1 {
					t.Errorf("%d checks, want 1", len(checks))
				}
				for _, want := range test.want {
					expect(t, checks, "handshake", Failed, want)
				}
			})
		})
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &peer{refuse: func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "https://elsewhere.example/", http.StatusMovedPermanently)
			return true
		}}
		expect(t, p.run(t, runChecks), "handshake", Failed, "redirects to https://elsewhere.example/, which WebSocket clients do not follow")
	})
}
