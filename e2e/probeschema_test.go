package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestProbeOutputMatchesItsSchema runs the probe in each mode, against good and bad targets,
// and validates its output against docs/probe.schema.json.
func TestProbeOutputMatchesItsSchema(t *testing.T) {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile("../docs/probe.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	p := startBinary(t)
	health := fmt.Sprintf("localhost:%d", p.ports["health"])
	for _, args := range [][]string{
		{p.url()}, {"-wait", "5s", p.url()}, {"-n", "10", p.url()}, {"-idle", "1s", p.url()}, {"-watch", "-for", "2s", p.url()},
		{health}, {"-wait", "1s", health}, {"-n", "10", health}, {"-idle", "1s", health}, {"-watch", "-for", "1s", health},
		{"wss://" + health}, {"-timeout", "1s", "ws://" + listener(t, false)}, {fmt.Sprintf("localhost:%d", freePort(t, "localhost"))},
	} {
		output, _ := echosvc(t, append([]string{"probe", "-json"}, args...)...).Output() // the exit status is tested elsewhere
		documents := []string{string(output)}
		if args[0] == "-watch" {
			documents = strings.Split(strings.TrimSpace(string(output)), "\n")
		}
		for _, document := range documents {
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(document))
			if err == nil {
				err = schema.Validate(value)
			}
			if err != nil {
				t.Errorf("%q: %v\n%s", args, err, document)
			}
		}
	}
}
