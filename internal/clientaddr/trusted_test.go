package clientaddr

import (
	"strings"
	"testing"
)

func TestParseNetwork(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"10.0.0.0/8", "10.0.0.0/8"},
		{"192.0.2.1", "192.0.2.1/32"},
		{"::ffff:192.0.2.1", "192.0.2.1/32"},
		{"2001:db8::/32", "2001:db8::/32"},
		{"::1", "::1/128"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"unix:", "unix:"},
	} {
		if got, err := ParseNetwork(test.in); err != nil || got.String() != test.want {
			t.Errorf("%s is %v, %v; want %s", test.in, got, err, test.want)
		}
	}
	for _, test := range []struct{ in, want string }{
		{"10.1.2.3/8", "did you mean 10.0.0.0/8?"},
		{"2001:db8::1/32", "did you mean 2001:db8::/32?"},
		{"::ffff:10.0.0.0/104", "is written as 10.0.0.0/8"},
		{"10.0.0.0/33", "neither a prefix nor an address"},
		{"10.0.0", "neither a prefix nor an address"},
		{"proxy.example", "neither a prefix nor an address"},
		{"fe80::1%eth0", "neither a prefix nor an address"},
		{"10.0.0.1:80", "neither a prefix nor an address"},
		{"", "neither a prefix nor an address"},
	} {
		if got, err := ParseNetwork(test.in); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q is %v, %v; want an error with %q", test.in, got, err, test.want)
		}
	}
}

func TestTrusts(t *testing.T) {
	for remote, want := range map[string]bool{
		"10.0.0.1:80":          true,
		"[::ffff:10.0.0.1]:80": true,
		"[::1]:80":             true,
		"11.0.0.1:80":          false,
		"[::2]:80":             false,
		"[fe80::1%eth0]:80":    false,
		"unix":                 false,
		"unknown":              false,
	} {
		if got := trusting(t, Off).trusts(remote); got != want {
			t.Errorf("%s is trusted: %v, want %v", remote, got, want)
		}
	}
	if linkLocal := trusting(t, Off, "fe80::/10"); !linkLocal.trusts("[fe80::1%eth0]:80") {
		t.Error("a link-local address is not trusted by its network")
	}
	if (&Rules{}).trusts("10.0.0.1:80") {
		t.Error("rules without a network trust somebody")
	}
	if !trusting(t, Off, "unix:").trusts(Unix) {
		t.Error("unix: does not trust a Unix socket")
	}
}
