package wsconn

import (
	"testing"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// TestStagesOnlyAdvance: no transition leads to an earlier stage.
func TestStagesOnlyAdvance(t *testing.T) {
	transitions := []struct {
		name string
		to   stage
		do   func(*life)
	}{
		{"open", stageOpen, (*life).open},
		{"startClosing", stageClosing, func(l *life) { l.startClosing(ByServer, end{code: wsproto.CloseGoingAway}) }},
		{"linger", stageLingering, (*life).linger},
	}
	for from := stageHead; from <= stageLingering; from++ {
		for _, transition := range transitions {
			l := life{stage: from}
			transition.do(&l)
			if want := max(from, transition.to); l.stage != want {
				t.Errorf("%s in the stage %v leads to %v, want %v", transition.name, from, l.stage, want)
			}
		}
	}
}

// TestFirstCloseCounts: the log shows which side started the close, and its code.
func TestFirstCloseCounts(t *testing.T) {
	tests := []struct {
		name string
		do   func(*life)
		want life
	}{
		{"no close", func(l *life) {}, life{}},
		{"the server, then the client", func(l *life) {
			l.noteClose(ByServer, newEnd(whyDrain, wsproto.CloseGoingAway, "away"))
			l.noteClose(ByClient, end{why: whyClient, code: 4000})
		}, life{initiator: ByServer, end: end{wsproto.CloseGoingAway, whyDrain, 4}}},
		{"the client, then the server", func(l *life) {
			l.noteClose(ByClient, end{why: whyClient, code: 4000})
			l.startClosing(ByServer, newEnd(whyDrain, wsproto.CloseGoingAway, "away"))
		}, life{stage: stageClosing, initiator: ByClient, end: end{why: whyClient, code: 4000}}},
		{"an error after the server's close frame", func(l *life) {
			l.startClosing(ByServer, end{why: whyGoodbye, code: wsproto.CloseNormalClosure})
			l.fail(wsproto.ErrReservedOpcode, "reserved")
		}, life{stage: stageClosing, initiator: ByServer, end: end{why: whyGoodbye, code: wsproto.CloseNormalClosure}, err: wsproto.ErrReservedOpcode}},
		{"an error", func(l *life) { l.fail(wsproto.ErrReservedOpcode, "reserved") },
			life{initiator: ByServer, end: end{wsproto.CloseProtocolError, whyProtocolError, 8}, err: wsproto.ErrReservedOpcode}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var l life
			test.do(&l)
			if l != test.want {
				t.Errorf("got %+v, want %+v", l, test.want)
			}
		})
	}
}
