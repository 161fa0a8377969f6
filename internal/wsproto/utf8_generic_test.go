//go:build !(amd64 || arm64) || purego

package wsproto

import "testing"

// everyUTF8Step runs a test once, because there is no assembly.
func everyUTF8Step(t *testing.T, test func(t *testing.T)) { test(t) }
