package clientaddr

import (
	"strings"
	"testing"
)

const (
	v2        = "\r\n\r\n\x00\r\nQUIT\n"
	v2TCP4    = v2 + "\x21\x11\x00\x0c" + "\xc0\x00\x02\x07\x0a\x00\x00\x01\xdc\x04\x01\xbb"
	v2TLV     = v2 + "\x21\x11\x00\x13" + "\xc0\x00\x02\x07\x0a\x00\x00\x01\xdc\x04\x01\xbb" + "\x04\x00\x04abcd" // PP2_TYPE_NOOP
	v2TCP6    = v2 + "\x21\x21\x00\x24" + "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07" + "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" + "\xdc\x04\x01\xbb"
	v2Local   = v2 + "\x20\x00\x00\x00"
	v2Unspec  = v2 + "\x21\x00\x00\x00" // what HAProxy sends for clients of other families
	v2Unspec7 = v2 + "\x21\x00\x00\x07\x04\x00\x04abcd"
	v2Local4  = v2 + "\x20\x11\x00\x0c" + "\xc0\x00\x02\x07\x0a\x00\x00\x01\xdc\x04\x01\xbb" // what Envoy sends for its health checks
)

var v2Unix = v2 + "\x21\x31\x00\xd8" + strings.Repeat("\x00", 216)

// trusting returns rules with a protocol that trust 10.0.0.0/8 and ::1.
func trusting(t *testing.T, protocol Protocol, also ...string) *Rules {
	r := &Rules{Protocol: protocol}
	for _, s := range append([]string{"10.0.0.0/8", "::1"}, also...) {
		n, err := ParseNetwork(s)
		if err != nil {
			t.Fatal(err)
		}
		r.Trusted = append(r.Trusted, n)
	}
	return r
}

const (
	proxy    = "10.1.2.3:4000"
	stranger = "192.0.2.1:4000"
)

// TestHeaderHasTheClient: the sections are those of the PROXY protocol's specification. Scan
// waits for the whole header, and leaves what follows it.
func TestHeaderHasTheClient(t *testing.T) {
	for _, test := range []struct{ name, header, client string }{
		{"2.1 TCP4", "PROXY TCP4 192.0.2.7 10.0.0.1 56324 443\r\n", "192.0.2.7:56324"},
		{"2.1 TCP6", "PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n", "[2001:db8::7]:56324"},
		{"2.1 TCP6 of nginx with IPv4", "PROXY TCP6 192.0.2.7 2001:db8::1 56324 443\r\n", "192.0.2.7:56324"},
		{"2.1 UNKNOWN", "PROXY UNKNOWN\r\n", ""},
		{"2.1 UNKNOWN with addresses", "PROXY UNKNOWN ffff:f::1 ffff:f::2 65535 65535\r\n", ""},
		{"2.2 TCP4", v2TCP4, "192.0.2.7:56324"},
		{"2.2 TCP4 with a TLV", v2TLV, "192.0.2.7:56324"},
		{"2.2 TCP6", v2TCP6, "[2001:db8::7]:56324"},
		{"2.2 LOCAL", v2Local, ""},
		{"2.2 LOCAL with addresses", v2Local4, ""},
		{"2.2 AF_UNIX", v2Unix, ""},
		{"2.2 AF_UNSPEC", v2Unspec, ""},
		{"2.2 AF_UNSPEC with a TLV", v2Unspec7, ""},
	} {
		for _, protocol := range []Protocol{Optional, Require} {
			r := trusting(t, protocol)
			in := test.header + "GET / HTTP/1.1\r\n"
			for n := range len(test.header) {
				if got, more, refusal := r.Scan(proxy, []byte(in[:n])); !more || refusal != nil || got != (Header{}) {
					t.Errorf("%s: after %d bytes it is %v, %v, %v", test.name, n, got, more, refusal)
				}
			}
			if got, more, refusal := r.Scan(proxy, []byte(in)); got != (Header{len(test.header), test.client}) || more || refusal != nil {
				t.Errorf("%s: it is %v, %v, %v", test.name, got, more, refusal)
			}
		}
	}
}

