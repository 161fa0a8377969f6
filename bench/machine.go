package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// cores says which core the server and the load are pinned to.
type cores struct{ server, load int }

// twoCores returns the first two cores that this process may use.
func twoCores() (cores, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return cores{}, err
	}
	var usable []int
	for core := range len(set) * 64 {
		if set.IsSet(core) {
			usable = append(usable, core)
		}
	}
	if len(usable) < 2 {
		return cores{}, errors.New("the bench needs two cores, one for the server and one for the load")
	}
	return cores{server: usable[0], load: usable[1]}, nil
}

// pin pins the calling thread, and the processes it starts, to cores.
func pin(cores ...int) error {
	var set unix.CPUSet
	for _, core := range cores {
		set.Set(core)
	}
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("pinning to cores %d: %w", cores, err)
	}
	return nil
}

// maxIdle is how many connections from one address to another fit into the default range of
// ephemeral ports (ip_local_port_range), with some to spare.
const maxIdle = 25000

// idleConnections returns how many connections the limit of open files allows, leaving a
// twentieth for everything else.
func idleConnections() (int, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, err
	}
	return int(min(limit.Max-limit.Max/20, maxIdle)), nil
}

// machine describes the CPU, the number of cores, the kernel and the Go version.
func machine() string {
	model := "unknown CPU"
	info, _ := os.ReadFile("/proc/cpuinfo") // optional
	for line := range bytes.Lines(info) {
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && string(bytes.TrimSpace(name)) == "model name" {
			model = string(bytes.TrimSpace(value))
			break
		}
	}
	kernel := ""
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		kernel = ", Linux " + unix.ByteSliceToString(name.Release[:])
	}
	return fmt.Sprintf("%s, %d cores%s, %s", model, runtime.NumCPU(), kernel, runtime.Version())
}
