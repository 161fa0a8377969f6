//go:build !unix

package service

// fileLimit is 0: the system sets no limit for each process that could be asked for.
func fileLimit() int { return 0 }
