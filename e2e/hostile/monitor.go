//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A usage is what a server takes at a moment.
type usage struct {
	resident    int64 // VmRSS
	sockets     int64 // memory of its sockets in the kernel
	files       int   // open file descriptors
	cpu         time.Duration
	connections int   // echosvc_websocket_connections
	goroutines  int   // go_goroutines
	heap        int64 // go_memory_classes_heap_objects_bytes and go_memory_classes_heap_unused_bytes
	at          time.Time
}

// total is the memory that counts in a container.
func (u usage) total() int64 { return u.resident + u.sockets }

// A monitor samples a server until it ends, and kills it past a limit.
type monitor struct {
	server *server
	limit  int64 // in bytes
	port   uint16
	client http.Client

	mu   sync.Mutex
	peak usage // of resident, sockets and files each by itself, and of their sum
	sum  int64
	err  error // the first sample that failed
}

const sampleInterval = 100 * time.Millisecond

func newMonitor(s *server, limit int64) (*monitor, error) {
	port, err := strconv.ParseUint(s.addr[strings.LastIndexByte(s.addr, ':')+1:], 10, 16)
	if err != nil {
		return nil, err
	}
	m := &monitor{server: s, limit: limit, port: uint16(port), client: http.Client{Timeout: 10 * time.Second}}
	go m.run()
	return m, nil
}

func (m *monitor) run() {
	for {
		select {
		case <-m.server.ended:
			return
		case <-time.After(sampleInterval):
		}
		u, err := m.sample()
		m.mu.Lock()
		if err != nil {
			if m.err == nil && m.server.alive() {
				m.err = err
			}
			m.mu.Unlock()
			continue
		}
		m.peak.resident = max(m.peak.resident, u.resident)
		m.peak.sockets = max(m.peak.sockets, u.sockets)
		m.peak.files = max(m.peak.files, u.files)
		m.sum = max(m.sum, u.total())
		m.mu.Unlock()
		if u.total() > m.limit {
			m.server.kill("it took more than " + formatSize(m.limit))
		}
	}
}

// sample looks at the process from outside.
func (m *monitor) sample() (u usage, err error) {
	proc := "/proc/" + strconv.Itoa(m.server.pid())
	status, err := os.ReadFile(proc + "/status")
	if err != nil {
		return u, err
	}
	u.at = time.Now()
	u.resident = statusBytes(status, "VmRSS:")
	m.mu.Lock()
	m.peak.resident = max(m.peak.resident, statusBytes(status, "VmHWM:"))
	m.mu.Unlock()
	if u.cpu, err = cpuTime(proc + "/stat"); err != nil {
		return u, err
	}
	dir, err := os.Open(proc + "/fd")
	if err != nil {
		return u, err
	}
	names, err := dir.Readdirnames(-1)
	dir.Close()
	if err != nil {
		return u, err
	}
	u.files = len(names)
	_, u.sockets, err = socketMemory(m.port)
	return u, err
}

// inspect samples the process and its metrics. With gc, it makes the process collect garbage
// first, if PPROF allows that; collected reports whether it did.
func (m *monitor) inspect(ctx context.Context, gc bool) (u usage, collected bool, err error) {
	if gc {
		_, err := m.get(ctx, "/debug/pprof/heap?gc=1")
		collected = err == nil
	}
	metrics, err := m.get(ctx, "/metrics")
	if err != nil {
		return u, collected, err
	}
	if u, err = m.sample(); err != nil {
		return u, collected, err
	}
	u.connections = int(metric(metrics, "echosvc_websocket_connections"))
	u.goroutines = int(metric(metrics, "go_goroutines"))
	u.heap = int64(metric(metrics, "go_memory_classes_heap_objects_bytes") + metric(metrics, "go_memory_classes_heap_unused_bytes"))
	return u, collected, nil
}

// get fetches a page of HEALTH_PORT.
func (m *monitor) get(ctx context.Context, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+m.server.health+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := m.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, response.Status)
	}
	var body bytes.Buffer
	_, err = body.ReadFrom(response.Body)
	return body.Bytes(), err
}

// peaks returns the largest values of each figure, and of the sum.
func (m *monitor) peaks() (peak usage, sum int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.peak, m.sum, m.err
}

// statusBytes returns a field of /proc/PID/status that has the unit kB.
func statusBytes(status []byte, field string) int64 {
	_, rest, _ := bytes.Cut(status, []byte("\n"+field))
	text, _, _ := bytes.Cut(rest, []byte(" kB"))
	n, _ := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	return n << 10
}

// cpuTime returns the user and system time of a process, from /proc/PID/stat.
func cpuTime(path string) (time.Duration, error) {
	stat, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	// The name of the program may have spaces; it is in parentheses. utime and stime are
	// the fields 14 and 15, and the first after the name is number 3. A tick is 10 ms.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("%s: %q", path, stat)
	}
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}

// metric returns a sample without labels in Prometheus' text format, or 0.
func metric(text []byte, name string) float64 {
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			n, _ := strconv.ParseFloat(value, 64)
			return n
		}
	}
	return 0
}