func TestConnectionsWithoutAHeaderAreAccepted(t *testing.T) {
	for _, in := range []string{"GET / HTTP/1.1\r\n", "POST", "PRI * HTTP/2.0", "PROPFIND", "PROXYX", "\r\nGET", "\r\n\r\nGET", "\x16\x03\x01"} {
		for _, protocol := range []Protocol{Off, Optional} {
			if got, more, refusal := trusting(t, protocol).Scan(proxy, []byte(in)); got != (Header{}) || more || refusal != nil {
				t.Errorf("%q is %v, %v, %v", in, got, more, refusal)
			}
		}
		r := trusting(t, Require)
		if _, _, refusal := r.Scan(stranger, []byte(in)); refusal != nil {
			t.Errorf("%q of a stranger is refused: %v", in, refusal)
		}
	}
	for _, in := range []string{"", "P", "PR", "PRO", "PROX", "PROXY", "\r", "\r\n", "\r\n\r\n"} {
		if got, more, refusal := trusting(t, Off).Scan(proxy, []byte(in)); got != (Header{}) || !more || refusal != nil {
			t.Errorf("%q is %v, %v, %v; more has to arrive", in, got, more, refusal)
		}
	}
}

// TestHeaderIsRefused with a text that names the protocol, its version and the setting.
func TestHeaderIsRefused(t *testing.T) {
	const v1 = "PROXY TCP4 192.0.2.7 10.0.0.1 56324 443\r\n"
	off := "header of the PROXY protocol, version %, which this server does not expect, because PROXY_PROTOCOL=off; remove send-proxy or send-proxy-v2"
	for _, test := range []struct {
		name     string
		protocol Protocol
		remote   string
		in       string
		want     string
	}{
		{"off, version 1", Off, proxy, "PROXY ", strings.Replace(off, "%", "1", 1)},
		{"off, version 2", Off, stranger, v2, strings.Replace(off, "%", "2", 1)},
		{"a stranger, version 1", Optional, stranger, v1, "version 1, but its sender 192.0.2.1:4000 is not in TRUSTED_PROXIES"},
		{"a stranger, version 2", Require, stranger, v2TCP4, "version 2, but its sender 192.0.2.1:4000 is not in TRUSTED_PROXIES"},
		{"required", Require, proxy, "GET", "this server has PROXY_PROTOCOL=require"},
		{"required, TLS", Require, proxy, "\x16", "this server has PROXY_PROTOCOL=require"},
		{"version 1 is too long", Optional, proxy, "PROXY " + strings.Repeat("x", 107), "the limit of this server is 107"},
		{"version 1 is too long, with an end", Optional, proxy, "PROXY " + strings.Repeat("x", 107) + "\r\n", "the limit of this server is 107"},
		{"version 2 is too long", Optional, proxy, v2 + "\x21\x11\x10\x01", "has 4113 bytes or more; the limit of this server is 4112"},
		{"ends with LF", Optional, proxy, "PROXY UNKNOWN\n", "is not valid"},
		{"no address", Optional, proxy, "PROXY TCP4 x 10.0.0.1 1 2\r\n", "is not valid"},
		{"a port of 65536", Optional, proxy, "PROXY TCP4 192.0.2.7 10.0.0.1 65536 2\r\n", "is not valid"},
		{"another protocol", Optional, proxy, "PROXY UDP4 192.0.2.7 10.0.0.1 1 2\r\n", "is not valid"},
		{"version 3", Optional, proxy, v2 + "\x31\x11\x00\x00", "is not valid"},
		{"an undefined command", Optional, proxy, v2 + "\x22\x11\x00\x00", "is not valid"},
		{"too short for its family", Optional, proxy, v2 + "\x21\x11\x00\x04abcd", "is not valid"},
	} {
		got, more, refusal := trusting(t, test.protocol).Scan(test.remote, []byte(test.in))
		if got != (Header{}) || more || refusal == nil || refusal.Status != 400 || refusal.Reason != ReasonProxyProtocol || !strings.Contains(refusal.Text, test.want) {
			t.Errorf("%s: it is %v, %v, %v; want a refusal with %q", test.name, got, more, refusal, test.want)
		}
	}
}

func TestHeaderOverAUnixSocket(t *testing.T) {
	if _, _, refusal := trusting(t, Optional).Scan(Unix, []byte(v2TCP4)); refusal == nil {
		t.Error("an untrusted Unix socket is believed")
	}
	if got, _, refusal := trusting(t, Optional, "unix:").Scan(Unix, []byte(v2TCP4)); refusal != nil || got.Client != "192.0.2.7:56324" {
		t.Errorf("it is %v, %v", got, refusal)
	}
}
