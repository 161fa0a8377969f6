package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/echosvc/echosvc/internal/probe"
)

// probeFlags are the parsed arguments of the probe command.
type probeFlags struct {
	watch, json, insecure bool
	caFile, url, metrics  string
	duration, idle        time.Duration
	plan                  probe.Plan
	headers               []string
	timeout, wait         time.Duration
	given                 map[string]bool // by name
	listener              net.Listener    // of metrics; nil without them
}

// probeUsage is printed before the list of flags.
const probeUsage = `Usage: echosvc probe [flags] URL

Tests an echo server, and the path to it, with a client that shares no code with echosvc. URL is
like ws://host/path, https://host/path or host:port. Without -idle, -watch or a load flag it runs
every check once. If one fails, it looks for the cause and prints what to change.
Exit status: 0 all passed, 1 a check failed, 2 wrong usage.

`

// parseProbe parses the arguments. Flags may also follow the URL. For -h it prints the usage and
// returns [flag.ErrHelp].
func parseProbe(args []string, stdout io.Writer) (*probeFlags, error) {
	f := &probeFlags{given: map[string]bool{}}
	set := newFlags("probe")
	set.Var((*duration)(&f.idle), "idle", "find the idle time-out of the path, up to this `duration`, such as 5m")
	set.Var((*duration)(&f.wait), "wait", "first wait until a message comes back, for at most this `duration`, such as 30s")
	set.BoolVar(&f.watch, "watch", false, "stay connected and print a line on every change")
	set.StringVar(&f.metrics, "metrics", "", "with -watch, serve metrics for Prometheus at /metrics of this `address`, such as :9090")
	set.Var((*duration)(&f.duration), "for", "end -watch after this `duration`; without it, -watch ends at a signal")
	set.IntVar(&f.plan.Messages, "n", 1000, "load: number of messages in total")
	set.IntVar(&f.plan.Conns, "conns", 1, "load: number of connections")
	set.Float64Var(&f.plan.Rate, "rate", 0, "load: messages a second in total; 0 for as fast as the echoes arrive")
	set.IntVar(&f.plan.Size, "size", 64, "load: size of a message in `bytes`")
	header := func(line string) { f.headers = append(f.headers, line) }
	set.Func("H", "add the handshake header field `'Name: value'`, Host included; may be repeated", func(line string) error { header(line); return nil })
	set.Func("origin", "set the Origin header field, such as https://example.com", func(origin string) error { header("Origin: " + origin); return nil })
	set.StringVar(&f.caFile, "cafile", "", "trust the root certificates in this PEM `file` instead of the system's")
	set.BoolVar(&f.insecure, "insecure", false, "accept any certificate")
	f.timeout = 10 * time.Second
	set.Var((*duration)(&f.timeout), "timeout", "wait this `duration` for each answer")
	set.BoolVar(&f.json, "json", false, "print JSON: one document, or with -watch one line per event (docs/probe.md has the schema)")
	if len(args) == 1 && asksForHelp(args[0]) {
		args = []string{"-h"}
	}
	for {
		if err := parseFlags(set, args, probeUsage, stdout); err != nil {
			return nil, err
		}
		if set.NArg() == 0 {
			break
		}
		if f.url != "" {
			return nil, fmt.Errorf("want one URL, got %q and %q", f.url, set.Arg(0))
		}
		f.url, args = set.Arg(0), set.Args()[1:]
	}
	set.Visit(func(given *flag.Flag) { f.given[given.Name] = true })
	return f, f.check()
}

// load reports whether a load flag was given.
func (f *probeFlags) load() bool {
	return f.given["n"] || f.given["conns"] || f.given["rate"] || f.given["size"]
}

// check returns an error if the flags are invalid or contradict each other.
func (f *probeFlags) check() error {
	modes := 0
	for _, given := range []bool{f.given["idle"], f.watch, f.load()} {
		if given {
			modes++
		}
	}
	switch {
	case f.url == "":
		return errors.New("no URL; want one like ws://localhost:8080/")
	case modes > 1:
		return errors.New("use only one of -idle, -watch and the load flags (-n, -conns, -rate, -size)")
	case f.given["metrics"] && !f.watch:
		return errors.New("-metrics needs -watch")
	case f.given["metrics"] && !isListenAddress(f.metrics):
		return fmt.Errorf("-metrics %q is not an address to listen on; it must be like :9090 or 127.0.0.1:9090", f.metrics)
	case f.given["for"] && !f.watch:
		return errors.New("-for needs -watch")
	case f.given["for"] && f.duration <= 0:
		return fmt.Errorf("-for %v must be more than 0", f.duration)
	case f.given["idle"] && (f.idle < time.Second || f.idle > 24*time.Hour):
		return fmt.Errorf("-idle %v must be from 1s to 24h", f.idle)
	case f.given["wait"] && f.watch:
		return errors.New("use only one of -wait and -watch, which connects as soon as it can")
	case f.given["wait"] && f.wait <= 0:
		return fmt.Errorf("-wait %v must be more than 0", f.wait)
	case f.timeout <= 0:
		return fmt.Errorf("-timeout %v must be more than 0", f.timeout)
	case f.insecure && f.caFile != "":
		return errors.New("use only one of -insecure and -cafile")
	}
	return f.plan.Check()
}

// target returns the target that the flags describe.
func (f *probeFlags) target() (*probe.Target, error) {
	target, err := probe.NewTarget(f.url)
	if err != nil {
		return nil, err
	}
	target.Timeout = f.timeout
	for _, line := range f.headers {
		if err := target.AddHeader(line); err != nil {
			return nil, err
		}
	}
	target.TLS, err = probe.TLSConfig(f.caFile, f.insecure)
	return target, err
}

// probeCommand tests an echo server from the client's side.
func probeCommand(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f, err := parseProbe(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	var target *probe.Target
	if err == nil {
		target, err = f.target()
	}
	if err != nil {
		fmt.Fprintf(stderr, "echosvc: %v; run \"echosvc probe -h\" for help\n", err)
		return exitUsage
	}
	if err := f.listenMetrics(); err != nil {
		fmt.Fprintf(stderr, "echosvc: cannot serve -metrics %s: %v\n", f.metrics, err)
		return exitFailed
	} else if f.listener != nil {
		fmt.Fprintf(stderr, "metrics are at http://%s/metrics\n", f.listener.Addr())
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	report := &probe.Report{Out: stdout, JSON: f.json}
	if file, is := stderr.(*os.File); is && term.IsTerminal(int(file.Fd())) {
		report.Progress = stderr
	}
	if f.run(ctx, target, report) {
		return exitOK
	}
	return exitFailed
}

// run runs the probe, and reports whether everything passed.
func (f *probeFlags) run(ctx context.Context, target *probe.Target, report *probe.Report) bool {
	if f.watch {
		if f.duration > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, f.duration)
			defer cancel()
		}
		if f.given["metrics"] {
			return f.export(ctx, target, report)
		}
		return probe.Watch(ctx, target, report.Event)
	}
	report.Begin(target.URL.Redacted())
	switch {
	case f.given["wait"] && !probe.Wait(ctx, target, f.wait, report.Check, report.Step):
	case f.given["idle"]:
		probe.Idle(ctx, target, f.idle, report.Check, report.Step)
	case f.load():
		probe.Load(ctx, target, f.plan, report.Check, report.Step)
	default:
		report.NotTested = "idle time-outs; -idle 2m finds the time after which the path ends an idle connection"
		probe.Run(ctx, target, report.Check, report.Step)
	}
	return report.End()
}
