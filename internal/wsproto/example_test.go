package wsproto_test

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// The request head arrives in two pieces, the second of which has a frame too.
func ExamplePolicy_Accept() {
	reads := []string{
		"GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.com\r\n" +
			"Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n\r\n" +
			"\x89\x80\x37\xfa\x21\x3d",
	}
	policy := wsproto.Policy{
		Origins:      []string{"http://example.com"},
		Subprotocols: []string{"superchat", "chat"},
		Compression:  wsproto.Stateless,
	}
	accept := func(head []byte) (wsproto.Handshake, *wsproto.HandshakeError) {
		request, err := wsproto.ParseRequest(head)
		if err != nil {
			return wsproto.Handshake{}, err
		}
		return policy.Accept(&request)
	}

	var head wsproto.Head
	var in []byte
	for _, read := range reads {
		in = append(in, read...)
		n, err := head.Scan(in)
		if n == 0 && err == nil {
			continue // the head is not complete
		}
		var handshake wsproto.Handshake
		if err == nil {
			handshake, err = accept(in[:n])
		}
		if err != nil {
			fmt.Printf("%s: %s", err.Reason, err.AppendResponse(nil, "Thu, 26 Nov 2026 00:15:55 GMT"))
			return
		}
		fmt.Print(strings.ReplaceAll(string(handshake.AppendResponse(nil, "Thu, 26 Nov 2026 00:15:55 GMT")), "\r\n", "\n"))
		fmt.Printf("the first frames: %x\n", in[n:])
	}
	// Output:
	// HTTP/1.1 101 Switching Protocols
	// Upgrade: websocket
	// Connection: Upgrade
	// Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
	// Date: Thu, 26 Nov 2026 00:15:55 GMT
	// Sec-WebSocket-Protocol: chat
	//
	// the first frames: 898037fa213d
}

// The loop of an echo server, with reads from memory.
func ExampleEcho() {
	reads := []string{
		"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d", // the beginning of "Hello"
		"\x51\x58\x89\x80\x37\xfa\x21\x3d",     // the rest, and a ping
		"\x88\x82\x37\xfa\x21\x3d\x34\x12",     // a close frame with 1000
	}
	echo := wsproto.NewEcho(&wsproto.Config{MaxMessageSize: 1 << 20}, wsproto.Deflate{})
	defer echo.Release()

	mem := make([]byte, wsproto.MinBuffer)
	kept := 0
	yielded := false
	for !echo.Done() {
		b := wsproto.Buffer{Mem: mem, Start: wsproto.Headroom, End: wsproto.Headroom + kept}
		if !yielded {
			b.End += copy(mem[b.End:], reads[0])
			reads = reads[1:]
		}
		ev := echo.Next(&b)
		for ev.Kind != wsproto.NeedMore && ev.Kind != wsproto.Yield {
			fmt.Printf("%v %q\n", ev.Kind, ev.Payload)
			ev = echo.Next(&b)
		}
		fmt.Printf("sent %q\n", b.Out())
		kept = copy(mem[wsproto.Headroom:], mem[b.Start:b.End])
		yielded = ev.Kind == wsproto.Yield
	}
	// Output:
	// Data "Hel"
	// sent ""
	// Data "lo"
	// Ping ""
	// sent "\x81\x05Hello\x8a\x00"
	// Close "\x03\xe8"
	// sent "\x88\x02\x03\xe8"
}

// A server that is not an echo: it answers each text message in upper case. With
// permessage-deflate, it would take Inflated instead of Payload where Compressed is set.
func ExampleDecoder() {
	reads := []string{
		"\x01\x83\x37\xfa\x21\x3d\x7f\x9f\x4d",     // a fragment, "Hel"
		"\x80\x82\x37\xfa\x21\x3d\x5b\x95",         // the last fragment, "lo"
		"\x89\x80\x37\xfa\x21\x3d",                 // a ping
		"\x83\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51", // a frame with a reserved opcode
	}
	decoder := wsproto.NewDecoder(&wsproto.Config{MaxMessageSize: 1 << 20}, wsproto.Deflate{})
	defer decoder.Release()

	var in, out, message []byte
	var ev wsproto.Event
	for ev.Kind != wsproto.Close && ev.Kind != wsproto.Failed {
		in = in[decoder.Next(in, &ev):]
		switch ev.Kind {
		case wsproto.NeedMore:
			fmt.Printf("sent %q\n", out)
			out = out[:0]
			in = append(in, reads[0]...)
			reads = reads[1:]
		case wsproto.Data:
			message = append(message, ev.Payload...)
			if ev.Last() {
				out = wsproto.AppendText(out, bytes.ToUpper(message))
				message = message[:0]
			}
		case wsproto.Ping:
			out = wsproto.AppendPong(out, ev.Payload)
		case wsproto.Close:
			out = wsproto.AppendClose(out, ev.Code, "")
		case wsproto.Failed:
			out = wsproto.AppendClose(out, ev.Err.CloseCode(), decoder.CloseReason(ev.Err))
		}
	}
	fmt.Printf("sent %q\n", out)
	// Output:
	// sent ""
	// sent ""
	// sent "\x81\x05HELLO"
	// sent "\x8a\x00"
	// sent "\x88/\x03\xeathe opcode is reserved (RFC 6455 section 5.2)"
}
