package wsconn

// Why is why a WebSocket ended.
type Why uint8

// The causes.
const (
	WhyLost          Why = iota // TCP ended without a close frame
	WhyClient                   // the client sent a close frame
	WhyProtocolError            // the client broke the protocol
	WhyGoodbye                  // the client sent the goodbye word
	WhyControl                  // a control of the query
	WhyIdle                     // IDLE_TIMEOUT
	WhyNoPong                   // PONG_TIMEOUT
	WhyMemory                   // MEMORY_LIMIT
	WhyDrain                    // a drain, or the rehearsal of one
	WhyOperator                 // a request to HEALTH_PORT
)

func (w Why) String() string {
	return [...]string{"lost", "client", "protocol error", "goodbye", "control", "idle time-out", "no pong", "memory", "drain", "operator"}[w]
}
