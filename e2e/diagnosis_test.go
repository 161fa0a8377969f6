package e2e

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/wstest"
)

// A misconfiguration is a proxy that breaks WebSockets in one way, and the probe's diagnosis.
type misconfiguration struct {
	name   string
	config string   // ADDR is where to listen; WS, TLSSERVER, REQUIRING, HEALTH, DEAD, SILENT and ENDING are backends
	args   []string // of the probe, besides the URL
	scheme string   // of the URL; ws if it is empty
	status int      // exit status
	id     string   // of the only diagnosis; "" for none
	cause  string   // part of the diagnosis
	fix    string   // likewise
}

// diagnosed runs the probe through each proxy and compares its diagnosis, also with the column of
// the table in docs/proxies.md. addrs are where the proxies listen.
func diagnosed(t *testing.T, table []misconfiguration, addrs []string, column int) {
	t.Helper()
	documented := map[string]string{}
	for _, row := range sectionRows(t, "docs/proxies.md", "Diagnoses of wrong configurations") {
		documented[row[0]] = row[column]
	}
	for i, m := range table {
		want := fmt.Sprintf("`%s`, %d", m.id, m.status)
		if m.id == "" {
			want = fmt.Sprintf("nothing, %d", m.status)
		}
		if documented[m.name] != want {
			t.Errorf("docs/proxies.md has %q for %s, want %q", documented[m.name], m.name, want)
		}
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			scheme := m.scheme
			if scheme == "" {
				scheme = "ws"
			}
			retried(t, func() (problems []string) {
				result := runProbe(t, append(slices.Clone(m.args), "-timeout", "5s", scheme+"://"+addrs[i]+"/path?room=1")...)
				var lines []string
				for _, d := range result.Diagnoses {
					lines = append(lines, d.ID+": "+d.Cause+"; fix: "+d.Fix)
				}
				got := strings.Join(lines, "\n")
				switch {
				case result.status != m.status, m.id == "" && got != "", m.id != "" && len(lines) != 1,
					m.id != "" && (result.Diagnoses[0].ID != m.id || !strings.Contains(result.Diagnoses[0].Cause, m.cause) || !strings.Contains(result.Diagnoses[0].Fix, m.fix)):
					problems = append(problems, fmt.Sprintf("exit status %d, %s\nwant %d, %s: %s; fix: %s\n%s", result.status, got, m.status, m.id, m.cause, m.fix, result.failures()))
				}
				t.Logf("| %s | %s | %d |", m.name, got, result.status)
				return problems
			})
		})
	}
}

// failures lists the checks that are not ok.
func (p *probed) failures() string {
	var b strings.Builder
	for _, c := range p.Checks {
		if c.Verdict != "ok" {
			fmt.Fprintf(&b, "%s %s: %s\n", c.Verdict, c.Name, c.Detail)
		}
	}
	return b.String()
}

// misconfigured fills in the addresses in each configuration of a table, and returns the
// configurations and where each listens.
func misconfigured(t *testing.T, table []misconfiguration) (configs, addrs []string) {
	t.Helper()
	p := startBinary(t, "PING_INTERVAL=0")
	cert, key := wstest.WriteCertificate(t, t.TempDir(), "localhost")
	secure := startBinary(t, "TLS_CERT_FILE="+cert, "TLS_KEY_FILE="+key)
	pemFile := filepath.Join(t.TempDir(), "both.pem")
	passwords := filepath.Join(t.TempDir(), "passwords")
	site := t.TempDir()
	for file, text := range map[string]string{
		pemFile: readFile(t, cert) + readFile(t, key), passwords: "user:{PLAIN}secret\n",
		filepath.Join(site, "index.html"): "<!doctype html><title>My application</title>", filepath.Join(site, "sorry.html"): "<!doctype html><title>Sorry</title>",
	} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	requiring := startBinary(t, "PROXY_PROTOCOL=require", "TRUSTED_PROXIES=127.0.0.0/8")
	replacer := []string{
		"REQUIRING", fmt.Sprintf("127.0.0.1:%d", requiring.ports["ws"]),
		"TLSSERVER", fmt.Sprintf("127.0.0.1:%d", secure.ports["ws"]),
		"WS", fmt.Sprintf("127.0.0.1:%d", p.ports["ws"]), "HEALTH", fmt.Sprintf("127.0.0.1:%d", p.ports["health"]),
		"DEAD", fmt.Sprintf("127.0.0.1:%d", freePort(t, "127.0.0.1")), "SILENT", listener(t, false), "ENDING", listener(t, true),
		"CERT", cert, "KEY", key, "PEM", pemFile, "PASSWORDS", passwords, "SITE", site,
	}
	for i, m := range table {
		host := fmt.Sprintf("127.0.2.%d", 1+i) // each its own, so that no two get the same port
		addr := fmt.Sprintf("%s:%d", host, freePort(t, host))
		addrs = append(addrs, addr)
		configs = append(configs, strings.NewReplacer(append(slices.Clone(replacer), "ADDR", addr)...).Replace(m.config))
	}
	return configs, addrs
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// listener returns the address of a server that answers nothing, and either keeps its connections
// or ends each after the first bytes.
func listener(t *testing.T, ends bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if ends {
					c.Read(make([]byte, 1<<10))
					return
				}
				io.Copy(io.Discard, c)
			}()
		}
	}()
	return l.Addr().String()
}

// awaitListening waits until each address accepts connections.
func awaitListening(t *testing.T, addrs []string) {
	t.Helper()
	for _, addr := range addrs {
		eventually(t, addr+" accepts connections", func() bool {
			c, err := net.DialTimeout("tcp", addr, time.Second)
			if err == nil {
				c.Close()
			}
			return err == nil
		})
	}
}
