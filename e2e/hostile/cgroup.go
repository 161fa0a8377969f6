//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"
)

// A cgroup bounds the memory of a server as a container does. It may be nil.
type cgroup struct{ dir string }

var cgroups atomic.Int32

// newCgroup makes a cgroup with a limit in bytes, of version 2 where there is a memory
// controller, else of version 1. It fails without the right to do so.
func newCgroup(limit int64) (*cgroup, error) {
	name := fmt.Sprintf("hostile-%d-%d", os.Getpid(), cgroups.Add(1))
	text := strconv.FormatInt(limit, 10)

	v2 := &cgroup{filepath.Join("/sys/fs/cgroup", name)}
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		if err := os.Mkdir(v2.dir, 0o755); err != nil {
			return nil, err
		}
		if err := v2.set("memory.max", text); err != nil {
			return nil, errors.Join(err, v2.remove())
		}
		return v2, nil
	}

	v1 := &cgroup{filepath.Join("/sys/fs/cgroup/memory", name)}
	if err := os.Mkdir(v1.dir, 0o755); err != nil {
		return nil, err
	}
	// Version 1 counts socket buffers apart, and only with a limit.
	if err := errors.Join(v1.set("memory.limit_in_bytes", text), v1.set("memory.kmem.tcp.limit_in_bytes", text)); err != nil {
		return nil, errors.Join(err, v1.remove())
	}
	return v1, nil
}

func (c *cgroup) set(file, value string) error {
	return os.WriteFile(filepath.Join(c.dir, file), []byte(value), 0o644)
}

// procs is the file to which a process writes its ID.
func (c *cgroup) procs() string { return filepath.Join(c.dir, "cgroup.procs") }

// remove removes the cgroup after its last process has ended.
func (c *cgroup) remove() (err error) {
	if c == nil {
		return nil
	}
	for range 100 {
		if err = os.Remove(c.dir); err == nil || errors.Is(err, os.ErrNotExist) {
			return nil
		}
		time.Sleep(10 * time.Millisecond) // the kernel takes a moment after the process
	}
	return err
}
