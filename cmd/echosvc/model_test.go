package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/model"
	"github.com/echosvc/echosvc/internal/wstest"
)

var (
	modelPrograms = flag.Int("model.programs", 50, "programs that are compared with the model, for each server")
	modelDrains   = flag.Int("model.drains", 1, "drains that are compared with the model, for each server")
	modelSeed     = flag.Uint64("model.seed", 1, "seed of the first of these programs")
)

const (
	// modelPatience is how long a program may take. No program should come near it.
	modelPatience = 20 * time.Second
	// modelShrinkPatience is the same while a program that fails is made smaller.
	modelShrinkPatience = time.Second
	modelShrinkTime     = time.Minute
	// modelClients is how many programs run at a time.
	modelClients = 4
	// modelDrainClients is how many clients there are when a service shuts down.
	modelDrainClients = 30
)

// modelServers are the servers that are compared with the model.
var modelServers = []struct {
	name        string
	environment []string
	tls         bool
	model       model.Server
}{
	{"loop", []string{"DRIVER=auto"}, false, model.Server{Compression: "stateless", MaxMessage: 64 << 20}},
	{"loop-takeover", []string{"DRIVER=auto", "COMPRESSION=takeover", "MAX_MESSAGE_SIZE=100KiB"}, false, model.Server{Compression: "takeover", MaxMessage: 100 << 10}},
	{"portable", []string{"DRIVER=portable", "MAX_MESSAGE_SIZE=100KiB"}, false, model.Server{Compression: "stateless", MaxMessage: 100 << 10}},
	{"portable-takeover", []string{"DRIVER=portable", "COMPRESSION=takeover"}, false, model.Server{Compression: "takeover", MaxMessage: 64 << 20}},
	{"portable-off", []string{"DRIVER=portable", "COMPRESSION=off", "MAX_MESSAGE_SIZE=1KiB"}, false, model.Server{Compression: "off", MaxMessage: 1 << 10}},
	{"wss", []string{"DRIVER=auto", "COMPRESSION=takeover", "MAX_MESSAGE_SIZE=100KiB"}, true, model.Server{Compression: "takeover", MaxMessage: 100 << 10}},
	{"portable-wss", []string{"DRIVER=portable", "MAX_MESSAGE_SIZE=100KiB"}, true, model.Server{Compression: "stateless", MaxMessage: 100 << 10}},
}

// modelRegressions are programs that find a mistake of a certain kind: those that were
// found, and those that were planted to see whether the model finds them. They run on every
// server.
var modelRegressions = []modelProgram{
	{"half a character at the end", &model.Program{Frames: []model.Frame{{First: 0x81, Payload: "\xf0"}}}},
	{"the longest pong", &model.Program{Frames: []model.Frame{{First: 0x89, Payload: "x", Times: 125}}}},
	{"a close reason", &model.Program{Frames: []model.Frame{{First: 0x88, Payload: "\x03\xe9x"}}}},
	{"frames after a close frame", &model.Program{Frames: []model.Frame{{First: 0x88}, {First: 0x89}, {First: 0x83}}}},
	{"RSV1 on the first fragment alone", &model.Program{Handshake: model.Handshake{Offers: []string{"permessage-deflate"}}, Frames: []model.Frame{{First: 0x41}, {First: 0x80, Payload: "\x00"}}}},
	{"a message that refers to the one before", &model.Program{Handshake: model.Handshake{Offers: []string{"permessage-deflate"}}, Frames: []model.Frame{{First: 0xc1, Payload: "\xf2\x48\xcd\xc9\xc9\x07\x00"}, {First: 0xc1, Payload: "\xf2\x00\x11\x00\x00"}}}},
	{"the goodbye word in binary", &model.Program{Frames: []model.Frame{{First: 0x82, Payload: "bye"}}}},
	{"the shortest length of 16 bits", &model.Program{Frames: []model.Frame{{First: 0x82, Payload: "x", Times: 126}}}},
	{"the shortest length of 64 bits", &model.Program{Frames: []model.Frame{{First: 0x82, Payload: "x", Times: 65536}}}},
	{"the limit is on each message", &model.Program{Frames: []model.Frame{{First: 0x82, Payload: "x", Times: 1000}, {First: 0x82, Payload: "x", Times: 1000}}}},
	{"a cut within a masked payload", &model.Program{Frames: []model.Frame{{First: 0x82, Payload: "0123456789", Key: 0x01020304}}, Cuts: []model.Cut{{At: 157, Pause: model.Nap}, {At: 160, Pause: model.Nap}}}},
	{"the end of input in the segment of a frame", &model.Program{Frames: []model.Frame{{First: 0x81, Payload: "x"}}, Cuts: []model.Cut{{At: 148, Pause: model.Await}}}},
	{"answers that find no room", &model.Program{Frames: []model.Frame{
		{First: 0x82, Payload: "0123456789abcdef", Times: 3000}, {First: 0x89, Payload: "a"}, {First: 0x82, Payload: "123456789abcdef", Times: 3000}, {First: 0x89, Payload: "b"},
		{First: 0x82, Payload: "23456789abcdef", Times: 3000}, {First: 0x89, Payload: "c"}, {First: 0x82, Payload: "3456789abcdef", Times: 3000}, {First: 0x89, Payload: "d"},
		{First: 0x82, Payload: "456789abcdef", Times: 3000}, {First: 0x89, Payload: "e"}, {First: 0x82, Payload: "56789abcdef", Times: 3000}, {First: 0x89, Payload: "f"},
	}, SlowRead: true}},
}

