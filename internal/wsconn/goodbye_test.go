package wsconn

import (
	"testing"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wstest"
)

func TestGoodbye(t *testing.T) {
	text, binary := byte(0x81), byte(0x82)
	goodbye := "\x88\x09\x03\xe8goodbye"
	tests := []struct {
		name, word string
		in         [][]byte
		want       string
	}{
		{"the word", "bye", [][]byte{wstest.Frame(text, "bye")}, "\x81\x03bye" + goodbye},
		{"any case", "bye", [][]byte{wstest.Frame(text, "ByE")}, "\x81\x03ByE" + goodbye},
		{"fragments", "bye", [][]byte{wstest.Frame(0x01, "b"), wstest.Frame(0x00, ""), wstest.Frame(0x80, "ye")}, "\x01\x01b\x00\x00\x80\x02ye" + goodbye},
		{"frames after it are not answered", "bye", [][]byte{wstest.Frame(text, "bye"), wstest.Frame(text, "more")}, "\x81\x03bye" + goodbye},
		{"shorter", "bye", [][]byte{wstest.Frame(text, "by")}, "\x81\x02by"},
		{"longer", "bye", [][]byte{wstest.Frame(text, "bye!")}, "\x81\x04bye!"},
		{"longer in fragments", "bye", [][]byte{wstest.Frame(0x01, "bye"), wstest.Frame(0x80, "!")}, "\x01\x03bye\x80\x01!"},
		{"wrong first fragment", "bye", [][]byte{wstest.Frame(0x01, "x"), wstest.Frame(0x80, "bye")}, "\x01\x01x\x80\x03bye"},
		{"across two messages", "bye", [][]byte{wstest.Frame(text, "b"), wstest.Frame(text, "ye")}, "\x81\x01b\x81\x02ye"},
		{"after another message", "bye", [][]byte{wstest.Frame(text, "x"), wstest.Frame(text, "bye")}, "\x81\x01x\x81\x03bye" + goodbye},
		{"binary", "bye", [][]byte{wstest.Frame(binary, "bye")}, "\x82\x03bye"},
		{"no word set", "", [][]byte{wstest.Frame(text, ""), wstest.Frame(text, "bye")}, "\x81\x00\x81\x03bye"},
		{"another word set", "Auf", [][]byte{wstest.Frame(text, "bye"), wstest.Frame(text, "aUF")}, "\x81\x03bye\x81\x03aUF" + goodbye},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newConnTest(t, func(c *settings) { c.Goodbye = test.word }).open()
			c.receive(test.in...)
			c.expect(socket.Read, test.want)
		})
	}
}
