// Command bench measures echosvc beside other WebSocket servers and beside a bare TCP
// echo, all under the same load, and prints what each takes. Linux only, with two cores:
//
//	go run .
//
// Each server is a process of its own, pinned to one core; the load runs on another. A
// figure is the best of several rounds, in which the servers take turns, so that
// what else goes on on the machine meets all of them; latencies are the median of the
// rounds, and the spread is how far the worst round was from the best. Many short rounds find the best sooner than few long ones: a
// neighbour that takes cache and memory stays for seconds.
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
	svg, json string
}

func run(args []string, stdout, stderr io.Writer) error {
	if len(args) == 3 && args[0] == "serve" {
		return peers.Serve(args[1], args[2]) // on no thread of its own: accepting would cost more
	}
	// The thread of the load is pinned to a core, and the life of the servers hangs on the
	// thread that starts them.
	runtime.LockOSThread()
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.rounds, "rounds", 10, "how often each cell is measured; the best counts")
	flags.DurationVar(&o.duration, "duration", 500*time.Millisecond, "how long a cell is measured in each round")
	flags.IntVar(&o.idle, "idle", 0, "idle connections; 0 is what the limit of open files and the ports allow")
	flags.StringVar(&o.only, "only", "", "servers and loads by name, with commas between; none of a sort is all of it")
	flags.StringVar(&o.svg, "svg", "", "file for a picture of the results")
	flags.StringVar(&o.json, "json", "", "file for the figures of every round")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("there is no argument %q; -help lists the flags", flags.Arg(0))
	}
	if o.rounds < 1 || o.duration <= 0 || o.idle < 0 {
		return errors.New("-rounds and -duration must be more than 0, -idle not less")
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

// removeWhenInterrupted has a signal remove dir and end this process, and with it the
// servers, as the kernel is told when they start. stop ends that.
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

// warmup is how long a load runs before it is measured: long enough for the heaps to find
// their size.
func warmup(measured time.Duration) time.Duration {
	return max(measured/5, 300*time.Millisecond)
}

func window(o options) load.Window {
	return load.Window{Warmup: warmup(o.duration), Measured: o.duration}
}
