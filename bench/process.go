package main

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/echosvc/echosvc/bench/internal/load"
	"github.com/echosvc/echosvc/internal/wstest"
)

// startTimeout is how long a server may take to accept connections.
const startTimeout = 10 * time.Second

// A process is a running server.
type process struct {
	command *exec.Cmd
	addr    netip.AddrPort
	metrics netip.AddrPort // valid if the server is to be scraped
	log     string         // file with its output
	exited  chan struct{}
}

// start runs the server for a load, on its core or cores, with none of this process's environment, and waits
// until it accepts connections. The calling thread, which is the load's, is pinned to the load's
// core afterwards.
func (s server) start(l *load.Load, dir string, cores cores) (*process, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	p := &process{addr: addr, log: filepath.Join(dir, s.name+".log"), exited: make(chan struct{})}
	if s.scraped {
		if p.metrics, err = freeAddr(); err != nil {
			return nil, err
		}
	}
	log, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	args, env := s.command(launch{addr: addr, metrics: p.metrics, load: l, dir: dir})
	p.command = exec.Command(s.program, args...)
	p.command.Env = append([]string{}, env...) // nil would inherit this process's
	p.command.Stdout, p.command.Stderr = log, log
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	// A process inherits the cores of the thread that starts it.
	if s.spread {
		err = pin(cores.server, cores.load)
	} else {
		err = pin(cores.server)
	}
	if err != nil {
		return nil, err
	}
	err = p.command.Start()
	if err := pin(cores.load); err != nil {
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	go func() {
		p.command.Wait()
		close(p.exited)
	}()
	if err := p.ready(); err != nil {
		p.kill()
		return nil, fmt.Errorf("%s: %w\n%s", s.title, err, p.output())
	}
	return p, nil
}

// freeAddr returns an address that nothing listens on.
func freeAddr() (netip.AddrPort, error) {
	port, err := wstest.FreePort("127.0.0.1")
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port)), err
}

// ready waits until the server accepts connections.
func (p *process) ready() error {
	for began := time.Now(); ; {
		conn, err := net.Dial("tcp", p.addr.String())
		if err == nil {
			return conn.Close()
		}
		if time.Since(began) > startTimeout {
			return fmt.Errorf("not listening after %v: %w", startTimeout, err)
		}
		select {
		case <-p.exited:
			return fmt.Errorf("exited at start: %v", p.command.ProcessState)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// kill kills the server. Its shutdown is not measured.
func (p *process) kill() {
	p.command.Process.Kill()
	<-p.exited
}

// output returns what the server has printed.
func (p *process) output() []byte {
	output, err := os.ReadFile(p.log)
	if err != nil {
		return []byte(err.Error())
	}
	return output
}

// cpu returns the user and system time of all threads of the server so far, in nanoseconds. The
// times in /proc/PID/stat have a resolution of 10 ms.
func (p *process) cpu() (time.Duration, error) {
	// The process's CPU clock ID, as clock_getcpuclockid(3) computes it. CPUCLOCK_SCHED is 2.
	clock := ^p.command.Process.Pid<<3 | 2
	var t unix.Timespec
	if err := unix.ClockGettime(int32(clock), &t); err != nil {
		return 0, fmt.Errorf("reading the CPU clock of process %d: %w", p.command.Process.Pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// resident returns the server's resident memory in bytes. It is read from smaps_rollup, because
// VmRSS in /proc/PID/status may be off by some hundred KiB.
func (p *process) resident() (int, error) {
	path := fmt.Sprintf("/proc/%d/smaps_rollup", p.command.Process.Pid)
	rollup, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return parseRollup(rollup)
}

func parseRollup(rollup []byte) (int, error) {
	for line := range bytes.Lines(rollup) {
		if fields := bytes.Fields(line); len(fields) == 3 && string(fields[0]) == "Rss:" {
			kilobytes, err := strconv.Atoi(string(fields[1]))
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("no Rss in %q", rollup)
}
