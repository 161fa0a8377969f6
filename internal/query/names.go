package query

import (
	"fmt"
	"slices"
	"strings"
)

const (
	// maxNames is how many ignored names are listed.
	maxNames = 16
	// maxListed is the longest name that is listed, in bytes.
	maxListed = 32
	// maxLooked is how many parameters are compared with the list. More are only counted.
	maxLooked = 64
)

// Names are the names of parameters that were ignored, without their values. A parameter
// without "=", or with a long name or unusual characters, may be a secret, so only its length
// is listed.
type Names struct {
	list   []string // distinct
	looked int      // parameters that were compared with the list
	more   int      // parameters that are not listed
}

// Ignore returns the names of all parameters in the query of a target.
func Ignore(target string) (ignored Names) {
	_, query, _ := strings.Cut(target, "?")
	for part := range strings.SplitSeq(query, "&") {
		if part != "" {
			ignored.add(part)
		}
	}
	return ignored
}

// add adds the name of a parameter. It reports whether the name is new, as far as the list shows.
func (n *Names) add(part string) bool {
	if len(n.list) == maxNames || n.looked == maxLooked {
		n.more++
		return true
	}
	n.looked++
	name, _, named := strings.Cut(part, "=")
	nameless := !named || !listable(name)
	if nameless {
		name = fmt.Sprintf("(%d bytes)", len(name))
	}
	if slices.Contains(n.list, name) {
		return nameless
	}
	n.list = append(n.list, strings.Clone(name)) // a substring would keep the whole request head in memory
	return true
}

// listable reports whether a name can be listed as it arrived.
func listable(name string) bool {
	unusual := func(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"'\,()`, c) }
	return name != "" && len(name) <= maxListed && !strings.ContainsFunc(name, unusual)
}

// List returns the names in the order of the query, or nil if there are none. If there are too
// many, the last element is the number of the rest.
func (n Names) List() []string {
	if n.more > 0 {
		return append(slices.Clone(n.list), fmt.Sprintf("(%d more)", n.more))
	}
	return n.list
}

// String returns the list with commas.
func (n Names) String() string { return strings.Join(n.List(), ",") }
