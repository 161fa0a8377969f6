package e2e

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"
	"github.com/lxzan/gws"
)

// echoServers are other echo servers, each as its library's documentation shows one, except that
// messages may be as large as the probe's, and that compression is accepted if a client offers it.
// start runs a server until the end of the test and returns its URL.
var echoServers = []struct {
	name  string
	start func(t *testing.T) string
}{
	{"echosvc", func(t *testing.T) string { return startBinary(t).url() }},
	{"gws", startGws},
	{"gorilla", func(t *testing.T) string {
		return startGorilla(t, func(kind int, message []byte) []byte { return message })
	}},
	{"coder", startCoder},
	{"ws", startNodeWS},
	{"garbler", func(t *testing.T) string { return startGorilla(t, garble) }},
}

// serveHTTP handles every path until the test ends, and returns the URL.
func serveHTTP(t *testing.T, handle http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return "ws" + strings.TrimPrefix(server.URL, "http") + "/"
}

type gwsEcho struct{ gws.BuiltinEventHandler }

func (gwsEcho) OnMessage(socket *gws.Conn, message *gws.Message) {
	defer message.Close()
	socket.WriteMessage(message.Opcode, message.Bytes())
}

func startGws(t *testing.T) string {
	upgrader := gws.NewUpgrader(gwsEcho{}, &gws.ServerOption{
		PermessageDeflate: gws.PermessageDeflate{Enabled: true},
	})
	return serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		if socket, err := upgrader.Upgrade(w, r); err == nil {
			socket.ReadLoop()
		}
	})
}

// startGorilla runs an echo that sends change's result for each message.
func startGorilla(t *testing.T, change func(kind int, message []byte) []byte) string {
	upgrader := gorilla.Upgrader{EnableCompression: true}
	return serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		for {
			kind, message, err := c.ReadMessage()
			if err != nil {
				return
			}
			if err := c.WriteMessage(kind, change(kind, message)); err != nil {
				return
			}
		}
	})
}

// garble changes messages as faulty proxies have: text to upper case, and one byte of long binary
// messages.
func garble(kind int, message []byte) []byte {
	if kind == gorilla.TextMessage {
		return []byte(strings.ToUpper(string(message)))
	}
	if len(message) > 65535 {
		message[65535] ^= 0x80
	}
	return message
}

func startCoder(t *testing.T) string {
	return serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionContextTakeover})
		if err != nil {
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(16 << 20)
		for {
			kind, reader, err := c.Reader(r.Context())
			if err != nil {
				return
			}
			writer, err := c.Writer(r.Context(), kind)
			if err != nil {
				return
			}
			if _, err := io.Copy(writer, reader); err != nil {
				return
			}
			if err := writer.Close(); err != nil {
				return
			}
		}
	})
}

// startNodeWS runs an echo with Node's ws. It skips the test if there is no Node.js.
func startNodeWS(t *testing.T) string {
	t.Helper()
	dir := nodePackages(t, "ws@8.18.3")
	file := filepath.Join(dir, "server.js")
	if err := os.WriteFile(file, []byte(`const { WebSocketServer } = require("ws")
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: true })
server.on("listening", () => console.log(server.address().port))
server.on("connection", ws => {
	ws.on("error", () => {})
	ws.on("message", (data, binary) => ws.send(data, { binary }))
})
`), 0o644); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("node", file)
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() {
		t.Fatalf("node printed no port: %v", lines.Err())
	}
	return "ws://127.0.0.1:" + lines.Text() + "/"
}
