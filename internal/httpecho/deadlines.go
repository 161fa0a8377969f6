package httpecho

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// Deadlines limits how long a request may take. A body may be of any length and speed, but
// not silent for longer than silence, which is HANDSHAKE_TIMEOUT. The response must be
// written within write after the body has been read, or after the head if h does not read
// the body.
func Deadlines(h http.Handler, silence, write time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		control.SetReadDeadline(time.Now().Add(silence)) // for what net/http reads of a body that h leaves
		control.SetWriteDeadline(time.Now().Add(write))
		r.Body = &timedBody{r.Body, control, silence, write}
		h.ServeHTTP(w, r)
	})
}

// timedBody is a body that Deadlines limits.
type timedBody struct {
	io.ReadCloser
	control        *http.ResponseController
	silence, write time.Duration
}

func (b *timedBody) Read(p []byte) (int, error) {
	b.control.SetReadDeadline(time.Now().Add(b.silence))
	n, err := b.ReadCloser.Read(p)
	b.control.SetWriteDeadline(time.Now().Add(b.write))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = silenceError(b.silence)
	}
	return n, err
}

// silenceError is the error of a body that was silent for too long.
type silenceError time.Duration

func (e silenceError) Error() string {
	return fmt.Sprintf("nothing arrived for HANDSHAKE_TIMEOUT=%v of this server", time.Duration(e))
}
