package query

import (
	"slices"
	"strings"
	"unicode"
)

// MaxWord is the longest word that EditDistance compares, in bytes.
const MaxWord = 16

// maxControl is the longest name of a control.
const maxControl = MaxWord

// far is the distance between names that are not alike.
const far = 1 << 10

// distance returns the distance of a name from that of a control. Less than far means that it
// is most likely a typing error:
//
//   - it differs only in case, separators or doubled letters: CloseAfter, close-in, greeet;
//   - it is one edit away, from 8 letters on two, where an edit inserts, deletes or replaces
//     a letter, or swaps two neighbors: close_on, clos_in, dleay. Up to 4 letters only a swap
//     counts, since too many words are one letter away;
//   - it is the beginning of the control, well into it, or goes on after a control of two
//     words: close_re, fragme, close_in_s.
//
// English words such as closed are near, too; see ownWord.
func distance(name, control string) int {
	a, b := letters(name), letters(control)
	switch {
	case a == b:
		return 0
	case len(a) > len(b)+2 && !strings.HasPrefix(a, b), len(b) > len(a)+2 && !strings.HasPrefix(b, a):
		return far // for most names, without the cost of the rest
	case slices.Equal(slices.Compact([]byte(a)), slices.Compact([]byte(b))):
		return 1
	}
	edits := EditDistance(a, b)
	switch {
	case len(b) <= 4:
		if edits == 1 && len(a) == len(b) && isSwap(a, b) {
			return edits
		}
		return far
	case edits == 1 || edits == 2 && len(b) >= 8:
		return edits
	}
	words := underscored(name)
	switch {
	case strings.Contains(control, "_") && (strings.Contains(words, "_") && strings.HasPrefix(control, words) || strings.HasPrefix(words, control+"_")),
		!strings.Contains(control, "_") && len(a) >= 6 && strings.HasPrefix(b, a):
		return 3
	}
	return far
}

// separators are characters between words.
const separators = "_-. +~"

// letters returns a name in lower case, without separators.
func letters(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(separators, r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// underscored returns a name in lower case, with underscores between its words: close_in for
// close-in and closeIn.
func underscored(name string) string {
	var b strings.Builder
	lower := false // the last letter was in lower case
	for _, r := range name {
		upper := unicode.IsUpper(r)
		switch {
		case strings.ContainsRune(separators, r):
			r = '_'
		case upper && lower:
			b.WriteByte('_')
		}
		lower = unicode.IsLower(r)
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// ownWords are words that are one or two edits away from a control and have a meaning of their
// own. They have no separators.
var ownWords = strings.Fields(`
	great green greed greek freet relay decay belay delta ever very clone closed closer closet lose chose
	reuse refuge refute defuse recuse refused reflate deflated stalling stallion segment fragmented`)

// lastWords are common last words of names that are one or two edits away from the "in" or "code" of
// a control.
var lastWords = strings.Fields(`id ids is if it an pin min bin win fin int mode node season
	case conn cost date door home name note one order pod role`)

// ownWord reports whether a name that is like a control has a meaning of its own.
func ownWord(name string) bool {
	if slices.Contains(ownWords, letters(name)) {
		return true
	}
	words := underscored(name)
	i := strings.LastIndexByte(words, '_')
	return i >= 0 && slices.Contains(lastWords, words[i+1:])
}

// isSwap reports whether two strings of the same length differ by a swap of two neighbors.
func isSwap(a, b string) bool {
	i := 0
	for a[i] == b[i] {
		i++
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i]
}

// EditDistance returns how many edits turn a into b (optimal string alignment): letters inserted,
// deleted or replaced, and neighbors swapped. Both have at most [MaxWord] bytes.
func EditDistance(a, b string) int {
	var d [MaxWord + 1][MaxWord + 1]int
	for i := range len(a) + 1 {
		d[i][0] = i
	}
	for j := range len(b) + 1 {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replaced := d[i-1][j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, replaced)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
