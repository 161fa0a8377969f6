package httpecho

import (
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/echosvc/echosvc/internal/budget"
)

func TestReadBody(t *testing.T) {
	cut := "this server echoes the first 65536 bytes of a body"
	full := strings.Repeat("x", maxBody)
	tests := []struct {
		name, body string
		want       body
	}{
		{"none", "", body{}},
		{"text", "κόσμε\x00", body{Size: 11, Text: "κόσμε\x00"}},
		{"not text", "a\xff", body{Size: 2, Base64: "Yf8="}},
		{"the limit", full, body{Size: maxBody, Text: full}},
		{"over the limit", full + "y", body{Size: maxBody + 1, Text: full, Cut: cut}},
		{"over the limit within a character", full[1:] + "é", body{Size: maxBody + 1, Text: full[1:], Cut: cut}},
		{"far over the limit", strings.Repeat("z", 4<<20), body{Size: 4 << 20, Text: strings.Repeat("z", maxBody), Cut: cut}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got, err := readBody(strings.NewReader(test.body), &charge{account: budget.NewAccount(0)}); got != test.want || err != nil {
				t.Errorf("got %d bytes, text %.20q, base64 %.20q, cut %q, error %q", got.Size, got.Text, got.Base64, got.Cut, got.Error)
			}
		})
	}
	if got, err := readBody(io.MultiReader(strings.NewReader("abc"), brokenReader{}), &charge{account: budget.NewAccount(0)}); err == nil || got.Text != "abc" || got.Error != "the body ended after 3 bytes: unexpected EOF" {
		t.Errorf("for an incomplete body, got %+v", got)
	}
}

// TestNoAnswerOnAClosedConnection: nobody reads it, so it takes no memory.
func TestNoAnswerOnAClosedConnection(t *testing.T) {
	account := budget.NewAccount(64 << 20)
	for _, err := range []error{net.ErrClosed, os.NewSyscallError("read", syscall.ECONNRESET)} {
		for _, size := range []int{0, 500, maxBody + 1} {
			held := charge{account: account}
			r := io.MultiReader(strings.NewReader(strings.Repeat("x", size)), iotest.ErrReader(&net.OpError{Op: "read", Err: err}))
			if got, err := readBody(r, &held); got != (body{}) || err != errGone {
				t.Errorf("after %d bytes, got %+v, %v", size, got, err)
			}
			if most := int64(min(max(size, 512), maxBody)); held.bytes > most {
				t.Errorf("%d bytes take %d", size, held.bytes)
			}
			held.release()
		}
	}
}

// brokenReader fails, as the body of a request does when its connection ends early.
type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
