package service

import (
	"cmp"
	"slices"
)

// rank is the place of a connection in a list: by a number, and by ID among equals.
type rank struct {
	number int64
	id     uint64
}

// firstRanks keeps the first ranks of those that are added, in order. Adding is fast, because loops
// do it.
type firstRanks struct {
	most       int // how many are kept
	descending bool
	ranks      []rank
}

// compare compares ranks in the order of the list.
func (f *firstRanks) compare(a, b rank) int {
	order := cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.id, b.id))
	if f.descending {
		return -order
	}
	return order
}

// add adds a rank.
func (f *firstRanks) add(r rank) {
	if len(f.ranks) == f.most {
		last := f.most - 1
		if f.compare(r, f.ranks[last]) > 0 {
			return
		}
		f.ranks = f.ranks[:last]
	}
	i, _ := slices.BinarySearchFunc(f.ranks, r, f.compare)
	f.ranks = slices.Insert(f.ranks, i, r)
}
