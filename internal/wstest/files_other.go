//go:build !unix

package wstest

import "testing"

// NeedFiles does nothing on systems that have no limit to ask for.
func NeedFiles(testing.TB, int) {}
