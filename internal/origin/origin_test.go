package origin

import (
	"strings"
	"testing"
)

// TestCanonical_RFC6454_Section6_2: the ASCII serialization of an origin.
func TestCanonical_RFC6454_Section6_2(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"https://example.com", "https://example.com"},
		{"HTTPS://Example.COM", "https://example.com"},
		{"https://example.com:443", "https://example.com"},
		{"https://example.com:0443", "https://example.com"},
		{"http://example.com:80", "http://example.com"},
		{"http://example.com:443", "http://example.com:443"},
		{"https://example.com:80", "https://example.com:80"},
		{"https://example.com:8443", "https://example.com:8443"},
		{"https://example.com.", "https://example.com."},
		{"https://bücher.example", "https://xn--bcher-kva.example"},
		{"https://BÜCHER.example:443", "https://xn--bcher-kva.example"},
		{"https://xn--BCHER-KVA.example", "https://xn--bcher-kva.example"},
		{"https://faß.example", "https://xn--fa-hia.example"},
		{"https://пример.рф", "https://xn--e1afmkfd.xn--p1ai"},
		{"https://例え。テスト", "https://xn--r8jz45g.xn--zckzah"},
		{"https://my_host.example", "https://my_host.example"},
		{"https://*.example.com", "https://*.example.com"},
		{"https://*.Bücher.example:443", "https://*.xn--bcher-kva.example"},
		{"http://localhost:3000", "http://localhost:3000"},
		{"http://127.0.0.1:80", "http://127.0.0.1"},
		{"http://[::1]:3000", "http://[::1]:3000"},
		{"http://[0:0:0:0:0:0:0:1]", "http://[::1]"},
		{"https://[2001:DB8::1]:443", "https://[2001:db8::1]"},
		{"chrome-extension://abcdefgh", "chrome-extension://abcdefgh"},
		{"capacitor://localhost", "capacitor://localhost"},
		{"file://", "file://"},
		{"null", "null"},
		{"NULL", "null"},
		{"", ""},
		{"*", ""},
		{"example.com", ""},
		{"//example.com", ""},
		{"https:example.com", ""},
		{"https:/example.com", ""},
		{"https://", ""},
		{"https://:443", ""},
		{"https://example.com/", ""},
		{"https://example.com/app", ""},
		{"https://example.com?x", ""},
		{"https://example.com#x", ""},
		{"https://user@example.com", ""},
		{"https://example.com:", ""},
		{"https://example.com:x", ""},
		{"https://example.com:65536", ""},
		{"https://example.com:-1", ""},
		{"https://*", ""},
		{"https://*.", ""},
		{"https://a.*.example.com", ""},
		{"https://*.*.example.com", ""},
		{"https://*a.example.com", ""},
		{"https://.example.com", ""},
		{"https://a..example.com", ""},
		{"https://exa mple.com", ""},
		{"https://a%2eb.example", ""},
		{"https://[::1", ""},
		{"https://[127.0.0.1]", ""},
		{"https://[fe80::1%25eth0]", ""},
		{"https://*.[::1]", ""},
		{"wss://example.com", ""},
		{"1http://a", ""},
		{"ht_tp://a", ""},
		{"https://\u200d.example", ""},
	} {
		got, ok := Canonical(test.in)
		if ok != (test.want != "") || ok && got != test.want {
			t.Errorf("the canonical form of %q is %q, %v; want %q", test.in, got, ok, test.want)
		}
		if again, _ := Canonical(got); ok && again != got {
			t.Errorf("%q is not canonical: its canonical form is %q", got, again)
		}
	}
}

// TestLongNamesAreNotConverted: punycode takes quadratic time, four seconds for the longest
// header line.
func TestLongNamesAreNotConverted(t *testing.T) {
	for _, test := range []struct {
		host string
		want bool
	}{
		{strings.Repeat("é", maxHost), true},
		{strings.Repeat("é", maxHost+1), false},
		{strings.Repeat("é.", (maxHost-1)/2) + "é", true},
		{strings.Repeat("é.", maxHost/2+1), false},
		{"*." + strings.Repeat("é", maxHost+1), false},
		{strings.Repeat("\u3300", maxHost/4), true}, // each is mapped to 4 characters
		{strings.Repeat("\u3300", maxHost/4+1), false},
		{strings.Repeat("\u3300\u4e00", maxHost/5+1), false},
		{strings.Repeat("a", 1<<16), true}, // ASCII takes linear time
	} {
		if _, ok := Canonical("https://" + test.host); ok != test.want {
			t.Errorf("a host of %d bytes that begins with %.10q: %v", len(test.host), test.host, ok)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, test := range []struct {
		allowed, origin string
		want            bool
	}{
		{"https://example.com", "https://example.com", true},
		{"https://example.com", "http://example.com", false},
		{"https://example.com", "https://example.com:8443", false},
		{"https://*.example.com", "https://a.example.com", true},
		{"https://*.example.com", "https://a.b.example.com", true},
		{"https://*.example.com", "https://example.com", false},
		{"https://*.example.com", "https://.example.com", false},
		{"https://*.example.com", "https://evilexample.com", false},
		{"https://*.example.com", "https://a.example.com:8443", false},
		{"https://*.example.com", "http://a.example.com", false},
		{"https://*.example.com:8443", "https://a.example.com:8443", true},
		{"https://*.example.com:8443", "https://a.example.com", false},
		{"null", "null", true},
		{"null", "https://null", false},
		{"file://", "file://", true},
	} {
		if got := Matches(test.allowed, test.origin); got != test.want {
			t.Errorf("%s allows %s: %v, want %v", test.allowed, test.origin, got, test.want)
		}
	}
}

func TestSuggest(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"https://example.com/", "https://example.com"},
		{"https://Example.com:443/app?x#y", "https://example.com"},
		{"https://example.com:", "https://example.com"},
		{"https://user:secret@example.com/", "https://example.com"},
		{"example.com", "https://example.com"},
		{"example.com:8443/app", "https://example.com:8443"},
		{"//example.com", "https://example.com"},
		{"https:example.com", "https://example.com"},
		{"http:/example.com/x", "http://example.com"},
		{"localhost:3000", "http://localhost:3000"},
		{"127.0.0.1:3000/", "http://127.0.0.1:3000"},
		{"192.168.1.7:8080", "http://192.168.1.7:8080"},
		{"[::1]:3000", "http://[::1]:3000"},
		{"*.example.com", "https://*.example.com"},
		{"https://a.*.example.com", "https://*.example.com"},
		{"https://*example.com", "https://*.example.com"},
		{"https://*app.example.com", "https://*.app.example.com"},
		{"https://a.*b.example.com", "https://*.b.example.com"},
		{"https://a*b.example.com", "https://*.example.com"},
		{"https://app*.example.com", "https://*.example.com"},
		{"https://*com", ""},
		{"https//example.com/", "https://example.com"},
		{"HTTP//example.com", "http://example.com"},
		{"wss://example.com/ws", "https://example.com"},
		{"ws://localhost:8080/", "http://localhost:8080"},
		{"'https://example.com'", "https://example.com"}, // quotes that a shell would have removed
		{`"https://example.com/"`, "https://example.com"},
		{"bücher.example/", "https://xn--bcher-kva.example"},
		{"https://*", "*"},
		{"https://", ""},
		{"https://exa mple.com", ""},
		{"https://example.com:99999", ""},
	} {
		if got := Suggest(test.in); got != test.want {
			t.Errorf("for %q the suggestion is %q, want %q", test.in, got, test.want)
		}
	}
}
