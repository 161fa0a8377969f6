//go:build !amd64 || purego

package wsproto

func unmaskWide(p []byte, key64 uint64) (seen uint64) { return unmaskWords(p, key64) }
