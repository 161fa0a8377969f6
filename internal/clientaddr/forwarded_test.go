package clientaddr

import (
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/wsproto"
)

func TestClientIsTheLastAddressThatIsNotATrustedProxys(t *testing.T) {
	for _, test := range []struct {
		name, remote, header string
		fields               []string
		want                 string
	}{
		{"no field", proxy, "", nil, ""},
		{"a stranger's field", stranger, "", []string{"X-Forwarded-For: 192.0.2.7"}, ""},
		{"one address", proxy, "", []string{"X-Forwarded-For: 192.0.2.7"}, "192.0.2.7"},
		{"made-up addresses come first", proxy, "", []string{"X-Forwarded-For: 1.1.1.1, 192.0.2.7"}, "192.0.2.7"},
		{"trusted proxies come last", proxy, "", []string{"X-Forwarded-For: 1.1.1.1, 192.0.2.7, 10.9.9.9,10.8.8.8"}, "192.0.2.7"},
		{"several fields", proxy, "", []string{"X-Forwarded-For: 1.1.1.1, 192.0.2.7", "x-forwarded-for: 10.9.9.9"}, "192.0.2.7"},
		{"only trusted proxies", proxy, "", []string{"X-Forwarded-For: 10.7.7.7, 10.8.8.8"}, "10.7.7.7"},
		{"the proxy itself", proxy, "", []string{"X-Forwarded-For: 10.1.2.3"}, ""},
		{"empty elements", proxy, "", []string{"X-Forwarded-For: 192.0.2.7,, 10.9.9.9 ,"}, "192.0.2.7"},
		{"an empty field", proxy, "", []string{"X-Forwarded-For:"}, ""},
		{"no address after it", proxy, "", []string{"X-Forwarded-For: 192.0.2.7, unknown"}, ""},
		{"no address before it", proxy, "", []string{"X-Forwarded-For: <script>, 192.0.2.7"}, "192.0.2.7"},
		{"no address beyond a trusted one", proxy, "", []string{"X-Forwarded-For: localhost, 10.9.9.9"}, ""},
		{"a port", proxy, "", []string{"X-Forwarded-For: 192.0.2.7:56324"}, "192.0.2.7"},
		{"IPv6", proxy, "", []string{"X-Forwarded-For: 2001:DB8::7"}, "2001:db8::7"},
		{"IPv6 in brackets", proxy, "", []string{"X-Forwarded-For: [2001:db8::7]"}, "2001:db8::7"},
		{"IPv6 with a port", proxy, "", []string{"X-Forwarded-For: [2001:db8::7]:56324"}, "2001:db8::7"},
		{"IPv4 in IPv6", proxy, "", []string{"X-Forwarded-For: ::ffff:192.0.2.7, ::ffff:10.0.0.9"}, "192.0.2.7"},
		{"64 trusted proxies", proxy, "", []string{"X-Forwarded-For: 192.0.2.7" + strings.Repeat(", 10.0.0.9", 64)}, ""},
		{"63 trusted proxies", proxy, "", []string{"X-Forwarded-For: 192.0.2.7" + strings.Repeat(", 10.0.0.9", 63)}, "192.0.2.7"},
		{"200 elements, and the last are trusted", proxy, "", []string{"X-Forwarded-For: " + strings.Repeat("1.1.1.1, ", 200) + "192.0.2.7" + strings.Repeat(", 10.0.0.9", 63)}, "192.0.2.7"},
		{"200 elements, and all are trusted", proxy, "", []string{"X-Forwarded-For: 192.0.2.7" + strings.Repeat(", 10.0.0.9", 200)}, ""},
		{"empty elements without end", proxy, "", []string{"X-Forwarded-For: 192.0.2.7" + strings.Repeat(",", 60_000)}, "192.0.2.7"},
		{"X-Real-IP", proxy, "", []string{"X-Real-IP: 192.0.2.7"}, "192.0.2.7"},
		{"Forwarded", proxy, "", []string{`Forwarded: for=192.0.2.7`}, "192.0.2.7"},
		{"Forwarded, RFC 7239 section 4", proxy, "", []string{`Forwarded: for=192.0.2.43, for="[2001:db8:cafe::17]";proto=https;by=203.0.113.43`}, "2001:db8:cafe::17"},
		{"Forwarded, in another order and case", proxy, "", []string{`Forwarded: by=10.0.0.1; FOR="192.0.2.7:4711" ;proto=http`}, "192.0.2.7"},
		{"Forwarded, separators in quotes", proxy, "", []string{`Forwarded: for=1.1.1.1;host="a,for=2.2.2.2;\"b", for=192.0.2.7;host=";for=3.3.3.3,"`}, "192.0.2.7"},
		{"Forwarded, trusted proxies come last", proxy, "", []string{`Forwarded: for=192.0.2.7`, `Forwarded: for=10.9.9.9`}, "192.0.2.7"},
		{"Forwarded, obfuscated", proxy, "", []string{`Forwarded: for=192.0.2.7, for=_hidden`}, ""},
		{"Forwarded, unknown", proxy, "", []string{`Forwarded: for=unknown`}, ""},
		{"Forwarded without for", proxy, "", []string{`Forwarded: for=192.0.2.7, proto=https`}, ""},
		{"fields that agree", proxy, "", []string{"X-Real-IP: 192.0.2.7", "Forwarded: for=192.0.2.7", "X-Forwarded-For: 192.0.2.7, 10.9.9.9"}, "192.0.2.7"},
		{"fields that contradict each other", proxy, "", []string{"Forwarded: for=1.1.1.1", "X-Forwarded-For: 192.0.2.7"}, ""},
		{"a field without an address beside one", proxy, "", []string{"Forwarded: proto=https", "X-Forwarded-For: 192.0.2.7"}, "192.0.2.7"},
		{"Forwarded, an obfuscated port", proxy, "", []string{`Forwarded: for="192.0.2.7:_gazonk"`}, "192.0.2.7"},
		{"Forwarded, IPv6 with an obfuscated port", proxy, "", []string{`Forwarded: for="[2001:db8::7]:_x"`}, "2001:db8::7"},
		{"Forwarded, an escaped character", proxy, "", []string{`Forwarded: for="192\.0.2.7"`}, "192.0.2.7"},
		{"Forwarded, an escape at the end", proxy, "", []string{`Forwarded: for="192.0.2.7\"`}, ""},
		{"Forwarded, a quoted string without an end", proxy, "", []string{`Forwarded: for="192.0.2.7`}, ""},
		{"Forwarded, a client that hides what the proxy appends", proxy, "", []string{`Forwarded: for=1.1.1.1;x=", for=192.0.2.7`}, ""},
		{"Forwarded, and hides an address in quotes", proxy, "", []string{`Forwarded: for=1.1.1.1;x="\", for="[2001:db8::7]"`}, ""},
		{"Forwarded, and the proxy has a line of its own", proxy, "", []string{`Forwarded: for=1.1.1.1;x="`, `Forwarded: for=192.0.2.7`}, "192.0.2.7"},
		{"Forwarded, for twice", proxy, "", []string{`Forwarded: for=1.1.1.1;for=192.0.2.7`}, ""},
		{"X-Real-IP of two nginx", proxy, "", []string{"X-Forwarded-For: 192.0.2.7, 10.9.9.9", "X-Real-IP: 10.9.9.9"}, "192.0.2.7"},
		{"X-Forwarded-For of the last proxy, Forwarded of all", proxy, "", []string{"Forwarded: for=192.0.2.7, for=10.9.9.9", "X-Forwarded-For: 10.9.9.9"}, "192.0.2.7"},
		{"Forwarded of the last proxy, X-Forwarded-For of all", proxy, "", []string{"Forwarded: for=10.9.9.9", "X-Forwarded-For: 192.0.2.7, 10.9.9.9"}, "192.0.2.7"},
		{"X-Real-IP of a proxy that is not on the way", proxy, "", []string{"X-Forwarded-For: 192.0.2.7", "X-Real-IP: 10.9.9.9"}, ""},
		{"a header", proxy, "192.0.2.7:56324", nil, "192.0.2.7:56324"},
		{"a field of the client of a header", proxy, "192.0.2.7:56324", []string{"X-Forwarded-For: 1.1.1.1"}, "192.0.2.7:56324"},
		{"a header of a proxy before the proxy", proxy, "10.9.9.9:56324", []string{"X-Forwarded-For: 1.1.1.1, 192.0.2.7"}, "192.0.2.7"},
		{"a header and the same address in a field", proxy, "10.9.9.9:56324", []string{"X-Forwarded-For: 10.9.9.9"}, "10.9.9.9:56324"},
		{"a header and fields that contradict each other", proxy, "10.9.9.9:56324", []string{"Forwarded: for=1.1.1.1", "X-Forwarded-For: 192.0.2.7"}, "10.9.9.9:56324"},
		{"a Unix socket", Unix, "", []string{"X-Forwarded-For: 192.0.2.7"}, "192.0.2.7"},
	} {
		request := wsproto.Request{}
		for _, line := range test.fields {
			name, value, _ := strings.Cut(line, ":")
			request.Fields = append(request.Fields, wsproto.Field{Name: name, Value: strings.TrimSpace(value)})
		}
		if got := trusting(t, Optional, "unix:").Client(test.remote, test.header, &request); got != test.want {
			t.Errorf("%s: the client is %q, want %q", test.name, got, test.want)
		}
	}
}

// TestManyElementsTakeLittleMemory: a list of those that a field can have would take a megabyte.
func TestManyElementsTakeLittleMemory(t *testing.T) {
	rules := trusting(t, Off, "unix:")
	for name, value := range map[string]string{
		"X-Forwarded-For": strings.Repeat("10.0.0.9,", 6000), "Forwarded": strings.Repeat(",", 30_000) + strings.Repeat("for=a;", 5000) + strings.Repeat(";", 5000),
	} {
		request := &wsproto.Request{Fields: []wsproto.Field{{Name: name, Value: value}}}
		if n := testing.AllocsPerRun(10, func() { rules.Client(Unix, "", request) }); n > 150 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