// startModelServer starts the i-th of the servers.
func startModelServer(t *testing.T, i int, environment ...string) (*model.Server, *program) {
	t.Helper()
	environment = append(environment, "PING_INTERVAL=0")
	environment = append(environment, modelServers[i].environment...)
	config := &tls.Config{InsecureSkipVerify: true}
	if modelServers[i].tls {
		certFile, keyFile := wstest.WriteCertificate(t, t.TempDir(), "model")
		environment = append(environment, "TLS_CERT_FILE="+certFile, "TLS_KEY_FILE="+keyFile)
	}
	p := startProgram(t, environment...)
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	go func() {
		for {
			select {
			case <-p.stderr.lines: // a log that is not read holds the program up
			case <-done:
				return
			}
		}
	}()
	server := modelServers[i].model
	server.Goodbye = "bye"
	server.Dial = func(slow bool) (net.Conn, error) {
		var dialer net.Dialer
		if slow {
			dialer.Control = smallWindow
		}
		if modelServers[i].tls {
			return tls.DialWithDialer(&dialer, "tcp", p.addr, config)
		}
		return dialer.Dial("tcp", p.addr)
	}
	return &server, p
}

// TestModel compares the service with the reference model, with both drivers, over TCP and TLS.
func TestModel(t *testing.T) {
	programs, drains := *modelPrograms, *modelDrains
	if withRaceDetector {
		programs, drains = (programs+3)/4, (drains+3)/4
	}
	var coverage model.Coverage
	for i := range modelServers {
		t.Run(modelServers[i].name, func(t *testing.T) { compareWithModel(t, i, programs, &coverage) })
		for round := range drains {
			d := modelDrain{server: i, first: modelSeedOf(i, round*modelDrainClients), impatient: round%4 == 3}
			t.Run(fmt.Sprintf("%s-drain-%d", modelServers[i].name, d.first), func(t *testing.T) { d.compare(t, &coverage) })
		}
	}
	t.Log(&coverage)
}

// modelSeedOf is the seed of the n-th program for the i-th server.
func modelSeedOf(i, n int) uint64 { return *modelSeed + uint64(i)*1_000_000_000 + uint64(n) }

// compareWithModel runs programs against the i-th server, some at a time.
func compareWithModel(t *testing.T, i, count int, coverage *model.Coverage) {
	server, _ := startModelServer(t, i, "CLOSE_TIMEOUT=30s")
	programs := make(chan modelProgram)
	var clients sync.WaitGroup
	var failure sync.Once
	for range modelClients {
		clients.Go(func() {
			for p := range programs {
				result := model.Run(server, p.Program, modelPatience)
				coverage.Add(result.Visited)
				if result.Diff != "" {
					failure.Do(func() {
						t.Errorf("%s: %s\n%s", p.name, result.Diff, shrinkModelProgram(p.Program, func(p *model.Program) string {
							return model.Run(server, p, modelShrinkPatience).Diff
						}))
					})
				}
			}
		})
	}
	for _, r := range modelRegressions {
		programs <- r
	}
	for n := 0; n < count && !t.Failed(); n++ {
		seed := modelSeedOf(i, n)
		programs <- modelProgram{fmt.Sprintf("program %d, seed %d", n+1, seed), model.Generate(server, seed, false)}
	}
	close(programs)
	clients.Wait()
}

// modelDrain is the shutdown of a server while programs run.
type modelDrain struct {
	server    int    // its index
	first     uint64 // the seed of the first program
	impatient bool   // the server does not wait long for close frames
}

// compare compares the shutdown with the model.
func (d modelDrain) compare(t *testing.T, coverage *model.Coverage) {
	programs := make([]*model.Program, modelDrainClients)
	for n := range programs {
		programs[n] = model.Generate(&modelServers[d.server].model, d.first+uint64(n), true)
	}
	for n, result := range d.run(t, programs, modelPatience) {
		coverage.Add(result.Visited)
		if result.Diff != "" {
			t.Fatalf("seed %d: %s\n%s", d.first+uint64(n), result.Diff, shrinkModelProgram(programs[n], func(p *model.Program) (diff string) {
				t.Run("shrink", func(t *testing.T) {
					for _, result := range d.run(t, slices.Repeat([]*model.Program{p}, modelDrainClients), modelShrinkPatience) {
						diff = max(diff, result.Diff)
					}
				})
				return diff
			}))
		}
	}
}

// run starts the server, runs the programs beside each other, and shuts the service down when
// all of them have come to that point.
func (d modelDrain) run(t *testing.T, programs []*model.Program, patience time.Duration) []model.Result {
	closeTimeout := "CLOSE_TIMEOUT=30s"
	if d.impatient {
		closeTimeout = "CLOSE_TIMEOUT=100ms"
	}
	server, p := startModelServer(t, d.server, closeTimeout, "DRAIN_SPREAD=20ms", "DRAIN_TIMEOUT=30s")
	server.Impatient = d.impatient
	var ready, done sync.WaitGroup
	results := make([]model.Result, len(programs))
	for n, q := range programs {
		ready.Add(1)
		done.Go(func() {
			mine := *server
			arrive := sync.OnceFunc(ready.Done)
			mine.Drain = func() {
				arrive()
				ready.Wait()
				p.stop()
			}
			results[n] = model.Run(&mine, q, patience)
			arrive()
		})
	}
	done.Wait()
	return results
}

// modelProgram is a program and what it is called.
type modelProgram struct {
	name string
	*model.Program
}

// shrinkModelProgram makes a program that fails smaller, and describes it.
func shrinkModelProgram(p *model.Program, run func(*model.Program) (diff string)) string {
	deadline := time.Now().Add(modelShrinkTime)
	last := "not again"
	small := model.Shrink(p, func(p *model.Program) bool {
		if time.Now().After(deadline) {
			return false
		}
		diff := run(p)
		if diff != "" {
			last = diff
		}
		return diff != ""
	})
	return fmt.Sprintf("shrunk: %s\n%v", last, small)
}
