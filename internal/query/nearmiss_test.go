package query

import (
	"strings"
	"testing"
)

// names are the names of some controls.
var names = func() (t Table[int]) {
	for name := range strings.FieldsSeq("greet delay close_after close_in close_code close_reason drop_after drop_in reset_after reset_in stall_in ping pong fragment deflate subprotocol every close refuse refuse_after") {
		t = append(t, Control[int]{Name: name})
	}
	return t
}()

func TestNearMisses(t *testing.T) {
	for rule, pairs := range map[string]string{
		"case":              "Greet greet PING ping CloseAfter close_after closeIn close_in CLOSE_CODE close_code",
		"separators":        "close-in close_in close.after close_after closein close_in closereason close_reason sub_protocol subprotocol every_ every close+code close_code",
		"doubled letters":   "greeet greet gret greet pingg ping pponng pong drop_affter drop_after",
		"a letter replaced": "close_on close_in deleay delay gteet greet clise close stell_in stall_in reset_im reset_in",
		"a letter missing":  "clos_in close_in dely delay evry every fragmnt fragment deflat deflate refus refuse subprotcol subprotocol",
		"a letter too many": "delays delay closse_code close_code fragments fragment subprotocols subprotocol everyy every",
		"letters swapped":   "dleay delay pnig ping pogn pong evrey every clsoe close clos_ein close_in reset_afetr reset_after",
		"two letters":       "clos_affer close_after close_resn close_reason refuse_atfe refuse_after fragmt fragment",
		"the beginning":     "close_re close_reason fragme fragment subprot subprotocol drop_a drop_after",
		"more":              "closeInSeconds close_in close_in_s close_in drop_after_n drop_after stall-in-seconds stall_in",
	} {
		list := strings.Fields(pairs)
		for i := 0; i < len(list); i += 2 {
			if got := names.nearest(list[i]); got != list[i+1] {
				t.Errorf("%s: %s is taken for %q, want %s", rule, list[i], got, list[i+1])
			}
		}
	}
}

// TestNoFalseAlarms: names that clients, frameworks and proxies really use, and words that
// look like a control.
func TestNoFalseAlarms(t *testing.T) {
	for name := range strings.FieldsSeq(`token access_token jwt auth api_key apikey key ticket session sid room room_id channel topic user user_id uid id ids
		v version EIO transport t j b64 encoding _ _page id connectionId connectionToken negotiateVersion asgi clientId client_id device platform app build
		hash nonce ts time timestamp date since from to cursor offset limit sort order dir width height theme mode preview share invite redirect next callback
		proto protocol protocols sub pub frag part seq ack heartbeat keepalive timeout interval pingInterval pingTimeout ping_interval retry attempt reconnect
		state status code reason reset drop stall after in at on stream symbol symbols lang locale page q s k x y z utm_source gclid fbclid tenant path ref
		pin png pig pink king ring sing song long gong pongo great green greed relay decay delta clone closed closer closest chose lose closing ever very never
		reuse refused refuge reflate inflate segment close_id reset_id drop_id reset_pin drop_pin stall_id close_mode reset_mode close_min close_case close_note close_role close_one close_conn close_pod closeTimeout close_on_exit closeId resetId dropPin closeNote fragmentId deflated fragmented greeting ping_pong reset_token drop_zone
		close_tab delayed deploy display echo text binary format debug verbose seed size count rate`) {
		if got := names.nearest(name); got != "" {
			t.Errorf("%s is taken for %s", name, got)
		}
	}
}

// FuzzNearest: no name panics, and each control is nearest to itself.
func FuzzNearest(f *testing.F) {
	for _, seed := range []string{"", "clos_in", "\u0130\u0130\u0130\u0130\u0130\u0130\u0130\u0130", "%", "________________", "p\xffing"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		nearest := names.nearest(name)
		for _, c := range names {
			if c.Name == name && nearest != name {
				t.Errorf("%s is taken for %q", name, nearest)
			}
		}
	})
}

func TestEditDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abcd", "abxd", 1}, {"abcd", "bacd", 1}, {"kitten", "sitting", 3}} {
		if got := EditDistance(test.a, test.b); got != test.want {
			t.Errorf("from %q to %q it is %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
