package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
)

// TestProbeExports: -metrics serves while -watch watches.
func TestProbeExports(t *testing.T) {
	p := startProgram(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, errs := &logBuffer{lines: make(chan string, 100)}, &logBuffer{lines: make(chan string, 100)}
	exit := make(chan int)
	go func() {
		exit <- run(ctx, []string{"probe", "-watch", "-metrics", "127.0.0.1:0", "ws://" + p.addr + "/?token=x"}, os.Getenv, out, errs)
	}()
	<-out.lines // connected
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(strings.TrimPrefix(<-errs.lines, "metrics are at "))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || !strings.Contains(string(body), `echosvc_probe_up{target="ws://`+p.addr+`/"} 1`) {
		t.Errorf("the metrics are %s, %v", body, err)
	}
	cancel()
	if status := <-exit; status != exitOK {
		t.Errorf("exit status %d", status)
	}
}

// TestProbeExportsNowhere: the address is in use.
func TestProbeExportsNowhere(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	status, stdout, stderr := runOnce(t, "probe", "-watch", "-metrics", ln.Addr().String(), "ws://127.0.0.1:9/")
	if status != exitFailed || stdout != "" || !strings.HasPrefix(stderr, "echosvc: cannot serve -metrics 127.0.0.1:") {
		t.Errorf("status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
}
