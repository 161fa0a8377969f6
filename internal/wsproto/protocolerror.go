package wsproto

// ProtocolError is a breach of the protocol by the client, which fails the connection (RFC
// 6455 section 7.1.7). The zero value is no error. Do not store it in an error: that would
// not equal nil.
type ProtocolError uint8

// The protocol errors.
const (
	ErrReservedBits ProtocolError = iota + 1
	ErrMisplacedRSV1
	ErrReservedOpcode
	ErrFragmentedControl
	ErrControlTooLong
	ErrUnmaskedFrame
	ErrNonMinimalLength
	ErrLengthOverflow
	ErrUnexpectedContinuation
	ErrExpectedContinuation
	ErrMessageOverLimit
	ErrInvalidUTF8
	ErrCorruptDeflate
	ErrClosePayloadTooShort
	ErrInvalidCloseCode
	ErrInvalidCloseReason
)

// protocolErrors has, for each error, its name, the close code that the RFC asks for, and
// the reason in the close frame.
var protocolErrors = [...]struct {
	name   string
	code   CloseCode
	reason string
}{
	0:                         {"none", 0, ""},
	ErrReservedBits:           {"reserved_bits", CloseProtocolError, "a reserved bit is set that no agreed extension uses (RFC 6455 section 5.2)"},
	ErrMisplacedRSV1:          {"misplaced_rsv1", CloseProtocolError, "RSV1 is set on a frame that does not begin a message (RFC 7692 section 6.1)"},
	ErrReservedOpcode:         {"reserved_opcode", CloseProtocolError, "the opcode is reserved (RFC 6455 section 5.2)"},
	ErrFragmentedControl:      {"fragmented_control", CloseProtocolError, "a control frame is fragmented (RFC 6455 section 5.5)"},
	ErrControlTooLong:         {"control_too_long", CloseProtocolError, "a control frame has over 125 bytes of payload (RFC 6455 section 5.5)"},
	ErrUnmaskedFrame:          {"unmasked_frame", CloseProtocolError, "a client's frame is not masked (RFC 6455 section 5.1)"},
	ErrNonMinimalLength:       {"non_minimal_length", CloseProtocolError, "the payload length is not in its shortest form (RFC 6455 section 5.2)"},
	ErrLengthOverflow:         {"length_overflow", CloseProtocolError, "the payload length has its most significant bit set (RFC 6455 section 5.2)"},
	ErrUnexpectedContinuation: {"unexpected_continuation", CloseProtocolError, "a continuation frame has no message to continue (RFC 6455 section 5.4)"},
	ErrExpectedContinuation:   {"expected_continuation", CloseProtocolError, "a message begins before the previous one has ended (RFC 6455 section 5.4)"},
	ErrMessageOverLimit:       {"message_over_limit", CloseMessageTooBig, "the message exceeds the size limit of this server"},
	ErrInvalidUTF8:            {"invalid_utf8", CloseInvalidFramePayloadData, "a text message is not UTF-8 (RFC 6455 section 8.1)"},
	ErrCorruptDeflate:         {"corrupt_deflate", CloseInvalidFramePayloadData, "a compressed message is corrupt"},
	ErrClosePayloadTooShort:   {"close_payload_too_short", CloseProtocolError, "a close frame has one byte of payload (RFC 6455 section 5.5.1)"},
	ErrInvalidCloseCode:       {"invalid_close_code", CloseProtocolError, "a close frame has a code that must not be sent (RFC 6455 section 7.4)"},
	ErrInvalidCloseReason:     {"invalid_close_reason", CloseInvalidFramePayloadData, "the reason of a close frame is not UTF-8 (RFC 6455 section 5.5.1)"},
}

// ProtocolErrors returns all protocol errors.
func ProtocolErrors() (all []ProtocolError) {
	for e := range protocolErrors[1:] {
		all = append(all, ProtocolError(e+1))
	}
	return all
}

// Error returns what the client did, as a reason for the close frame.
func (e ProtocolError) Error() string { return protocolErrors[e].reason }

// Name returns a short name for logs and metrics, in snake case.
func (e ProtocolError) Name() string { return protocolErrors[e].name }

// CloseCode returns the close code that answers the error.
func (e ProtocolError) CloseCode() CloseCode { return protocolErrors[e].code }
