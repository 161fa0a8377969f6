package wsconn

import "github.com/echosvc/echosvc/internal/socket"

// remember adds the connection to those that have ended.
func (c *Conn) remember(now socket.Instant, s *Summary, cause error) {
	ended := endedView{end: c.life.end, at: now, initiator: s.Initiator, clean: s.Clean, err: s.Err}
	ended.code = s.Code
	if cause != nil && !s.Clean {
		ended.cause = cause.Error()
	}
	c.server.History.add(c.View(0), ended)
}
