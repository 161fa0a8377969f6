// Command bench measures echosvc, other WebSocket servers and a bare TCP echo under the same
// load, and prints what a message costs each of them. It needs Linux and two cores:
//
//	go run .
//
// Each server runs in a process of its own, pinned to one core; the load runs on another. The
// servers take turns in every round, so that disturbances on the machine affect all of them. A
// figure is the best of several rounds, but a latency is the median of the rounds. The spread is
// how far the worst round was from the best. Many short rounds find the best sooner than a few
// long ones, because a neighbor that takes cache and memory stays for seconds.
//
// To compare two builds of echosvc, measure both in one run:
//
//	go run . -only loop,epoll-c,all -also old=/path/to/echosvc
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/echosvc/echosvc/bench/internal/load"
	"github.com/echosvc/echosvc/bench/internal/peers"
	"github.com/echosvc/echosvc/bench/internal/report"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

// options are the command line.
type options struct {
	rounds    int
	duration  time.Duration
	idle      int
	only      string
	also      builds
	svg, json string
}

// builds are the values of -also.
type builds []struct{ name, binary string }

func (b *builds) String() string { return "" }

// Set adds a build.
func (b *builds) Set(value string) error {
	name, binary, _ := strings.Cut(value, "=")
	if name == "" || binary == "" || strings.ContainsAny(name, "/,") {
		return errors.New("must be NAME=BINARY, with no slash or comma in the name")
	}
	*b = append(*b, struct{ name, binary string }{name, binary})
	return nil
}

func run(args []string, stdout, stderr io.Writer) error {
	if len(args) == 4 && args[0] == "serve" {
		return peers.Serve(args[1], args[2], args[3]) // not on a locked thread, where accepting costs more
	}
	// The load's thread is pinned to a core, and the servers die with the thread that started them.
	runtime.LockOSThread()
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.rounds, "rounds", 10, "how many `rounds` to measure each cell in; the best one counts")
	flags.DurationVar(&o.duration, "duration", 500*time.Millisecond, "how long to measure each cell in a round")
	flags.IntVar(&o.idle, "idle", 0, "number of idle connections; 0 for as many as open files and ports allow")
	flags.StringVar(&o.only, "only", "", "comma-separated `names` of servers and loads, or all for every load; without servers all of them run, and without loads those that need no name")
	flags.Var(&o.also, "also", "`NAME=BINARY`: another build of echosvc to measure beside the first row, with the same settings; may be repeated")
	flags.StringVar(&o.svg, "svg", "", "write a picture of the results to this `file`")
	flags.StringVar(&o.json, "json", "", "write the figures of every round to this `file`")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; -help lists the flags", flags.Arg(0))
	}
	if o.rounds < 1 || o.duration <= 0 || o.idle < 0 {
		return errors.New("-rounds and -duration must be more than 0, -idle at least 0")
	}
	return measure(o, "go run . "+strings.Join(args, " "), stdout, stderr)
}

// measure runs the bench and writes its report.
func measure(o options, command string, stdout, stderr io.Writer) error {
	dir, err := os.MkdirTemp("", "echosvc-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	defer removeWhenInterrupted(dir)()
	cores, err := twoCores()
	if err != nil {
		return err
	}
	if o.idle == 0 {
		if o.idle, err = idleConnections(); err != nil {
			return err
		}
	}
	plan, err := newPlan(o, dir, cores, stderr)
	if err != nil {
		return err
	}
	table, err := plan.run(stderr)
	if err != nil {
		return err
	}
	table.Command, table.Date, table.Machine = strings.TrimSpace(command), time.Now().UTC(), machine()
	fmt.Fprint(stdout, report.Markdown(table))
	if o.svg != "" {
		if err := os.WriteFile(o.svg, report.SVG(table), 0o644); err != nil {
			return err
		}
	}
	if o.json != "" {
		figures, err := json.MarshalIndent(table, "", "\t")
		if err != nil {
			return err
		}
		return os.WriteFile(o.json, append(figures, '\n'), 0o644)
	}
	return nil
}

// removeWhenInterrupted makes a signal remove dir and end this process. The kernel then kills the
// servers, which have a parent-death signal. stop undoes it.
func removeWhenInterrupted(dir string) (stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		if s, ok := <-signals; ok {
			os.RemoveAll(dir)
			os.Exit(128 + int(s.(syscall.Signal)))
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
	}
}

// warmup returns how long a load runs before it is measured: long enough for the heaps to reach
// their size.
func warmup(measured time.Duration) time.Duration {
	return max(measured/5, 300*time.Millisecond)
}

func window(o options) load.Window {
	return load.Window{Warmup: warmup(o.duration), Measured: o.duration}
}
