package wsproto

import (
	"fmt"
	"strings"
	"testing"
)

func TestOrigin_Section10_2(t *testing.T) {
	policy := Policy{Origins: []string{"https://example.com", "https://*.example.org", "http://localhost:3000", "https://xn--bcher-kva.example", "null"}}
	tests := []struct {
		origin string
		ok     bool
	}{
		{"https://example.com", true},
		{"HTTPS://EXAMPLE.com", true},
		{"http://example.com", false},
		{"https://example.com:443", true},
		{"https://example.com:8443", false},
		{"https://example.com/", false},
		{"https://xn--bcher-kva.example", true},
		{"https://Bücher.example:443", true},
		{"https://bucher.example", false},
		{"https://example.com.evil.example", false},
		{"https://evilexample.com", false},
		{"https://a.example.org", true},
		{"https://a.b.example.ORG", true},
		{"https://example.org", false},
		{"https://.example.org", false},
		{"https://evilexample.org", false},
		{"http://a.example.org", false},
		{"https:a.example.org", false},
		{"http://localhost:3000", true},
		{"null", true},
		{"", false},
	}
	for _, test := range tests {
		_, err := policy.Accept(request(t, "+Origin: "+test.origin))
		if ok := err == nil; ok != test.ok {
			t.Errorf("Origin %q: accepted is %v", test.origin, ok)
		}
	}
	if _, err := policy.Accept(request(t)); err != nil {
		t.Errorf("without an Origin: %v", err)
	}
	_, err := policy.Accept(request(t, "+Origin: https://example.com", "+Origin: null"))
	if err == nil || err.Status != 403 || err.Reason != ReasonOrigin {
		t.Errorf("two Origins: %v", err)
	}
	_, err = policy.Accept(request(t, "+Origin: https://evil.example"))
	for _, want := range []string{`"https://evil.example"`, `Host is "x"`, "https://example.com, https://*.example.org"} {
		if !strings.Contains(err.Text, want) {
			t.Errorf("the text %q lacks %s", err.Text, want)
		}
	}
}

// TestLongListsOfOrigins: a refusal must fit into a buffer, however many origins are accepted.
func TestLongListsOfOrigins(t *testing.T) {
	var policy Policy
	for i := range 3000 {
		policy.Origins = append(policy.Origins, fmt.Sprintf("https://customer-%04d.example.com", i))
	}
	for n, want := range map[int]string{maxListed: "https://customer-0031.example.com", maxListed + 1: "https://customer-0031.example.com and 1 more", 3000: " and 2968 more"} {
		_, err := (&Policy{Origins: policy.Origins[:n]}).Accept(request(t, "+Origin: null"))
		if err == nil || !strings.HasSuffix(err.Text, want) || len(err.Text) > 2000 {
			t.Errorf("%d origins: %v", n, err)
		}
	}
}
