//go:build !unix

package service

import "os"

// listens reports that a socket listens: only systemd passes sockets.
func listens(*os.File) bool { return true }

// checkPassed finds nothing wrong.
func checkPassed(string, string) error { return nil }
