package wsproto

// Violation is a breach of the protocol by the client. Every one of them fails the
// connection (RFC 6455 section 7.1.7): its close code and reason are in the table
// below and nowhere else.
type Violation uint8

// The breaches.
const (
	noViolation Violation = iota
	ReservedBits
	MisplacedRSV1
	ReservedOpcode
	FragmentedControl
	ControlTooLong
	UnmaskedFrame
	NonMinimalLength
	LengthOverflow
	UnexpectedContinuation
	ExpectedContinuation
	MessageOverLimit
	InvalidUTF8
	CorruptDeflate
	ClosePayloadTooShort
	InvalidCloseCode
	InvalidCloseReason
)

// violations has, for each breach, its name in logs, the close code
// that the RFC asks for, and the reason that is sent.
var violations = [...]struct {
	name   string
	code   CloseCode
	reason string
}{
	noViolation:            {"none", 0, ""},
	ReservedBits:           {"reserved_bits", ProtocolError, "a reserved bit is set and no extension was agreed on that has it (RFC 6455 section 5.2)"},
	MisplacedRSV1:          {"misplaced_rsv1", ProtocolError, "RSV1 is set on a frame that does not begin a message (RFC 7692 section 6.1)"},
	ReservedOpcode:         {"reserved_opcode", ProtocolError, "the opcode is reserved (RFC 6455 section 5.2)"},
	FragmentedControl:      {"fragmented_control", ProtocolError, "a control frame is fragmented (RFC 6455 section 5.5)"},
	ControlTooLong:         {"control_too_long", ProtocolError, "a control frame has over 125 bytes of payload (RFC 6455 section 5.5)"},
	UnmaskedFrame:          {"unmasked_frame", ProtocolError, "a client's frame is not masked (RFC 6455 section 5.1)"},
	NonMinimalLength:       {"non_minimal_length", ProtocolError, "the payload length is not in its shortest form (RFC 6455 section 5.2)"},
	LengthOverflow:         {"length_overflow", ProtocolError, "the payload length has its most significant bit set (RFC 6455 section 5.2)"},
	UnexpectedContinuation: {"unexpected_continuation", ProtocolError, "a continuation frame with no message to continue (RFC 6455 section 5.4)"},
	ExpectedContinuation:   {"expected_continuation", ProtocolError, "a new message before the one before was finished (RFC 6455 section 5.4)"},
	MessageOverLimit:       {"message_over_limit", MessageTooBig, "the message is over the limit of this server"},
	InvalidUTF8:            {"invalid_utf8", InvalidFramePayloadData, "a text message is not UTF-8 (RFC 6455 section 8.1)"},
	CorruptDeflate:         {"corrupt_deflate", InvalidFramePayloadData, "a compressed message is corrupt"},
	ClosePayloadTooShort:   {"close_payload_too_short", ProtocolError, "a close frame has one byte of payload (RFC 6455 section 5.5.1)"},
	InvalidCloseCode:       {"invalid_close_code", ProtocolError, "a close frame has a code that may not be sent (RFC 6455 section 7.4)"},
	InvalidCloseReason:     {"invalid_close_reason", InvalidFramePayloadData, "the reason of a close frame is not UTF-8 (RFC 6455 section 5.5.1)"},
}

// String is the name of the breach in logs.
func (v Violation) String() string { return violations[v].name }

// CloseCode is the close code that answers the breach.
func (v Violation) CloseCode() CloseCode { return violations[v].code }
