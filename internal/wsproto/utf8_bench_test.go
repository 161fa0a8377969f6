package wsproto

import (
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/wstest"
)

// textSamples are texts in which characters of each length are usual.
var textSamples = []struct{ name, text string }{
	{"ASCII", "The quick brown fox jumps over the lazy dog. "},
	{"Latin", "Le cœur déçu mais l'âme plutôt naïve, Louÿs rêva de crapaüter en canoë. "},
	{"Cyrillic", "Съешь же ещё этих мягких французских булок, да выпей чаю. "},
	{"CJK", "いろはにほへと散りぬるを我が世誰ぞ常ならむ有為の奥山今日越えて"},
	{"emoji", "😀😃🚀🎉👍🏽🐧🌍🎶"},
}

// repeatTo returns text, repeated to about size bytes in whole characters.
func repeatTo(text string, size int) string { return strings.Repeat(text, max(1, size/len(text))) }

func BenchmarkUTF8(b *testing.B) {
	for _, sample := range textSamples {
		for _, size := range []int{100, 4 << 10, 512 << 10} {
			b.Run(sample.name+"/"+sizeName(size), func(b *testing.B) {
				text := []byte(repeatTo(sample.text, size))
				b.SetBytes(int64(len(text)))
				var c utf8Checker
				for b.Loop() {
					if !c.check(text) || !c.complete() {
						b.Fatal("invalid")
					}
				}
			})
		}
	}
}

func BenchmarkEchoText(b *testing.B) {
	for _, sample := range textSamples {
		for _, size := range []int{64, 100, 4 << 10, 512 << 10} {
			b.Run(sample.name+"/"+sizeName(size), func(b *testing.B) {
				load := echoLoad{in: wstest.Frame(0x81, repeatTo(sample.text, size))}
				b.ReportAllocs()
				b.SetBytes(int64(len(load.in)))
				echo, mem := NewEcho(&Config{}, Deflate{}), make([]byte, Headroom+len(load.in))
				for b.Loop() {
					load.run(&echo, mem)
				}
			})
		}
	}
}
