package service

import (
	"io"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/wstest"
)

// probe sends a request without header fields but Host, and returns the status, Allow and the
// body.
func probe(t *testing.T, addr, method, target string) (status int, allow, body string) {
	t.Helper()
	c := wstest.Connect(t, addr)
	defer c.Close() // before the next one, since some systems allow few files
	c.Send([]byte(method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
	all, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	head, body, _ := strings.Cut(string(all), "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	for _, line := range lines {
		if value, ok := strings.CutPrefix(line, "Allow: "); ok {
			allow = value
		}
	}
	if !strings.Contains(head, "\r\nDate: ") {
		t.Errorf("%s %s is answered without Date: %s", method, target, head)
	}
	switch {
	case strings.HasPrefix(lines[0], "HTTP/1.1 200 "):
		status = 200
	case strings.HasPrefix(lines[0], "HTTP/1.1 503 "):
		status = 503
	default:
		t.Errorf("%s %s is answered with %s", method, target, head)
	}
	return status, allow, body
}

// TestHealthForEveryMethod, on both ports, with and without a slash at the end, before the
// drain and during it.
func TestHealthForEveryMethod(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		dialMany(t, r.addr, 1) // it does not answer the close frame, so that the drain goes on
		for _, draining := range []bool{false, true} {
			if draining {
				r.terminate()
			}
			for _, addr := range []string{r.addr, r.health} {
				for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "head", "Options"} {
					for target, want := range map[string]string{
						"/healthz": "ok\n", "/healthz/": "ok\n", "/healthz?status=500&drop=1": "ok\n",
						"/readyz": "ok\n", "/readyz/": "ok\n", "/readyz?a=b": "ok\n",
					} {
						wantStatus := 200
						if draining && strings.HasPrefix(target, "/readyz") {
							wantStatus, want = 503, "draining\n"
						}
						if method == "HEAD" {
							want = ""
						}
						if status, allow, body := probe(t, addr, method, target); status != wantStatus || body != want || method == "OPTIONS" && allow == "" {
							t.Errorf("draining %v: %s %s is answered with %d, Allow %q, %q", draining, method, target, status, allow, body)
						}
					}
				}
			}
		}
		log := r.log.String()
		if strings.Contains(log, `"level":"INFO","msg":"http request"`) {
			t.Error("probes are logged at info")
		}
		if !strings.Contains(log, `"method":"PROPFIND","path":"/healthz"`) || strings.Contains(log, "drop=1") {
			t.Error("probes are not logged by their path, or with their query")
		}
	})
}

// TestHealthChecksOnPortAreCounted once, as other plain requests are.
func TestHealthChecksOnPortAreCounted(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		const series = `http_requests_total{code="2xx"}`
		before := gather(t, r.metrics)[series]
		probe(t, r.addr, "POST", "/healthz")
		if after := gather(t, r.metrics)[series]; after != before+1 {
			t.Errorf("%s is %v, before %v", series, after, before)
		}
	})
}
