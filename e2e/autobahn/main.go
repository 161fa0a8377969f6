// Command autobahn checks a report of the Autobahn test suite's fuzzing client: every case must
// be OK or INFORMATIONAL, in its behavior and in how it was closed.
//
//	go run ./autobahn reports/index.json
//
// The exit status is 0 if so, and 1 if not, with the failed cases on standard error. The client is
// configured by fuzzingclient.json.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: autobahn INDEX.JSON")
		os.Exit(2)
	}
	index, err := os.ReadFile(os.Args[1])
	if err == nil {
		err = check(index, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "autobahn:", err)
		os.Exit(1)
	}
}

// A result is an entry of the report's index. Its values are OK, INFORMATIONAL, NON-STRICT, FAILED,
// UNIMPLEMENTED and, for a close, WRONG CODE, UNCLEAN and FAILED BY CLIENT.
type result struct {
	Behavior      string
	BehaviorClose string
}

// check prints the number of cases by agent and outcome. Its error has a line for every case that
// did not pass.
func check(index []byte, w io.Writer) error {
	var agents map[string]map[string]result
	if err := json.Unmarshal(index, &agents); err != nil {
		return fmt.Errorf("not the index of a report: %w", err)
	}
	if len(agents) == 0 {
		return errors.New("the index has no agents: nothing was tested")
	}
	var errs []error
	for _, agent := range sortedKeys(agents, strings.Compare) {
		cases := agents[agent]
		if len(cases) == 0 {
			errs = append(errs, fmt.Errorf("%s: no case was run", agent))
		}
		outcomes := map[string]int{}
		for _, id := range sortedKeys(cases, compareCases) {
			r := cases[id]
			outcomes[r.Behavior]++
			if !passes(r.Behavior) || !passes(r.BehaviorClose) {
				errs = append(errs, fmt.Errorf("%s: case %s: %q, close %q", agent, id, r.Behavior, r.BehaviorClose))
			}
		}
		fmt.Fprintf(w, "%s: %d cases", agent, len(cases))
		for _, outcome := range sortedKeys(outcomes, strings.Compare) {
			fmt.Fprintf(w, ", %d %s", outcomes[outcome], outcome)
		}
		fmt.Fprintln(w)
	}
	return errors.Join(errs...)
}

// passes reports whether an outcome counts as passed. NON-STRICT does not: it is the suite's word
// for a late or lenient answer.
func passes(outcome string) bool {
	return outcome == "OK" || outcome == "INFORMATIONAL"
}

// compareCases orders case IDs such as 7.9.10 by their numbers.
func compareCases(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(a, b string) int {
		x, _ := strconv.Atoi(a) // IDs that are not numbers come first
		y, _ := strconv.Atoi(b)
		return x - y
	})
}

func sortedKeys[V any](m map[string]V, compare func(a, b string) int) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, compare)
	return keys
}
