package probe

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
)

func TestCompareSentWithArrived(t *testing.T) {
	sent := head{"GET /a?b=c HTTP/1.1", []Field{{"Host", "example.com:8080"}, {"Connection", "Upgrade"}, {"Upgrade", "websocket"}, {"Origin", "https://a.example"}, {"X-A", "1"}, {"X-A", "2"}, {"Cookie", "secret"}}}
	arrived := func(line string, fields ...Field) head { return head{line, fields} }
	same := sent.fields
	tests := map[string]struct {
		arrived head
		want    arrivalData
	}{
		"as sent":                 {arrived(sent.line, same...), arrivalData{}},
		"what one hop may change": {arrived(sent.line, Field{"host", "example.com"}, Field{"connection", "keep-alive, upgrade"}, Field{"upgrade", "WebSocket"}, same[3], Field{"x-a", "1, 2"}, Field{"Cookie", "hidden from browsers: 6 bytes"}), arrivalData{}},
		"path":                    {arrived("GET /x/a?b=c HTTP/1.1", same...), arrivalData{Changed: []change{{"Path", "/a", "/x/a"}}}},
		"path and query":          {arrived("GET /x HTTP/1.1", same...), arrivalData{Changed: []change{{"Path", "/a?b=c", "/x"}}}},
		"host, cookie, added": {arrived(sent.line, Field{"Host", "10.0.0.1:8080"}, same[1], same[2], same[3], same[4], same[5], Field{"Cookie", "hidden from browsers: 7 bytes"}, Field{"Via", "1.1 p"}),
			arrivalData{Changed: []change{{"Host", "example.com:8080", "10.0.0.1:8080"}, {"Cookie", "secret", "hidden from browsers: 7 bytes"}}, Added: []Field{{"Via", "1.1 p"}}}},
		"removed": {arrived(sent.line, same[0], same[1], same[2], same[4]), arrivalData{
			Removed: []Field{{"Origin", "https://a.example"}, {"Cookie", "secret"}}, Changed: []change{{"X-A", "1, 2", "1"}}}},
	}
	for name, test := range tests {
		test.want.Request = test.arrived.line
		if got := compare(&sent, &test.arrived); !reflect.DeepEqual(*got, test.want) {
			t.Errorf("%s: %+v, want %+v", name, *got, test.want)
		}
	}
}

// What a path does to the handshake is a finding of its own, with its own cause.
func TestChangesOfThePathAreDiagnosed(t *testing.T) {
	tests := map[string]struct {
		path            func(p *peer)
		verdict         Verdict
		detail, id, fix string
	}{
		"nothing":             {func(*peer) {}, OK, "the request arrived as it was sent", "", ""},
		"adds":                {func(p *peer) { p.rewrite = func(r *http.Request) { r.Header.Set("Via", "1.1 p") } }, OK, "added: Via: 1.1 p", "", ""},
		"removes a field":     {func(p *peer) { p.rewrite = func(r *http.Request) { r.Header.Del("User-Agent") } }, Note, "removed: User-Agent", "field-removed", "http-request del-header User-Agent"},
		"removes subprotocol": {func(p *peer) { p.rewrite = func(r *http.Request) { r.Header.Del("Sec-WebSocket-Protocol") } }, Failed, "removed: Sec-Web", "subprotocol-removed", ""},
		"removes extensions":  {func(p *peer) { p.rewrite = func(r *http.Request) { r.Header.Del("Sec-WebSocket-Extensions") } }, Note, "removed: Sec-Web", "extensions-removed", ""},
		"changes Host":        {func(p *peer) { p.rewrite = func(r *http.Request) { r.Host = "other" } }, Note, `changed: Host "peer.example" arrived as "other"`, "host-rewritten", "$http_host"},
		"changes the path":    {func(p *peer) { p.rewrite = func(r *http.Request) { r.RequestURI = "/x" + r.RequestURI } }, Note, `changed: Path "/" arrived as "/x/"`, "path-rewritten", ""},
		"changes a field":     {func(p *peer) { p.rewrite = func(r *http.Request) { r.Header.Set("User-Agent", "p") } }, Note, "changed: User-Agent", "field-changed", "User-Agent"},
		"removes the choice":  {func(p *peer) { p.hide = "Sec-WebSocket-Protocol" }, Failed, "removed from the response: Sec-WebSocket-Protocol", "subprotocol-removed-from-response", ""},
		"removes compression": {func(p *peer) { p.hide = "Sec-WebSocket-Extensions" }, Failed, "removed from the response: Sec-WebSocket-Extensions", "extensions-removed-from-response", ""},
		"has no compression":  {func(p *peer) { p.deflate = "" }, OK, "the request arrived as it was sent", "", ""},
		"is no echosvc":       {func(p *peer) { p.controls = false }, Note, "unknown: only echosvc reports", "", ""},
		"refuses controls": {func(p *peer) {
			p.refuse = func(w http.ResponseWriter, r *http.Request) bool {
				return r.URL.RawQuery != "" && status(400, "CONTROLS is false")(w, r)
			}
		}, Note, "unknown: the server refuses controls", "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := faithful()
				test.path(p)
				checks := p.run(t, runChecks)
				expect(t, checks, "arrival", test.verdict, test.detail)
				var ids []string
				for _, d := range checks["arrival"].Diagnoses {
					ids = append(ids, d.ID)
					if !strings.Contains(d.Fix, test.fix) || strings.Contains(d.Fix, "NAME ") {
						t.Errorf("%v", d)
					}
				}
				if got := strings.Join(ids, " "); got != test.id {
					t.Errorf("diagnoses %q, want %q", got, test.id)
				}
			})
		})
	}
}
