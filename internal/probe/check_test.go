package probe

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

// faithful is a peer without faults.
func faithful() *peer {
	return &peer{subprotocol: first, deflate: "permessage-deflate", controls: true, pod: "echo-1"}
}

func TestFaithfulServerFailsNoCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		checks := faithful().run(t, Run)
		for _, c := range checks {
			if c.Verdict != OK {
				t.Errorf("%s: %s, %s", c.Name, c.Verdict, c.Detail)
			}
		}
		if want := 2 + len(samples()) + 2 + 1 + 2 + len(closings) + 1 + len(breaches); len(checks) != want {
			t.Errorf("%d checks, want %d", len(checks), want)
		}
		expect(t, checks, "handshake", OK, "X-Peer: memory")
		expect(t, checks, "fragments", OK, "in 3 fragments")
		expect(t, checks, "subprotocol", OK, "probe.first was chosen")
		expect(t, checks, "compression, context", OK, `"permessage-deflate" agreed on, 4 messages`)
		expect(t, checks, "close from the server", OK, "as sent")
	})
}

// TestFaults: each fault is found by the check that is for it, and said precisely.
func TestFaults(t *testing.T) {
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
		"greeting": {func(p *peer) { p.unasked = "Request served by 3f2a" }, []finding{
			{"greeting", Failed, `nobody asked for it: text of 22 bytes, "Request served by 3f2a"`}, {"text", OK, ""}, {"invalid UTF-8", OK, "1007"},
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
		"cuts": {func(p *peer) { p.quirk = each(func(f *frame) { f.payload = f.payload[:min(len(f.payload), 65535)] }) }, []finding{
			{"binary, 65535 bytes", OK, ""}, {"binary, 65536 bytes", Failed, "another length: sent 65536 bytes, 65535 came back, the same up to byte 65535"},
		}},
		"answers in text": {func(p *peer) { p.quirk = each(func(f *frame) { f.opcode = min(f.opcode, 1) }) }, []finding{
			{"text", OK, ""}, {"binary, empty", Failed, "another type: sent binary, came back as text"},
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
		}, []finding{{"text", OK, ""}, {"fragments", OK, "3 fragments as 1, which the RFC allows"}}},
		"answers each fragment": {func(p *peer) { p.quirk = each(func(f *frame) { f.fin, f.opcode = true, max(f.opcode, 1) }) }, []finding{
			{"fragments", Failed, "came back, the same up to byte"},
		}},
		"drops":      {func(p *peer) { p.quirk = func(frame) []frame { return nil } }, []finding{{"text", Failed, "nothing came within 10s"}}},
		"deaf":       {func(p *peer) { p.pong = func(frame) []frame { return nil } }, []finding{{"ping", Failed, "no pong: not within 10s"}, {"fragments", Failed, "no pong: a ping between two fragments was not answered: not within 10s"}}},
		"empty pong": {func(p *peer) { p.pong = func(f frame) []frame { f.payload = nil; return []frame{f} } }, []finding{{"ping", Failed, "no pong: one came, but without the payload"}}},
		"unchosen":   {func(p *peer) { p.subprotocol = nil }, []finding{{"subprotocol", Note, "none was chosen"}}},
		"invented":   {func(p *peer) { p.subprotocol = func(string) string { return "other" } }, []finding{{"subprotocol", Failed, `"other"`}}},
		"plain":      {func(p *peer) { p.deflate = "" }, []finding{{"compression, context", Note, "not agreed to"}}},
		"inflated":   {func(p *peer) { p.quirk = each(func(f *frame) { f.rsv = 0 }) }, []finding{{"compression, no context", Failed, "another length: sent 10402 bytes"}}},
		"bad offer":  {func(p *peer) { p.deflate = "x-webkit-deflate-frame" }, []finding{{"compression, context", Failed, `"permessage-deflate"`}}},
		"code alone": {func(p *peer) {
			p.close = func(f frame) []frame { f.payload = f.payload[:min(2, len(f.payload))]; return []frame{f} }
		}, []finding{
			{"close 4001", Failed, `answered with 4001 and no reason: closed with 4001 "κόσμε"`}, {"close without a code", OK, ""},
		}},
		"own code": {func(p *peer) { p.close = func(frame) []frame { return []frame{closeFrameOf(1000, "")} } }, []finding{
			{"close 4001", Failed, "answered with 1000 (normal closure) and no reason"}, {"close without a code", Failed, "answered with 1000 (normal closure) and no reason: closed with no code"},
		}},
		"no close frame": {func(p *peer) { p.close = func(frame) []frame { return nil } }, []finding{
			{"close 1000", Failed, "no close frame: in answer, it was ended without a close frame"},
		}},
		"leaves TCP open": {func(p *peer) { p.lingers = true }, []finding{{"close 1000", Failed, "wrong end of TCP: answered with the same, but TCP was still open 10s later"}}},
		"lenient": {func(p *peer) { p.lenient = true }, []finding{
			{"invalid UTF-8", Failed, "taken: want 1007 (invalid payload), and the server answered with text"},
			{"reserved opcode", Failed, `taken: want 1002 (protocol error), and the server answered with text "after"`},
		}},
		"no controls": {func(p *peer) { p.controls = false }, []finding{{"close from the server", Note, "no echosvc with controls"}}},
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
				checks := p.run(t, Run)
				for _, want := range test.want {
					expect(t, checks, want.check, want.verdict, want.detail)
				}
			})
		})
	}
}

// TestRefusal: a refusal is told with its status, header and body, and ends the checks.
func TestRefusal(t *testing.T) {
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
				checks := (&peer{refuse: status(test.code, test.body)}).run(t, Run)
				if len(checks) != 1 {
					t.Errorf("%d checks", len(checks))
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
		expect(t, p.run(t, Run), "handshake", Failed, "it redirects to https://elsewhere.example/, which WebSocket clients do not follow")
	})
}
