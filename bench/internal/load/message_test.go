package load

import (
	"encoding/json"
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
		p := text(1 << 10)(i)
		if len(p) != 1<<10 || !utf8.Valid(p) || utf8.RuneCount(p) > len(p)*3/4 {
			t.Errorf("text %d: %d bytes, valid %v, %d characters", i, len(p), utf8.Valid(p), utf8.RuneCount(p))
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
