package wsproto

import (
	"encoding/binary"
	"unicode/utf8"
)

// CloseCode is the status code of a close frame (RFC 6455 section 7.4).
type CloseCode uint16

// The close codes of the IANA registry "WebSocket Close Code Number Registry" that an
// endpoint can send, and the two that stand for a missing code and a missing close frame.
const (
	CloseNormalClosure           CloseCode = 1000
	CloseGoingAway               CloseCode = 1001
	CloseProtocolError           CloseCode = 1002
	CloseUnsupportedData         CloseCode = 1003
	CloseNoStatusReceived        CloseCode = 1005 // never sent: the close frame had no code
	CloseAbnormalClosure         CloseCode = 1006 // never sent: there was no close frame
	CloseInvalidFramePayloadData CloseCode = 1007
	ClosePolicyViolation         CloseCode = 1008
	CloseMessageTooBig           CloseCode = 1009
	CloseMandatoryExtension      CloseCode = 1010
	CloseInternalError           CloseCode = 1011
	CloseServiceRestart          CloseCode = 1012
	CloseTryAgainLater           CloseCode = 1013
	CloseBadGateway              CloseCode = 1014
)

// MaxCloseReason is the longest reason of a close frame, in bytes: the payload of a control
// frame less the code (section 5.5.1).
const MaxCloseReason = MaxControlPayload - 2

// MaySend reports whether the code may be in a close frame (sections 7.4.1 and 7.4.2). 1004,
// 1005, 1006 and 1015 may not, nor may unregistered codes below 3000.
func (c CloseCode) MaySend() bool {
	switch {
	case CloseNormalClosure <= c && c <= CloseUnsupportedData,
		CloseInvalidFramePayloadData <= c && c <= CloseBadGateway,
		3000 <= c && c <= 4999:
		return true
	}
	return false
}

// parseClose parses the payload of a close frame (section 5.5.1).
func parseClose(payload []byte) (CloseCode, ProtocolError) {
	if len(payload) == 0 { // section 7.1.5
		return CloseNoStatusReceived, 0
	}
	if len(payload) == 1 { // section 5.5.1
		return 0, ErrClosePayloadTooShort
	}
	code := CloseCode(binary.BigEndian.Uint16(payload))
	if !code.MaySend() { // section 7.4
		return 0, ErrInvalidCloseCode
	}
	if !utf8.Valid(payload[2:]) { // section 5.5.1
		return 0, ErrInvalidCloseReason
	}
	return code, 0
}

// AppendClose appends a close frame to dst (section 5.5.1). [CloseNoStatusReceived] makes a
// frame without a code and a reason; any other code must be one that MaySend. A reason of
// over [MaxCloseReason] bytes is cut between two characters.
func AppendClose(dst []byte, code CloseCode, reason string) []byte {
	if code == CloseNoStatusReceived {
		return appendHeader(dst, finBit|byte(OpClose), 0)
	}
	if len(reason) > MaxCloseReason {
		end := MaxCloseReason
		for end > 0 && !utf8.RuneStart(reason[end]) {
			end--
		}
		reason = reason[:end]
	}
	dst = appendHeader(dst, finBit|byte(OpClose), 2+len(reason))
	dst = binary.BigEndian.AppendUint16(dst, uint16(code))
	return append(dst, reason...)
}
