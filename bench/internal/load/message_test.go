package load

import (
	"encoding/json"
	"math"
	"testing"
	"unicode/utf8"
)

func TestMessagesDiffer(t *testing.T) {
	for _, l := range Loads(10000) {
		if l.Kind == Handshake {
			continue
		}
		seen := map[string]bool{}
		for i := range l.Variants {
			seen[string(l.Message(i))] = true
		}
		if len(seen) != l.Variants {
			t.Errorf("load %s has %d different messages, want %d", l.Name, len(seen), l.Variants)
		}
		if l.InFlight > l.Variants {
			t.Errorf("load %s has %d messages in flight, but only %d in its ring", l.Name, l.InFlight, l.Variants)
		}
	}
	if n := len(octets(16 << 10)(3)); n != 16<<10 {
		t.Errorf("%d bytes, want 16 KiB", n)
	}
}

func TestTextIsMostlyMultibyte(t *testing.T) {
	for i := range 16 {
		p := text(words, 1<<10)(i)
		if len(p) != 1<<10 || !utf8.Valid(p) || utf8.RuneCount(p) > len(p)*3/4 {
			t.Errorf("text %d: %d bytes, valid %v, %d characters", i, len(p), utf8.Valid(p), utf8.RuneCount(p))
		}
	}
}

func TestScriptsFillTheirMessages(t *testing.T) {
	for name, bytesPerCharacter := range map[string]float64{"cyrillic": 1.8, "cjk": 3, "emoji": 3.8, "latin": 1.03} {
		for _, script := range scripts {
			if script.name != name {
				continue
			}
			p := text(script.sample, 4<<10)(5)
			if got := float64(len(p)) / float64(utf8.RuneCount(p)); len(p) != 4<<10 || !utf8.Valid(p) || math.Abs(got-bytesPerCharacter) > 0.1 {
				t.Errorf("%s: %d bytes, valid %v, %.2f bytes a character, want %.2f", name, len(p), utf8.Valid(p), got, bytesPerCharacter)
			}
		}
	}
}

func TestDocumentsCompress(t *testing.T) {
	for i := range 16 {
		p := document(4000)(i)
		packed, err := deflate(p)
		if !json.Valid(p) || len(p) < 4000 || len(p) > 4400 || err != nil || len(packed) > len(p)/2 {
			t.Errorf("document %d: %d bytes, valid %v, %d compressed, %v", i, len(p), json.Valid(p), len(packed), err)
		}
	}
}
