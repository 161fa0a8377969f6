package e2e

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// HAProxy's default check is "OPTIONS / HTTP/1.0" without a Host. It passes on both ports.
func TestDefaultCheckOfHAProxy(t *testing.T) {
	p := startBinary(t)
	stats := fmt.Sprintf("127.0.0.1:%d", freePort(t, "127.0.0.1"))
	startProxy(t, "haproxy", fmt.Sprintf(`global
  maxconn 100
defaults
  mode http
  timeout connect 5s
  timeout check 5s
  timeout client 5s
  timeout server 5s
frontend stats
  bind %s
  stats enable
  stats uri /
backend echosvc
  option httpchk
  default-server inter 100ms fall 1 rise 1
  server ws 127.0.0.1:%d check
  server health 127.0.0.1:%d check
`, stats, p.ports["ws"], p.ports["health"]), "-db", "-f")
	eventually(t, "both checks pass", func() bool {
		checks := haproxyChecks(t, "http://"+stats+"/;csv")
		return checks["ws"] == "L7OK 200" && checks["health"] == "L7OK 204"
	})
}

// haproxyChecks returns the result of the last check of each server.
func haproxyChecks(t *testing.T, url string) map[string]string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		return nil // it is starting
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(page), "# "))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	checks := map[string]string{}
	for _, row := range rows[1:] {
		server := map[string]string{}
		for i, name := range rows[0] {
			server[name] = row[i]
		}
		checks[server["svname"]] = server["check_status"] + " " + server["check_code"]
	}
	return checks
}
