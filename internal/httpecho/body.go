package httpecho

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
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

// answerFactor is how many bytes an answer takes for each byte of the body: the text, and its
// JSON, in which a control character takes 6 bytes.
const answerFactor = 8

// errNoMemory means that the account has no room for a body.
var errNoMemory = errors.New("no memory for the body")

// errGone means that the connection is closed, so that nobody reads an answer.
var errGone = errors.New("the connection is closed")

// readBody reads a body to its end; [Deadlines] limits the time. It adds the memory for the
// body and its echo to held. The error is that of reading, errNoMemory, or errGone.
func readBody(r io.Reader, held *charge) (b body, err error) {
	beginning, err := readBeginning(r, held)
	b.Size = int64(len(beginning))
	if err == nil {
		var rest int64
		rest, err = io.Copy(io.Discard, r)
		b.Size += rest
	}
	switch {
	case errors.Is(err, net.ErrClosed), errors.Is(err, syscall.ECONNRESET):
		return body{}, errGone
	case err == errNoMemory || !held.add(answerFactor*len(beginning)):
		return body{}, errNoMemory
	case err != nil:
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

// readBeginning reads the part of a body that is echoed. The buffer doubles as bytes
// arrive, so a large Content-Length alone costs nothing.
func readBeginning(r io.Reader, held *charge) (p []byte, err error) {
	for err == nil && len(p) < maxBody {
		if len(p) == cap(p) {
			size := min(max(512, 2*cap(p)), maxBody)
			if !held.add(size - cap(p)) {
				return nil, errNoMemory
			}
			p = append(make([]byte, 0, size), p...)
		}
		var n int
		n, err = r.Read(p[len(p):cap(p)])
		p = p[:len(p)+n]
	}
	if err == io.EOF {
		err = nil
	}
	return p, err
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
