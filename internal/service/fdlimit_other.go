//go:build !unix

package service

// fileLimit returns 0: this system reports no limit of open files for a process.
func fileLimit() int { return 0 }
