//go:build linux

package main

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/echosvc/echosvc/internal/wstest"
)

// A driver is a way of serving sockets.
type driver struct {
	name string
	env  []string
	tls  bool
}

var drivers = []driver{
	{name: "loop", env: []string{"DRIVER=loop"}},
	{name: "portable", env: []string{"DRIVER=portable"}},
	{name: "wss", env: []string{"DRIVER=auto"}, tls: true},
}

// startTimeout is for the server to serve, and stopTimeout for the drain.
const (
	startTimeout = 20 * time.Second
	stopTimeout  = 20 * time.Second
)

// A server is a running echosvc.
type server struct {
	target
	command *exec.Cmd
	group   *cgroup
	ended   chan struct{} // closed after the process has ended; then err tells how
	err     error
	log     *complaints
	killed  atomic.Pointer[string] // why this program killed it
}

// A launch is how a server is started.
type launch struct {
	binary string
	driver driver
	env    []string // beside the driver's
	files  int      // RLIMIT_NOFILE; 0 leaves it as it is
	memory int64    // limit in bytes; 0 is none
	kill   int64    // bytes past which the process is killed
	cert   *wstest.Certificate
}

// start runs the binary and returns when it serves.
func (l launch) start() (*server, error) {
	health, err := wstest.FreePort("127.0.0.1") // 0 would switch it off
	if err != nil {
		return nil, err
	}
	s := &server{ended: make(chan struct{}), log: new(complaints)}

	// The shell sets what the process starts with, and becomes the process.
	script := "set -e\n"
	if l.files > 0 {
		script += "ulimit -n " + strconv.Itoa(l.files) + "\n"
	}
	limit := l.kill
	if l.memory > 0 {
		limit = l.memory
	}
	if s.group, err = newCgroup(limit); err == nil {
		script += "echo $$ >" + s.group.procs() + "\n"
	}
	s.command = exec.Command("/bin/sh", "-c", script+`exec "$0"`, l.binary)
	s.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	s.command.Env = append([]string{
		"HOST=127.0.0.1", "PORT=0", "HEALTH_PORT=" + strconv.Itoa(health), "LOG_FORMAT=json",
		"DRAIN_SPREAD=200ms", "PPROF=true",
	}, l.driver.env...)
	if l.memory > 0 {
		s.command.Env = append(s.command.Env, "MEMORY_LIMIT="+formatSize(l.memory))
	}
	if l.driver.tls {
		s.command.Env = append(s.command.Env, "TLS_CERT_FILE="+l.cert.CertFile, "TLS_KEY_FILE="+l.cert.KeyFile)
		s.tls = &tls.Config{RootCAs: l.cert.Roots, ServerName: "localhost"}
	}
	s.command.Env = append(s.command.Env, l.env...)
	stderr, err := s.command.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := s.command.Start(); err != nil {
		return nil, errors.Join(err, s.group.remove())
	}
	serving := make(chan string, 1)
	go func() {
		s.log.read(stderr, serving)
		s.err = s.command.Wait()
		close(s.ended)
	}()
	select {
	case s.addr = <-serving:
		s.health = net.JoinHostPort("127.0.0.1", strconv.Itoa(health))
		return s, nil
	case <-s.ended:
		return nil, errors.Join(fmt.Errorf("the server ended before it served: %w\n%s", s.err, s.log), s.group.remove())
	case <-time.After(startTimeout):
		s.kill("it did not serve")
		return nil, errors.Join(fmt.Errorf("the server did not serve within %v\n%s", startTimeout, s.log), s.group.remove())
	}
}

func (s *server) pid() int { return s.command.Process.Pid }

// kill ends the process. The first reason is kept.
func (s *server) kill(reason string) {
	if s.killed.CompareAndSwap(nil, &reason) {
		s.command.Process.Kill()
	}
}

// alive reports whether the process runs.
func (s *server) alive() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// wait waits for the end of the process after SIGTERM, and kills it after stopTimeout. The
// error says how it ended if not with exit status 0.
func (s *server) wait() error {
	select {
	case <-s.ended:
	case <-time.After(stopTimeout):
		s.kill(fmt.Sprintf("it did not end within %v after SIGTERM", stopTimeout))
		<-s.ended
	}
	if err := s.group.remove(); err != nil {
		return err
	}
	if reason := s.killed.Load(); reason != nil {
		return fmt.Errorf("killed: %s", *reason)
	}
	if s.err != nil && strings.Contains(s.err.Error(), "signal: killed") {
		return errors.New("killed by the kernel: out of memory")
	}
	if s.err != nil {
		return fmt.Errorf("the server ended with %w: %s", s.err, s.log.first())
	}
	return nil
}

// complaints keeps the first lines of a log that are not JSON: a panic, or an error of
// the start.
type complaints struct {
	mu    sync.Mutex
	lines []string
}

const maxComplaints = 200

// read reads the log to its end, and sends the address in the line "serving".
func (c *complaints) read(r io.Reader, serving chan<- string) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		text := lines.Text()
		var line struct{ Msg, Addr string }
		switch {
		case serving != nil && json.Unmarshal([]byte(text), &line) == nil && line.Msg == "serving":
			serving <- line.Addr
			serving = nil
		case !strings.HasPrefix(text, "{"):
			c.add(text)
		}
	}
	io.Copy(io.Discard, r) // after a line that is too long
}

func (c *complaints) add(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.lines) < maxComplaints {
		c.lines = append(c.lines, line)
	}
}

// String returns all lines that were kept.
func (c *complaints) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.lines, "\n")
}

// first returns the first of them.
func (c *complaints) first() string {
	first, _, _ := strings.Cut(c.String(), "\n")
	return first
}
