package probe

import (
	"bytes"
	"context"
	"net"
	"strings"
	"testing"
)

// scripted returns a target for url whose server reads up to a first request head, or to what a
// client sends first otherwise, and sends what answer returns. Then it closes.
func scripted(t *testing.T, url string, answer func(request string) string) *Target {
	t.Helper()
	target, err := NewTarget(url)
	if err != nil {
		t.Fatal(err)
	}
	target.DialContext = func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			var request bytes.Buffer
			buffer := make([]byte, 64<<10)
			for !bytes.Contains(request.Bytes(), []byte("\r\n\r\n")) && !bytes.HasPrefix(request.Bytes(), []byte{0x16}) {
				n, err := server.Read(buffer)
				if err != nil {
					return
				}
				request.Write(buffer[:n])
			}
			server.Write([]byte(answer(request.String())))
		}()
		return client, nil
	}
	return target
}

// response is an HTTP response with a body. head has its status line and fields, each line ending
// in a newline.
func response(head, body string) string {
	return strings.ReplaceAll(head, "\n", "\r\n") + "Connection: close\r\n\r\n" + body
}

// always answers every request in the same way.
func always(answer string) func(string) string { return func(string) string { return answer } }
