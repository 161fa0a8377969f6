package wsconn

import (
	"time"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// Info describes a WebSocket that is open, or has ended.
type Info struct {
	ID           uint64    `json:"id"`
	Remote       string    `json:"remote"`
	Client       string    `json:"client,omitempty"`
	Path         string    `json:"path"`
	Host         string    `json:"host,omitempty"`
	Origin       string    `json:"origin,omitempty"`
	UserAgent    string    `json:"user_agent,omitempty"`
	Since        time.Time `json:"since"`
	LastActivity time.Time `json:"last_activity"`
	Messages     int64     `json:"messages"` // that were echoed
	Bytes        int64     `json:"bytes"`    // of their payload, as received
	Held         int64     `json:"held"`     // bytes of memory, in the kernel too
	Subprotocol  string    `json:"subprotocol,omitempty"`
	Extensions   string    `json:"extensions,omitempty"` // as in Sec-WebSocket-Extensions
	Saved        int64     `json:"saved,omitempty"`      // bytes, by compression; negative if it added more than it saved
	Controls     string    `json:"controls,omitempty"`
	RTT          float64   `json:"rtt_ms,omitempty"` // of the last ping that was answered
	State        string    `json:"state"`
	*Ended
}

// Ended is the part of Info that only a WebSocket that has ended has.
type Ended struct {
	At           time.Time `json:"ended"`
	DurationMS   float64   `json:"duration_ms"` // since the TCP connection was accepted
	Code         int       `json:"code"`
	ReasonLength int       `json:"reason_length"` // of the first close frame, in bytes
	Initiator    string    `json:"initiator"`
	Clean        bool      `json:"clean"`
	Why          string    `json:"why"`
	Error        string    `json:"error,omitempty"` // the protocol error, or that of the socket
}

// summary summarizes the connection when it ends.
func (c *Conn) summary(now socket.Instant) Summary {
	s := Summary{
		Duration:  now.Sub(c.timers.opened),
		Code:      c.code,
		Initiator: c.initiator,
		Clean:     c.echo.closeReceived() && c.life.flushed,
		Err:       c.err,
	}
	if s.Initiator == ByNobody {
		s.Code = wsproto.CloseAbnormalClosure
	}
	return s
}

// logClosed logs the end of the connection.
func (c *Conn) logClosed(s *Summary, cause error) {
	attrs := append(c.peer.appendRequest(c.peer.attrs(c.id), &c.server.hosts),
		"duration_ms", s.Duration.Round(time.Millisecond).Milliseconds(),
		"messages", c.messages, "bytes", c.bytes,
		"code", int(s.Code), "initiator", s.Initiator.String(), "clean", s.Clean,
	)
	if deflate := c.echo.deflate(); deflate.Agreed() {
		attrs = append(attrs, "extensions", deflate.String(), "saved", c.saved)
	}
	if s.Err != 0 {
		attrs = append(attrs, "protocol_error", s.Err.Name())
	}
	if b := c.behavior(); b != nil {
		_, controls := b.query()
		attrs = append(attrs, "controls", controls)
	}
	if c.more != nil && c.more.ignored != "" {
		attrs = append(attrs, "ignored", c.more.ignored)
	}
	if cause != nil && !s.Clean {
		attrs = append(attrs, "cause", cause.Error())
	}
	c.server.Log.Info("connection closed", attrs...)
}
