package service

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// TestForeignPage: browsers send Origin with POST and DELETE, and Sec-Fetch-Site only over TLS
// and to localhost (W3C Fetch Metadata section 2.3). Other clients send neither.
func TestForeignPage(t *testing.T) {
	const other, name = "another origin", "the owner of a name can point it at this server"
	for _, test := range []struct {
		host, origin, site string
		want               string // in the answer; "" if the request may act
	}{
		// curl, kubectl port-forward, a script
		{"localhost:8081", "", "", ""},
		{"10.1.2.3:8081", "", "", ""},
		{"echosvc-0.echosvc.team-a.svc.cluster.local:8081", "", "", ""},
		{"", "", "", ""}, // HTTP/1.0
		// the page of HEALTH_PORT itself
		{"localhost:8081", "http://localhost:8081", "same-origin", ""},
		{"localhost:8081", "http://localhost:8081", "", ""},
		{"LocalHost", "http://LocalHost", "", ""},
		{"echo.localhost:8081", "http://echo.localhost:8081", "", ""},
		{"10.1.2.3:8081", "http://10.1.2.3:8081", "", ""},
		{"10.1.2.3", "http://10.1.2.3", "", ""},
		{"[::1]:8081", "http://[::1]:8081", "", ""},
		{"[fd00::1]", "http://[fd00::1]", "", ""},
		{"ops.example", "https://ops.example", "same-origin", ""}, // behind a proxy with TLS
		// a page of a name that leads here
		{"attacker.example:8081", "http://attacker.example:8081", "", name},
		{"attacker.example", "http://attacker.example", "", name},
		{"localhost.attacker.example:8081", "http://localhost.attacker.example:8081", "", name},
		{"10.1.2.3.attacker.example:8081", "http://10.1.2.3.attacker.example:8081", "", name},
		{"notlocalhost:8081", "http://notlocalhost:8081", "", name},
		{"0x7f.1:8081", "http://0x7f.1:8081", "", name},
		// the page of another origin
		{"localhost:8081", "http://attacker.example", "", other},
		{"localhost:8081", "http://localhost:8080", "same-site", other},
		{"localhost:8081", "http://localhost:8080", "", other},
		{"10.1.2.3:8081", "null", "", other},
		{"ops.example", "https://attacker.example", "cross-site", other},
	} {
		for _, method := range []string{"POST", "DELETE"} {
			r := httptest.NewRequest(method, "/drain", nil)
			r.Host = test.host
			for field, value := range map[string]string{"Origin": test.origin, "Sec-Fetch-Site": test.site} {
				if value != "" {
					r.Header.Set(field, value)
				}
			}
			if got := foreignPage(r); !strings.Contains(got, test.want) || (got == "") != (test.want == "") {
				t.Errorf("%s with %+v: %q", method, test, got)
			}
		}
	}
}
