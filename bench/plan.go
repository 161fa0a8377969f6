package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/echosvc/echosvc/bench/internal/load"
	"github.com/echosvc/echosvc/bench/internal/report"
)

// A plan says which servers are measured under which loads.
type plan struct {
	servers []server
	loads   []*load.Load
	rounds  int
	window  load.Window
	cores   cores
	dir     string // for binaries and the servers' output
}

// newPlan builds the servers that need building, and reports which are skipped and why.
func newPlan(o options, dir string, cores cores, progress io.Writer) (*plan, error) {
	p := &plan{loads: load.Loads(o.idle), rounds: o.rounds, window: window(o), cores: cores, dir: dir}
	var serverNames, loadNames, wanted []string
	for _, s := range allServers {
		serverNames = append(serverNames, s.name)
	}
	for _, l := range p.loads {
		loadNames = append(loadNames, l.Name)
	}
	if o.only != "" {
		wanted = strings.Split(o.only, ",")
	}
	for _, name := range wanted {
		if !slices.Contains(serverNames, name) && !slices.Contains(loadNames, name) {
			return nil, fmt.Errorf("-only: no server or load %q; the servers are %s, the loads %s",
				name, strings.Join(serverNames, ","), strings.Join(loadNames, ","))
		}
	}
	p.loads = slices.DeleteFunc(p.loads, func(l *load.Load) bool { return !selected(l.Name, loadNames, wanted) })
	for _, s := range allServers {
		if !selected(s.name, serverNames, wanted) || s.spread && !slices.Contains(wanted, s.name) {
			continue
		}
		switch err := s.prepare(&s, dir, cores); {
		case errors.Is(err, errSkip):
			fmt.Fprintf(progress, "%s is skipped: %v\n", s.title, err)
		case err != nil:
			return nil, err
		default:
			p.servers = append(p.servers, s)
		}
	}
	return p, nil
}

// selected reports whether name is wanted. If no name of its kind is, all of the kind are.
func selected(name string, kind, wanted []string) bool {
	named := slices.ContainsFunc(wanted, func(w string) bool { return slices.Contains(kind, w) })
	return !named || slices.Contains(wanted, name)
}

// idleRounds is how often memory is measured at most: it takes a minute, and the results differ by
// a few percent only.
const idleRounds = 3

// run measures every cell in every round. Under each load the servers take turns, and each round
// starts with another server. A wrong reply ends the run, and so does any failure of echosvc. A
// peer that drops a connection loses the round, and the report says so.
func (p *plan) run(progress io.Writer) (*report.Table, error) {
	t := &report.Table{Rounds: p.rounds, Measured: p.window.Measured}
	for _, s := range p.servers {
		t.Servers = append(t.Servers, report.Server{Name: s.name, Title: s.title, Group: s.group})
	}
	for _, l := range p.loads {
		t.Loads = append(t.Loads, report.Load{
			Name: l.Name, Title: l.Title, Idle: l.Kind == load.Idle, Unit: unit(l),
			Cells: make([]report.Cell, len(p.servers)),
		})
	}
	for round := range p.rounds {
		for i, l := range p.loads {
			if l.Kind == load.Idle && round >= idleRounds {
				continue
			}
			for turn := range p.servers {
				k := (round + turn) % len(p.servers)
				s := p.servers[k]
				if l.Compressed && s.bare {
					continue
				}
				result, err := p.cell(s, l)
				if errors.Is(err, load.ErrNotNegotiated) {
					continue
				}
				cell := &t.Loads[i].Cells[k]
				if err != nil && (s.group == report.Ours || errors.Is(err, load.ErrReply)) {
					return nil, fmt.Errorf("%s: %w", s.title, err)
				}
				if err != nil {
					fmt.Fprintf(progress, "round %d of %d  %-10s %-10s failed: %v\n", round+1, p.rounds, l.Name, s.name, err)
					cell.Failed = append(cell.Failed, err.Error())
					continue
				}
				cell.Rounds = append(cell.Rounds, report.Figures(result))
				fmt.Fprintf(progress, "round %d of %d  %-10s %-10s %s\n", round+1, p.rounds, l.Name, s.name, cell.Last())
			}
		}
	}
	return t, nil
}

func unit(l *load.Load) string {
	if l.Kind == load.Handshake {
		return "handshake"
	}
	return "message"
}

// cell starts a server, runs the load against it and kills it.
func (p *plan) cell(s server, l *load.Load) (load.Result, error) {
	process, err := s.start(p.dir, p.cores)
	if err != nil {
		return load.Result{}, err
	}
	defer process.kill()
	// Collect the garbage of the last cell now, and none while this one is measured.
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	result, err := l.Run(load.Target{Addr: process.addr, Bare: s.bare, CPU: process.cpu, RSS: process.resident}, p.window)
	if err != nil && !errors.Is(err, load.ErrNotNegotiated) {
		return result, fmt.Errorf("%w %s", err, bytes.TrimSpace(process.output()))
	}
	return result, err
}
