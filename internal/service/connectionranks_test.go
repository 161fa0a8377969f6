package service

import (
	"slices"
	"testing"
)

// TestFirstRanks: the first are kept in either direction, and equals are in the order of IDs.
func TestFirstRanks(t *testing.T) {
	added := []rank{{5, 1}, {3, 2}, {5, 3}, {1, 4}, {3, 5}, {9, 6}}
	for _, test := range []struct {
		most       int
		descending bool
		want       []rank
	}{
		{3, false, []rank{{1, 4}, {3, 2}, {3, 5}}},
		{3, true, []rank{{9, 6}, {5, 3}, {5, 1}}},
		{10, false, []rank{{1, 4}, {3, 2}, {3, 5}, {5, 1}, {5, 3}, {9, 6}}},
		{1, true, []rank{{9, 6}}},
	} {
		f := firstRanks{most: test.most, descending: test.descending}
		for _, r := range added {
			f.add(r)
		}
		if got := f.ranks; !slices.Equal(got, test.want) {
			t.Errorf("the first %d (descending: %v) are %v, want %v", test.most, test.descending, got, test.want)
		}
	}
}
