package clientaddr

import (
	"testing"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// FuzzScan: the result does not depend on how the bytes are cut, and a header is never longer
// than what has arrived.
func FuzzScan(f *testing.F) {
	for _, in := range []string{"", "GET /", "PROXY TCP4 192.0.2.7 10.0.0.1 56324 443\r\nGET", "PROXY UNKNOWN\r\n", v2TCP4 + "GET", v2TCP6, v2TLV, v2Local, v2Unix} {
		for protocol := range Require + 1 {
			f.Add(in, uint8(protocol))
		}
	}
	f.Fuzz(func(t *testing.T, in string, protocol uint8) {
		r := trusting(t, Protocol(protocol)%(Require+1))
		want, wantMore, wantRefusal := r.Scan(proxy, []byte(in))
		if want.Length > len(in) || want.Length > maxV2 || want.Length > 0 && (wantMore || wantRefusal != nil) {
			t.Fatalf("%q is %v, %v, %v", in, want, wantMore, wantRefusal)
		}
		for n := range len(in) + 1 {
			got, more, refusal := r.Scan(proxy, []byte(in[:n]))
			if more {
				continue
			}
			if wantMore || got != want || (refusal != nil) != (wantRefusal != nil) {
				t.Fatalf("%d bytes of %q are %v, %v; all are %v, %v", n, in, got, refusal, want, wantRefusal)
			}
			return
		}
		if !wantMore {
			t.Fatalf("%q is decided only as a whole", in)
		}
	})
}

// FuzzClient: what a client sends never panics, and an address that is not trusted sets no client.
func FuzzClient(f *testing.F) {
	f.Add("X-Forwarded-For", "192.0.2.7, 10.0.0.9")
	f.Add("Forwarded", `for="[2001:db8::7]:4711";host="a\",b", for=10.0.0.9`)
	f.Add("X-Real-IP", "192.0.2.7")
	f.Fuzz(func(t *testing.T, name, value string) {
		request := wsproto.Request{Fields: []wsproto.Field{{Name: name, Value: value}}}
		r := trusting(t, Off)
		if got := r.Client(stranger, "", &request); got != "" {
			t.Fatalf("an address that is not trusted sets the client %s", got)
		}
		if got := r.Client(proxy, "", &request); got != "" {
			if _, err := ParseNetwork(got); err != nil {
				t.Fatalf("the client is %q: %v", got, err)
			}
		}
	})
}
