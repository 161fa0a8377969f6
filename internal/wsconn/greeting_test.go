package wsconn

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/requestinfo"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
	"github.com/echosvc/echosvc/internal/wstest"
)

// greeted opens a WebSocket with a request and returns the greeting, which must be the
// only frame.
func greeted(t *testing.T, c *connTest, request string) (got greeting) {
	t.Helper()
	c.receive([]byte(request))
	head, frames, _ := strings.Cut(string(c.sent), "\r\n\r\n")
	if !strings.HasPrefix(head, "HTTP/1.1 101 ") || len(c.sent) > wsproto.MinBuffer {
		t.Fatalf("sent %d bytes, %q", len(c.sent), head)
	}
	messages := wstest.ReadFrames(t, []byte(frames))
	if len(messages) != 1 || messages[0].First != 0x81 {
		t.Fatalf("sent %v, want a text message", messages)
	}
	if err := json.Unmarshal([]byte(messages[0].Payload), &got); err != nil {
		t.Fatal(err)
	}
	c.sent = nil
	return got
}

func TestGreeting(t *testing.T) {
	c := newConnTest(t, func(c *settings) {
		c.Identity = requestinfo.Identity{Pod: "echosvc-0", Node: "node-1", Namespace: "tools", Version: "test"}
	})
	got := greeted(t, c, upgrade("greet=1", "x-a: <\u00e9\"", "X-A: \xff", "Cookie: a=b"))
	want := greeting{
		Identity: c.server.Identity, Remote: "192.0.2.1:5000",
		Request: "GET /any/path?greet=1 HTTP/1.1",
		Headers: pairs("Host", "localhost", "Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version", "13", "x-a", "<\u00e9\"", "X-A", `\xff`, "Cookie", "a=b"),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	c.receive(wstest.Frame(0x81, "a"))
	c.expect(socket.Read, "\x81\x01a")
	if c.conn.messages != 1 {
		t.Error("the greeting was counted as an echo")
	}
}

// TestGreetingComesFirst, before the answer to a message in the read of the request.
func TestGreetingComesFirst(t *testing.T) {
	c := newConnTest(t, nil)
	c.receive([]byte(upgrade("greet=1")), wstest.Frame(0x81, "early"))
	if got := string(c.sent); !strings.HasSuffix(got, "}\x81\x05early") || c.step.Then != socket.Read {
		t.Errorf("sent %q", got)
	}
}

// TestGreetingHidesCookiesFromBrowsers: a page of another site could connect with the user's
// cookies.
func TestGreetingHidesCookiesFromBrowsers(t *testing.T) {
	got := greeted(t, newConnTest(t, nil), upgrade("greet=1", "Cookie: session=1", "Origin: https://evil.test"))
	if cookie := got.Headers[5]; cookie.Value != "hidden from browsers: 9 bytes" {
		t.Errorf("the greeting has %v", cookie)
	}
}

// TestGreetingIsBounded, however many fields the request has and however JSON escapes them.
func TestGreetingIsBounded(t *testing.T) {
	for _, value := range []string{"x", `"`, "\xff", "\xffa", "\t", "\u2028"} {
		lines := []string{}
		for range 9 {
			lines = append(lines, "X: a"+strings.Repeat(value, 3400/len(value))+"a")
		}
		c := newConnTest(t, nil)
		got := greeted(t, c, upgrade("greet=1", lines...))
		if len(got.Headers)+got.Omitted != 5+9 || len(got.Headers) < 7 {
			t.Errorf("%q: %d header fields, and %d are omitted", value, len(got.Headers), got.Omitted)
		}
	}
	long := strings.Replace(upgrade("greet=1"), "/any/path", "/"+strings.Repeat("\"", 16000), 1)
	if got := greeted(t, newConnTest(t, nil), long); len(got.Request) < 16000 || len(got.Headers) != 5 {
		t.Errorf("a request line of %d bytes, %d header fields", len(got.Request), len(got.Headers))
	}
	longest := strings.Replace(upgrade("greet=1"), "/any/path", "/"+strings.Repeat("\xff", 65000), 1)
	if got := greeted(t, newConnTest(t, nil), longest); len(got.Request) > 5000 || !strings.HasSuffix(got.Request, "... (260022 bytes)") || got.Omitted != 5 {
		t.Errorf("a request line of %d bytes ending in %.30q, %d header fields are omitted", len(got.Request), got.Request[len(got.Request)-30:], got.Omitted)
	}
}

// TestResponsesFitIntoABuffer, whatever they repeat of a request, also if only its last byte is in
// the read that completes it.
func TestResponsesFitIntoABuffer(t *testing.T) {
	fields := slices.Repeat([]string{"X: " + strings.Repeat("\xff", 400)}, 100)
	longest := strings.Repeat("a", wsproto.MaxSubprotocol)
	for name, request := range map[string]string{
		"offered":            upgrade("greet=1", append(fields, "Sec-WebSocket-Protocol: "+longest, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")...),
		"chosen by control":  upgrade("greet=1&subprotocol="+longest, fields...),
		"offered, too long":  upgrade("greet=1", append(fields, "Sec-WebSocket-Protocol: "+strings.Repeat("a", 60_000))...),
		"chosen, too long":   upgrade("greet=1&subprotocol="+strings.Repeat("a", 60_000), fields...),
		"without a greeting": wstest.Request("Sec-WebSocket-Protocol: " + longest),
	} {
		for _, last := range []int{1, 100, len(request)} {
			c := newConnTest(t, nil)
			if last < len(request) {
				c.receive([]byte(request[:len(request)-last]))
			}
			c.receive([]byte(request[len(request)-last:]))
			if got := string(c.sent); !strings.HasPrefix(got, "HTTP/1.1 101 ") != strings.Contains(name, "too long") {
				t.Errorf("%s: sent %.100q", name, got)
			}
			if m := c.conn.more; m != nil && len(m.subprotocol) > maxPeerField {
				t.Errorf("%s: %d bytes of the subprotocol are kept", name, len(m.subprotocol))
			}
			if k, ok := c.conn.behavior().(*controlled); ok && k.subprotocol != "" {
				t.Errorf("%s: the control keeps %d bytes", name, len(k.subprotocol))
			}
		}
	}
}
