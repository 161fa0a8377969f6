package load

import (
	"errors"
	"testing"
)

func TestCheckUpgrade(t *testing.T) {
	const accepted = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + acceptKey + "\r\n"
	const both = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n"
	for name, test := range map[string]struct {
		head           string
		compressed     bool
		ok, negotiated bool
	}{
		"plain":         {accepted + "\r\n", false, true, true},
		"compressed":    {accepted + both + "\r\n", true, true, true},
		"no extension":  {accepted + "\r\n", true, false, false},
		"keeps context": {accepted + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", true, false, true},
		"refused":       {"HTTP/1.1 503 Service Unavailable\r\n\r\n", false, false, true},
		"no accept":     {"HTTP/1.1 101 Switching Protocols\r\n\r\n", false, false, true},
		"not HTTP":      {"hello\r\n\r\n", false, false, true},
	} {
		err := checkUpgrade([]byte(test.head), test.compressed)
		if (err == nil) != test.ok || errors.Is(err, ErrNotNegotiated) == test.negotiated {
			t.Errorf("%s: %v", name, err)
		}
	}
}
