// Command autobahn judges a report of the Autobahn test suite's fuzzing client: every
// case has to be OK or INFORMATIONAL, in what the server did and in how it closed.
//
//	go run ./autobahn reports/index.json
//
// The exit status is 0 when that is so, and 1 when not, with the cases that are not on
// standard error. fuzzingclient.json is what the client is run with.
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
		err = judge(index, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "autobahn:", err)
		os.Exit(1)
	}
}

// A result is what the report's index says of a case. The words are OK, INFORMATIONAL,
// NON-STRICT, FAILED, UNIMPLEMENTED and, of a close, WRONG CODE, UNCLEAN, FAILED BY CLIENT.
type result struct {
	Behavior      string
	BehaviorClose string
}

// judge prints how many cases each agent had, by outcome. Its error has a line for
// every case that did not pass.
func judge(index []byte, w io.Writer) error {
	var agents map[string]map[string]result
	if err := json.Unmarshal(index, &agents); err != nil {
		return fmt.Errorf("the index is not a report's: %w", err)
	}
	if len(agents) == 0 {
		return errors.New("the index has no agent: nothing was tested")
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

// passes is false for NON-STRICT too: it is the suite's word for an answer that is late
// or lenient, and a faithful server is neither.
func passes(outcome string) bool {
	return outcome == "OK" || outcome == "INFORMATIONAL"
}

// compareCases orders the ids of cases, such as 7.9.10, by their numbers.
func compareCases(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(a, b string) int {
		x, _ := strconv.Atoi(a) // an id that is no number comes first
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
