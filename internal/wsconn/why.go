package wsconn

// why is why a WebSocket ended. /connections shows its String.
type why uint8

// The causes.
const (
	whyLost          why = iota // TCP ended without a close frame
	whyClient                   // the client sent a close frame
	whyProtocolError            // the client broke the protocol
	whyGoodbye                  // the client sent the goodbye word
	whyControl                  // a control of the query
	whyIdle                     // IDLE_TIMEOUT
	whyNoPong                   // PONG_TIMEOUT
	whyMemory                   // MEMORY_LIMIT
	whyDrain                    // a drain, or the rehearsal of one
	whyOperator                 // a request to HEALTH_PORT
)

func (w why) String() string {
	return [...]string{"lost", "client", "protocol error", "goodbye", "control", "idle time-out", "no pong", "memory", "drain", "operator"}[w]
}
