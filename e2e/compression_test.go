package e2e

import (
	"fmt"
	"testing"
)

// conversation is JavaScript that sends 10,000 messages of mixed sizes and types on a WebSocket, 16
// at a time, and compares the echoes. It returns the negotiated extensions, or the first error.
const conversation = `(ws, count = 10000, inFlight = 16) => new Promise(resolve => {
	ws.binaryType = "arraybuffer"
	const prose = "What is now proved was once only imagined. \u1f13\u03bd \u03bf\u1f36\u03b4\u03b1. ".repeat(1600)
	const noise = new Uint8Array(70000)
	for (let i = 0, x = 1; i < noise.length; i++) { x = (x * 1103515245 + 12345) % 2147483648; noise[i] = x >> 16 }
	const message = i => {
		const size = i * 7919 % 700 * (i % 500 ? 1 : 100)
		return i % 3 === 0 ? noise.slice(0, size).buffer : i % 3 === 1 ? prose.slice(0, size) : new TextEncoder().encode(prose.slice(0, size)).buffer
	}
	const same = (a, b) => {
		if (typeof a === "string" || typeof b === "string") return a === b
		const x = new Uint8Array(a), y = new Uint8Array(b)
		return x.length === y.length && x.every((v, i) => v === y[i])
	}
	let sent = 0, back = 0
	ws.onopen = () => { while (sent < inFlight) ws.send(message(sent++)) }
	ws.onmessage = e => {
		if (!same(e.data, message(back))) return resolve("the echo of message " + back + " differs")
		if (++back === count) { ws.onclose = null; ws.close(); return resolve(String(ws.extensions)) }
		if (sent < count) ws.send(message(sent++))
	}
	ws.onclose = e => resolve("closed with " + e.code + " " + e.reason + " after " + back + " messages")
})`

// negotiated maps the modes of COMPRESSION to the answer to a client that offers everything it can.
var negotiated = map[string]string{
	"stateless": "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
	"takeover":  "permessage-deflate",
}

// A browser compresses without being asked.
func TestBrowserCompresses(t *testing.T) {
	for mode, agreed := range negotiated {
		t.Run(mode, func(t *testing.T) {
			p := startBinary(t, "COMPRESSION="+mode)
			browser := openBrowser(t, fmt.Sprintf("http://localhost:%d/healthz", p.ports["ws"]))
			if got := evaluate[string](t, browser, `(`+conversation+`)(new WebSocket("ws://" + location.host + "/"))`); got != agreed {
				t.Errorf("it ended with %q, want %q", got, agreed)
			}
		})
	}
}

// Node's ws compresses with zlib.
func TestNodeCompresses(t *testing.T) {
	dir := nodePackages(t, "ws@8.18.3")
	for mode := range negotiated {
		p := startBinary(t, "COMPRESSION="+mode)
		for _, test := range []struct{ offer, agreed string }{
			{`{threshold: 0}`, negotiated[mode]},
			{`{threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true}`, negotiated["stateless"]},
			{`{threshold: 0, serverMaxWindowBits: 9, clientMaxWindowBits: false}`, ""}, // declined: the client could not be bound
			{`{threshold: 0, serverMaxWindowBits: 9, clientMaxWindowBits: 9}`, negotiated[mode] + "; server_max_window_bits=9; client_max_window_bits=9"},
		} {
			t.Run(mode+"/"+test.offer, func(t *testing.T) {
				got := node(t, dir, `const WebSocket = require("ws")
const ws = new WebSocket(process.argv[2], {perMessageDeflate: `+test.offer+`})
let agreed
ws.on("upgrade", response => agreed = response.headers["sec-websocket-extensions"])
;(`+conversation+`)(ws).then(result => process.stdout.write(result === "permessage-deflate" ? agreed : result))
`, fmt.Sprintf("ws://127.0.0.1:%d", p.ports["ws"]))
				if got != test.agreed {
					t.Errorf("it ended with %q, want %q", got, test.agreed)
				}
			})
		}
	}
}
