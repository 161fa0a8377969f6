//go:build !(amd64 || arm64) || purego

package wsproto

func (c *utf8Checker) checkWide(p []byte) (rest []byte) { return p }
