package httpecho

import (
	"encoding/base64"
	"fmt"
	"io"
	"unicode/utf8"
)

// maxBody is how much of a request's body is echoed, in bytes. The rest is read and
// counted, but discarded.
const maxBody = 64 << 10

// body is the body of a request, as it is echoed.
type body struct {
	Size   int64  `json:"size"` // bytes that arrived
	Text   string `json:"text,omitempty"`
	Base64 string `json:"base64,omitempty"` // instead of Text if the body is not UTF-8
	Cut    string `json:"cut,omitempty"`    // why the echo is not complete
	Error  string `json:"error,omitempty"`  // why the body is not complete
}

// readBody reads a body to its end. The error is that of reading; [Deadlines] limits the
// time.
func readBody(r io.Reader) (b body, err error) {
	beginning, err := io.ReadAll(io.LimitReader(r, maxBody))
	b.Size = int64(len(beginning))
	if err == nil {
		var rest int64
		rest, err = io.Copy(io.Discard, r)
		b.Size += rest
	}
	if err != nil {
		b.Error = fmt.Sprintf("the body ended after %d bytes: %v", b.Size, err)
	}
	text := beginning
	if b.Size > maxBody {
		b.Cut = fmt.Sprintf("this server echoes the first %d bytes of a body", maxBody)
		text = wholeCharacters(beginning)
	}
	if utf8.Valid(text) {
		b.Text = string(text)
	} else {
		b.Base64 = base64.StdEncoding.EncodeToString(beginning)
	}
	return b, err
}

// wholeCharacters returns p without an incomplete UTF-8 character at its end.
func wholeCharacters(p []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(p); i++ {
		if last := p[len(p)-i:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				return p[:len(p)-i]
			}
			break
		}
	}
	return p
}
