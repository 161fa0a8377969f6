package service

import (
	"net/url"
	"strings"
	"testing"
)

// TestListQuery: what is allowed, and the link to the same list.
func TestListQuery(t *testing.T) {
	for _, test := range []struct{ query, err, link string }{
		{"", "", ""},
		{"limit=1000&offset=0&sort=id&client=&path=&state=&code=&closed=0&after=", "", ""},
		{"limit=1&offset=20&sort=-bytes&state=open&path=/a*", "", "limit=1&offset=20&path=%2Fa%2A&sort=-bytes&state=open"},
		{"closed=1", "", "closed=1"},
		{"closed=1&sort=-ended", "", "closed=1"},
		{"closed=1&sort=id&code=1006", "", "closed=1&code=1006&sort=id"},
		{"client=10.0.0.0/8", "", "client=10.0.0.0%2F8"},
		{"client=2001:db8::1", "", "client=2001%3Adb8%3A%3A1"},
		{"client=[2001:db8::1]:80&after=7", "", "after=7&client=%5B2001%3Adb8%3A%3A1%5D%3A80"},
		{"client=unix", "", "client=unix"},
		{"limit=0", "limit must be a whole number from 1 to 10000", ""},
		{"limit=10001", "limit must be a whole number from 1 to 10000", ""},
		{"limit=x", "limit must be", ""},
		{"offset=-1", "offset must be a whole number from 0", ""},
		{"after=-1", "after must be an ID", ""},
		{"after=18446744073709551616", "after must be an ID", ""},
		{"code=999&closed=1", "code must be a whole number from 1000 to 4999", ""},
		{"code=1000", "add closed=1", ""},
		{"sort=duration", "add closed=1", ""},
		{"sort=size", "sort must be one of bytes, duration, ended, held, id, last_activity, messages, rtt, since", ""},
		{"state=ended", "state must be one of open, closing, closed", ""},
		{"state=open&closed=1", "leave out closed=1", ""},
		{"closed=true", "closed must be 1", ""},
		{"client=localhost", "client must be an IP address", ""},
		{"client=10.0.0.0/33", "client must be an IP address", ""},
		{"order=", `"order" is not a parameter of /connections; allowed are after, client,`, ""},
		{"limit=5&limit=6", `"limit" is given 2 times`, ""},
		{"closed=1&closed=0", `"closed" is given 2 times`, ""},
		{"order=id", `"order" is not a parameter of /connections`, ""},
	} {
		values, err := url.ParseQuery(test.query)
		if err != nil {
			t.Fatal(err)
		}
		q, err := parseListQuery(values)
		switch {
		case test.err != "":
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: got %v, want %s", test.query, err, test.err)
			}
		case err != nil:
			t.Errorf("%s: %v", test.query, err)
		default:
			if got := q.values().Encode(); got != test.link {
				t.Errorf("%s becomes %s, want %s", test.query, got, test.link)
			}
		}
	}
}
