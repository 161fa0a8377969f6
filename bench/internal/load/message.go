package load

import (
	"encoding/json"
	"fmt"
)

// octets returns a function that makes binary messages of size bytes.
func octets(size int) func(i int) []byte {
	return func(i int) []byte {
		p := make([]byte, size)
		for k := range p {
			p[k] = byte((k+1)*(2*i+1) + k>>8)
		}
		return p
	}
}

// words has spaces and characters of two, three and four bytes in UTF-8.
const words = "κόσμε Привет 世界 こんにちは 🙂 naïve ﷽ שלום "

// scripts are ways of writing that differ in the length of their characters in UTF-8: two bytes,
// three, four, and mostly one.
var scripts = []struct{ name, title, sample string }{
	{"cyrillic", "Cyrillic text", "Все люди рождаются свободными и равными в своём достоинстве и правах. "},
	{"cjk", "CJK text", "人人生而自由，在尊严和权利上一律平等。すべての人間は、生まれながらにして自由である。"},
	{"emoji", "emoji", "🙂🚀🌍🎉👩‍🚀❤️🔥😀🐙🥨🦊🌵🍓🎲🧭🪁"},
	{"latin", "Latin text", "Tous les êtres humains naissent libres et égaux. Alle Menschen sind frei und gleich an Würde geboren. "},
}

// text returns a function that makes messages of size bytes of UTF-8, which repeat the sample from
// a different character each.
func text(sample string, size int) func(i int) []byte {
	runes := []rune(sample)
	return func(i int) []byte {
		p := make([]byte, 0, size)
		for k := i; ; k++ {
			r := string(runes[k%len(runes)])
			if len(p)+len(r) > size {
				break
			}
			p = append(p, r...)
		}
		for len(p) < size {
			p = append(p, '.')
		}
		return p
	}
}

// document returns a function that makes JSON of about size bytes, which compresses as JSON
// usually does: repeated names, varying values.
func document(size int) func(i int) []byte {
	type reading struct {
		ID      string  `json:"id"`
		Sensor  string  `json:"sensor"`
		Celsius float64 `json:"celsius"`
		Healthy bool    `json:"healthy"`
		Note    string  `json:"note"`
	}
	return func(i int) []byte {
		var readings []reading
		for k, length := 0, 0; length < size; k++ {
			n := uint32(i*1000+k+1) * 2654435761 // Knuth's multiplicative hash
			readings = append(readings, reading{
				ID: fmt.Sprintf("%08x", n), Sensor: fmt.Sprintf("hall-%d/%d", n%7, n%23),
				Celsius: float64(n%4000) / 100, Healthy: n%5 != 0, Note: []string{"", "geprüft", "κόσμε"}[n%3],
			})
			one, _ := json.Marshal(readings[k]) // cannot fail
			length += len(one) + 1
		}
		p, _ := json.Marshal(readings)
		return p
	}
}
