package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"
)

// The probe finds no fault in the service.
func TestProbeFindsNoFault(t *testing.T) {
	for _, driver := range []string{"auto", "portable"} {
		t.Run(driver, func(t *testing.T) {
			p := startProgram(t, "DRIVER="+driver)
			status, stdout, stderr := runOnce(t, "probe", "-json", "-H", "X-Probe: 1", "ws://"+p.addr+"/any/path")
			var got struct {
				OK     bool
				Checks []struct{ Name, Verdict, Detail string }
			}
			if err := json.Unmarshal([]byte(stdout), &got); err != nil || status != exitOK || !got.OK || stderr != "" {
				t.Errorf("status %d, %v, stderr %q", status, err, stderr)
			}
			if len(got.Checks) < 30 {
				t.Errorf("%d checks", len(got.Checks))
			}
			for _, check := range got.Checks {
				// A machine that stands still for seconds is slow.
				slow := check.Verdict == "note" && strings.HasPrefix(check.Detail, "echoed unchanged, but slow: ")
				if check.Verdict != "ok" && !slow && check.Name != "close from the server" {
					t.Errorf("%s: %s, %s", check.Name, check.Verdict, check.Detail)
				}
			}
		})
	}
}

// The probe does what its flags ask for.
func TestProbeModes(t *testing.T) {
	p := startProgram(t)
	url := "ws://" + p.addr + "/"
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{url}, "ok      close 4001 "},
		{[]string{url, "-n", "100", "-conns", "2"}, "100 messages of 64 bytes on 2 connections in "},
		{[]string{"-idle", "1s", url}, "none up to 1s"},
	} {
		status, stdout, stderr := runOnce(t, append([]string{"probe"}, test.args...)...)
		if status != exitOK || !strings.Contains(stdout, test.want) || stderr != "" {
			t.Errorf("%v: status %d, stdout %q, stderr %q", test.args, status, stdout, stderr)
		}
	}
}

// -watch runs until it is interrupted.
func TestProbeWatches(t *testing.T) {
	p := startProgram(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &logBuffer{lines: make(chan string, 100)}
	exit := make(chan int)
	go func() {
		exit <- run(ctx, []string{"probe", "-watch", "-json", "ws://" + p.addr + "/"}, os.Getenv, out, io.Discard)
	}()
	for _, want := range []string{"connected", "end"} {
		var event struct{ Event string }
		if line := <-out.lines; json.Unmarshal([]byte(line), &event) != nil || event.Event != want {
			t.Errorf("printed %s, want %s", line, want)
		}
		cancel()
	}
	if status := <-exit; status != exitOK {
		t.Errorf("exit status %d", status)
	}
}

func TestProbeErrors(t *testing.T) {
	const url = "ws://127.0.0.1:9/"
	for _, test := range []struct {
		args           []string
		status         int
		stdout, stderr string
	}{
		{[]string{"-h"}, 0, "-origin", ""},
		{nil, 2, "", "no URL"},
		{[]string{"ftp://localhost/"}, 2, "", "must be like ws://"},
		{[]string{"-wait", "0", url}, 2, "", "-wait 0s must be more than 0"},
		{[]string{"-wait", "1s", "-watch", url}, 2, "", "use only one of -wait and -watch"},
		{[]string{"-wait", "1ns", url}, 1, "FAILED  wait ", ""},
		{[]string{url, "ws://other/"}, 2, "", "want one URL"},
		{[]string{"-dance", url}, 2, "", "-dance"},
		{[]string{"-watch", "-n", "3", url}, 2, "", "use only one of"},
		{[]string{"-for", "3s", url}, 2, "", "-for needs -watch"},
		{[]string{"-metrics", ":0", url}, 2, "", "-metrics needs -watch"},
		{[]string{"-watch", "-metrics=", url}, 2, "", `-metrics "" is not an address to listen on`},
		{[]string{"-watch", "-metrics", "9090", url}, 2, "", "it must be like :9090"},
		{[]string{"-watch", "-metrics", "localhost:", url}, 2, "", "it must be like :9090"},
		{[]string{"-watch", "-metrics", ":99999", url}, 2, "", "it must be like :9090"},
		{[]string{"-watch", "-for", "0", url}, 2, "", "-for 0s must be more than 0"},
		{[]string{"-idle", "0", url}, 2, "", "-idle 0s must be from 1s to 24h"},
		{[]string{"-timeout", "-1s", url}, 2, "", "-timeout -1s must be more than 0"},
		{[]string{"-conns", "0", url}, 2, "", "-conns 0 must be from 1 to 1000"},
		{[]string{"-H", "Upgrade: x", url}, 2, "", "set by the handshake itself"},
		{[]string{"-cafile", "/nonexistent/ca.pem", url}, 2, "", "/nonexistent/ca.pem"},
		{[]string{"-cafile", "a", "-insecure", url}, 2, "", "use only one of"},
		{[]string{url}, 1, "FAILED  handshake", ""}, // port 9, discard: nothing listens
	} {
		status, stdout, stderr := runOnce(t, append([]string{"probe"}, test.args...)...)
		if status != test.status || !strings.Contains(stdout, test.stdout) || !strings.Contains(stderr, test.stderr) || (status == 2) != (strings.Count(stderr, "\n") == 1) {
			t.Errorf("%v: status %d, stdout %q, stderr %q", test.args, status, stdout, stderr)
		}
	}
}
