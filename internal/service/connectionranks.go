package service

import (
	"cmp"
	priority "container/heap"
	"slices"
)

// rank is the place of a connection in a list: by a number, and by ID among equals.
type rank struct {
	number int64
	id     uint64
}

// firstRanks keeps the first ranks of those that are added. Adding is fast, because loops do
// it.
type firstRanks struct {
	most       int // how many are kept
	descending bool
	ranks      []rank // a heap once there are that many; its root is the last of them
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
	switch {
	case len(f.ranks) < f.most:
		f.ranks = append(f.ranks, r)
		if len(f.ranks) == f.most {
			priority.Init(f)
		}
	case f.compare(r, f.ranks[0]) < 0:
		f.ranks[0] = r
		priority.Fix(f, 0)
	}
}

// sorted returns the ranks in order. None can be added after that.
func (f *firstRanks) sorted() []rank {
	slices.SortFunc(f.ranks, f.compare)
	return f.ranks
}

// The methods of heap.Interface. Init and Fix need no others.

func (f *firstRanks) Len() int           { return len(f.ranks) }
func (f *firstRanks) Less(i, j int) bool { return f.compare(f.ranks[i], f.ranks[j]) > 0 }
func (f *firstRanks) Swap(i, j int)      { f.ranks[i], f.ranks[j] = f.ranks[j], f.ranks[i] }
func (f *firstRanks) Push(any)           { panic("not called") }
func (f *firstRanks) Pop() any           { panic("not called") }
