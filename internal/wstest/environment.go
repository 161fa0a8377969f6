package wstest

import (
	"os"
	"strings"
)

// UnsetVariables unsets every variable that help documents, so that tests do not depend
// on the environment they are started in. help is the output of "echosvc help": a
// variable's name is the first word of its line.
func UnsetVariables(help string) {
	for line := range strings.Lines(help) {
		if words := strings.Fields(line); len(words) > 0 {
			os.Unsetenv(words[0])
		}
	}
}

// Environment returns the environment for a program that a test starts: the variables
// that any program may need, those of the Go runtime and toolchain, and the given ones.
// It expects that UnsetVariables has run: GOODBYE is a variable of echosvc.
func Environment(variables ...string) []string {
	var environment []string
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		switch {
		case name == "PATH", name == "HOME", name == "TMPDIR", strings.HasPrefix(name, "GO"):
			environment = append(environment, variable)
		}
	}
	return append(environment, variables...)
}
