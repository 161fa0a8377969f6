package main

import (
	"bytes"
	"crypto/tls"
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
	tls     *tls.Config
	dir     string // for binaries, the certificate and the servers' output
}

// all is the name of all loads on the command line.
const all = "all"

// newPlan builds the servers that need building, and reports which are skipped and why.
func newPlan(o options, dir string, cores cores, progress io.Writer) (*plan, error) {
	p := &plan{rounds: o.rounds, window: window(o), cores: cores, dir: dir}
	var wanted []string
	if o.only != "" {
		wanted = strings.Split(o.only, ",")
	}
	loads := load.Loads(o.idle)
	serverNames, loadNames := names(allServers, func(s server) string { return s.name }), names(loads, func(l *load.Load) string { return l.Name })
	for _, name := range wanted {
		if name != all && !slices.Contains(serverNames, name) && !slices.Contains(loadNames, name) {
			return nil, fmt.Errorf("-only: no server or load %q; the servers are %s, the loads %s,%s",
				name, strings.Join(serverNames, ","), strings.Join(loadNames, ","), all)
		}
	}
	for _, l := range loads {
		if slices.Contains(wanted, all) || selected(l.Name, loadNames, wanted) && (!l.Extra || slices.Contains(wanted, l.Name)) {
			p.loads = append(p.loads, l)
		}
	}
	servers := slices.DeleteFunc(slices.Clone(allServers), func(s server) bool {
		return !selected(s.name, serverNames, wanted) || (s.spread || s.scraped) && !slices.Contains(wanted, s.name)
	})
	servers, err := withAlso(servers, o.also)
	if err != nil {
		return nil, err
	}
	if p.tls, err = writeCertificate(dir); err != nil {
		return nil, err
	}
	for _, s := range servers {
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

func names[T any](all []T, name func(T) string) (names []string) {
	for _, one := range all {
		names = append(names, name(one))
	}
	return names
}

// withAlso returns the servers with the builds of -also after echosvc, each like the first row.
func withAlso(servers []server, also builds) ([]server, error) {
	if len(also) == 0 {
		return servers, nil
	}
	if len(servers) == 0 || servers[0].group != report.Ours {
		return nil, errors.New("-also compares with echosvc; name loop or portable in -only as well")
	}
	end := 0
	for end < len(servers) && servers[end].group == report.Ours {
		end++
	}
	for i, build := range also {
		taken := func(s server) bool { return s.name == build.name }
		if slices.ContainsFunc(allServers, taken) || slices.ContainsFunc(servers, taken) {
			return nil, fmt.Errorf("-also: there is already a server %q", build.name)
		}
		servers = slices.Insert(servers, end+i, anotherBuild(servers[0], build.name, build.binary))
	}
	return servers, nil
}

// selected reports whether name is wanted. If no name of its kind is, all of the kind are.
func selected(name string, kind, wanted []string) bool {
	named := slices.ContainsFunc(wanted, func(w string) bool { return slices.Contains(kind, w) })
	return !named || slices.Contains(wanted, name)
}

// idleRounds is how often many idle connections are measured at most: it takes a minute, and the
// results differ by a few percent only.
const idleRounds = 3

// run measures every cell in every round. Under each load the servers take turns. Each round
// starts with another server, and every other round goes in the opposite order. A wrong reply ends
// the run, and so does any failure of echosvc. A peer that drops a connection loses the round, as
// does any server under a rate that was not kept, and the report lists these rounds.
func (p *plan) run(progress io.Writer) (*report.Table, error) {
	t := &report.Table{Rounds: p.rounds, Measured: p.window.Measured}
	for _, s := range p.servers {
		t.Servers = append(t.Servers, report.Server{Name: s.name, Title: s.title, Group: s.group, Another: s.another})
	}
	for _, l := range p.loads {
		t.Loads = append(t.Loads, report.Load{
			Name: l.Name, Title: l.Title, Idle: l.Kind == load.Idle, Unit: l.Kind.Unit(),
			Cells: make([]report.Cell, len(p.servers)),
		})
	}
	for round := range p.rounds {
		for i, l := range p.loads {
			if (l.Kind == load.Idle || l.Kind == load.Rest) && round >= idleRounds {
				continue
			}
			for turn := range p.servers {
				k := (round + turn) % len(p.servers)
				if round%2 == 1 {
					k = len(p.servers) - 1 - k
				}
				s := p.servers[k]
				if !s.runs(l) {
					continue
				}
				result, err := p.cell(s, l)
				if errors.Is(err, load.ErrNotNegotiated) {
					continue
				}
				cell := &t.Loads[i].Cells[k]
				if err != nil && (s.group == report.Ours && !errors.Is(err, load.ErrRate) || errors.Is(err, load.ErrReply)) {
					return nil, fmt.Errorf("%s: %w", s.title, err)
				}
				if err != nil {
					fmt.Fprintf(progress, "round %d of %d  %-12s %-10s failed: %v\n", round+1, p.rounds, l.Name, s.name, err)
					cell.Failed = append(cell.Failed, err.Error())
					continue
				}
				cell.Rounds = append(cell.Rounds, report.Figures(result))
				fmt.Fprintf(progress, "round %d of %d  %-12s %-10s %s\n", round+1, p.rounds, l.Name, s.name, cell.Last())
			}
		}
	}
	return t, nil
}

// cell starts a server, runs the load against it and kills it.
func (p *plan) cell(s server, l *load.Load) (load.Result, error) {
	process, err := s.start(l, p.dir, p.cores)
	if err != nil {
		return load.Result{}, err
	}
	defer process.kill()
	if s.scraped {
		defer scrape(process.metrics)()
	}
	// Collect the garbage of the last cell now, and none while this one is measured.
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	target := load.Target{Addr: process.addr, Bare: s.bare, CPU: process.cpu, RSS: process.resident}
	if l.TLS {
		target.TLS = p.tls
	}
	result, err := l.Run(target, p.window)
	if err != nil && !errors.Is(err, load.ErrNotNegotiated) {
		return result, fmt.Errorf("%w %s", err, bytes.TrimSpace(process.output()))
	}
	return result, err
}
