package wsconn

import (
	"time"

	"github.com/echosvc/echosvc/internal/requestinfo"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// Info describes an open WebSocket.
type Info struct {
	ID          uint64    `json:"id"`
	Remote      string    `json:"remote"`
	Client      string    `json:"client,omitempty"`
	Since       time.Time `json:"since"`
	Messages    int64     `json:"messages"`
	Bytes       int64     `json:"bytes"`
	Subprotocol string    `json:"subprotocol,omitempty"`
	Extensions  string    `json:"extensions,omitempty"` // as in Sec-WebSocket-Extensions
	Saved       int64     `json:"saved,omitempty"`      // bytes, by compression
	Controls    string    `json:"controls,omitempty"`
	RTT         string    `json:"rtt,omitempty"`
	State       string    `json:"state"`
}

// Upgraded reports whether the connection is a WebSocket.
func (c *Conn) Upgraded() bool { return c.upgraded }

// ID returns the number that New was given.
func (c *Conn) ID() uint64 { return c.id }

// Info describes the connection, which must be a WebSocket. Like Upgraded, it must not be
// called while another method runs.
func (c *Conn) Info() Info {
	info := Info{
		ID: c.id, Remote: c.peer().remote(), Client: c.peer().client(), Since: c.server.Clock(c.timers.opened),
		Messages: c.messages, Bytes: c.bytes, Saved: c.saved,
		Subprotocol: c.subprotocol(), Extensions: c.echo.deflate().String(),
		State: c.stage.String(),
	}
	if b := c.behavior(); b != nil {
		controls, _ := b.query()
		info.Controls = requestinfo.Visible(controls)
	}
	if rtt := c.rtt.duration(); rtt > 0 {
		info.RTT = rtt.String()
	}
	return info
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
	attrs := append(c.peer().appendRequest(c.peer().attrs(c.id)),
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
