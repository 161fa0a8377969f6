package service

import (
	"bytes"
	"os"
	"strconv"
)

// socketMemory returns how many bytes the TCP sockets of this network namespace hold, or 0
// if that is not known. In a container the namespace is that of the pod.
func socketMemory() int64 {
	stat, err := os.ReadFile("/proc/net/sockstat")
	if err != nil {
		return 0
	}
	return parseSockstat(stat) * int64(os.Getpagesize())
}

// parseSockstat returns the pages of TCP: the number after "mem" in the line
// "TCP: inuse 5 orphan 0 tw 0 alloc 7 mem 2".
func parseSockstat(stat []byte) int64 {
	for line := range bytes.Lines(stat) {
		fields := bytes.Fields(line)
		if len(fields) == 0 || string(fields[0]) != "TCP:" {
			continue
		}
		for i, field := range fields[:len(fields)-1] {
			if string(field) == "mem" {
				n, _ := strconv.ParseInt(string(fields[i+1]), 10, 64)
				return n
			}
		}
	}
	return 0
}
