package service

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wstest"
)

// running is a service that is running on the loopback interface.
type running struct {
	*Service
	t       *testing.T
	addr    string // of the WebSocket port
	health  string // of the health port
	signals chan os.Signal
	done    chan struct{}
	log     syncBuffer
}

// eachDriver runs a test with every driver that the system has.
func eachDriver(t *testing.T, test func(t *testing.T, driver string)) {
	drivers := []string{"portable"}
	if haveLoop {
		drivers = append(drivers, "loop")
	}
	for _, driver := range drivers {
		t.Run(driver, func(t *testing.T) { test(t, driver) })
	}
}

// start starts a service with the default configuration, after changes. It sends no pings,
// and its time-outs are long enough for a slow machine. It ends with the test, which fails
// if goroutines, file descriptors or buffers are left over.
func start(t *testing.T, driver string, change func(*config.Config)) *running {
	t.Helper()
	goroutines := goleak.IgnoreCurrent()
	files := openFiles()
	ws, health := loopback(t), loopback(t)
	r := &running{
		t: t, addr: ws.Addr().String(), health: health.Addr().String(),
		signals: make(chan os.Signal, 2), done: make(chan struct{}),
	}
	c := config.Default()
	c.DrainSpread = 10 * time.Millisecond
	c.DrainTimeout, c.HandshakeTimeout, c.WriteTimeout, c.CloseTimeout = wstest.Patience, wstest.Patience, wstest.Patience, wstest.Patience
	c.PingInterval = 0
	c.Driver = config.Driver(driver)
	c.MemoryLimit = 0
	if change != nil {
		change(&c)
	}
	r.Service = New(c, slog.New(slog.NewJSONHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelDebug})), "test")
	r.repeatWindow, r.lastMoment = 0, 0
	if c.TLSCertFile != "" {
		pair, err := loadCertificate(c.TLSCertFile, c.TLSKeyFile, r.Service.log)
		if err != nil {
			t.Fatal(err)
		}
		r.certificate.Store(pair)
	}
	go func() {
		defer close(r.done)
		if err := r.serve(context.Background(), r.signals, ws, health); err != nil {
			t.Error(err)
		}
	}()
	r.line("serving")
	t.Cleanup(func() {
		r.signals <- syscall.SIGTERM
		r.signals <- syscall.SIGTERM
		<-r.done
		if inUse := r.bufferBytes(); inUse != 0 {
			t.Errorf("%d bytes of buffers are in use at the end", inUse)
		}
		// goleak itself waits for less than a second.
		for deadline := time.Now().Add(wstest.Patience); goleak.Find(goroutines) != nil && time.Now().Before(deadline); {
		}
		goleak.VerifyNone(t, goroutines)
		wstest.Eventually(t, "all file descriptors are closed", func() bool { return openFiles() <= files })
	})
	return r
}

// bufferBytes returns the size of the buffers that connections hold, which count with the garbage
// of Go's heap on the account.
func (r *running) bufferBytes() int64 { return r.account.HeldBy(budget.Buffers) * 4 / 5 }

func loopback(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// openFiles returns the number of open file descriptors, or 0 on systems without /proc.
func openFiles() int {
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(files)
}

// terminate sends SIGTERM and waits until the drain has begun.
func (r *running) terminate() {
	r.signals <- syscall.SIGTERM
	wstest.Eventually(r.t, "the drain has begun", func() bool { return r.admission.DrainStarted() != 0 })
}

// line waits for a log line with the message and returns its fields.
func (r *running) line(msg string) (fields map[string]any) {
	r.t.Helper()
	wstest.Eventually(r.t, "logged "+msg, func() bool {
		for line := range strings.Lines(r.log.String()) {
			fields = nil
			if json.Unmarshal([]byte(line), &fields) == nil && fields["msg"] == msg {
				return true
			}
		}
		return false
	})
	return fields
}

// syncBuffer is a buffer that several goroutines may write to.
type syncBuffer struct {
	mu   sync.Mutex
	b    strings.Builder
	full bool // further writes are discarded
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full {
		return len(p), nil
	}
	return b.b.Write(p)
}

// stop discards everything that is written from now on.
func (b *syncBuffer) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.full = true
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// handlers returns the number of connections of the driver, in any stage.
func (r *running) handlers() (n int) {
	r.driver.Each(func(socket.Handler, int64) bool { n++; return false })
	return n
}
