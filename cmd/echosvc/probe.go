package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/echosvc/echosvc/internal/probe"
)

// probeFlags are the arguments of probe.
type probeFlags struct {
	watch, json, insecure bool
	caFile, url           string
	duration, idle        time.Duration
	plan                  probe.Plan
	headers               []string
	timeout               time.Duration
	given                 map[string]bool // the flags that were
}

// probeUsage is what comes before the flags.
const probeUsage = `Usage: echosvc probe [flags] ws://host/path

Looks at an echo server, and at the path to it, with a client that is not of echosvc. Without -idle, -watch and the flags
of a load it does every check once. Exit status: 0 all is well, 1 a check failed, 2 wrong usage.

`

// parseProbe reads the arguments. Flags may stand behind the URL, too. For -h it prints what
// there is, and returns [flag.ErrHelp].
func parseProbe(args []string, stdout io.Writer) (*probeFlags, error) {
	f := &probeFlags{given: map[string]bool{}}
	set := flag.NewFlagSet("probe", flag.ContinueOnError)
	set.SetOutput(io.Discard) // errors are returned
	set.Usage = func() {}
	set.DurationVar(&f.idle, "idle", 0, "find the time-out of idle connections, up to this `duration`, such as 5m")
	set.BoolVar(&f.watch, "watch", false, "stay connected and print a line on every change")
	set.DurationVar(&f.duration, "for", 0, "the `duration` after which -watch ends; without it, at a signal")
	set.IntVar(&f.plan.Messages, "n", 1000, "load: how many messages in all")
	set.IntVar(&f.plan.Conns, "conns", 1, "load: how many connections")
	set.Float64Var(&f.plan.Rate, "rate", 0, "load: messages a second in all; 0 is as fast as the echoes come")
	set.IntVar(&f.plan.Size, "size", 64, "load: `bytes` of a message")
	header := func(line string) { f.headers = append(f.headers, line) }
	set.Func("H", "a header field of the handshake, as in `'Name: value'`; Host is one like others; may be repeated", func(line string) error { header(line); return nil })
	set.Func("origin", "the Origin of a browser's page, such as https://example.com", func(origin string) error { header("Origin: " + origin); return nil })
	set.StringVar(&f.caFile, "cafile", "", "a `file` with the authorities to trust, in PEM, in place of the system's")
	set.BoolVar(&f.insecure, "insecure", false, "take any certificate")
	set.DurationVar(&f.timeout, "timeout", 10*time.Second, "how long to wait for each answer")
	set.BoolVar(&f.json, "json", false, "print JSON: one document, or with -watch one line for each event")
	for {
		err := set.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(stdout, probeUsage)
			set.SetOutput(stdout)
			set.PrintDefaults()
		}
		if err != nil {
			return nil, err
		}
		if set.NArg() == 0 {
			break
		}
		if f.url != "" {
			return nil, fmt.Errorf("one URL at a time: there are %q and %q", f.url, set.Arg(0))
		}
		f.url, args = set.Arg(0), set.Args()[1:]
	}
	set.Visit(func(given *flag.Flag) { f.given[given.Name] = true })
	return f, f.check()
}

// load says whether a load was asked for.
func (f *probeFlags) load() bool {
	return f.given["n"] || f.given["conns"] || f.given["rate"] || f.given["size"]
}

// check says what is wrong about the flags.
func (f *probeFlags) check() error {
	things := 0
	for _, asked := range []bool{f.given["idle"], f.watch, f.load()} {
		if asked {
			things++
		}
	}
	switch {
	case f.url == "":
		return errors.New("there is no URL; it must be like ws://localhost:8080/")
	case things > 1:
		return errors.New("-idle, -watch and a load (-n, -conns, -rate, -size) are one at a time")
	case f.given["for"] && !f.watch:
		return errors.New("-for is for -watch")
	case f.given["for"] && f.duration <= 0:
		return fmt.Errorf("-for %v must be more than 0", f.duration)
	case f.given["idle"] && (f.idle < time.Second || f.idle > 24*time.Hour):
		return fmt.Errorf("-idle %v must be from 1s to 24h", f.idle)
	case f.timeout <= 0:
		return fmt.Errorf("-timeout %v must be more than 0", f.timeout)
	case f.insecure && f.caFile != "":
		return errors.New("-insecure trusts everybody, -cafile some: one of them")
	}
	return f.plan.Check()
}

// target makes the target of the flags.
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

// probeCommand looks at an echo server from outside.
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
		fmt.Fprintf(stderr, "echosvc: %v; \"echosvc probe -h\" says more\n", err)
		return exitUsage
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

// run does what the flags ask for, and reports whether all is well.
func (f *probeFlags) run(ctx context.Context, target *probe.Target, report *probe.Report) bool {
	if f.watch {
		if f.duration > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, f.duration)
			defer cancel()
		}
		return probe.Watch(ctx, target, report.Event)
	}
	report.Begin(target.URL.Redacted())
	switch {
	case f.given["idle"]:
		probe.Idle(ctx, target, f.idle, report.Check, report.Step)
	case f.load():
		probe.Load(ctx, target, f.plan, report.Check, report.Step)
	default:
		probe.Run(ctx, target, report.Check)
	}
	return report.End()
}
