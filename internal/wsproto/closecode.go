package wsproto

import (
	"encoding/binary"
	"unicode/utf8"
)

// CloseCode is the status code of a close frame (RFC 6455 section 7.4 and the
// IANA registry "WebSocket Close Code Number").
type CloseCode uint16

// The registered close codes that have a meaning for endpoints.
const (
	NormalClosure           CloseCode = 1000
	GoingAway               CloseCode = 1001
	ProtocolError           CloseCode = 1002
	UnsupportedData         CloseCode = 1003
	NoStatusReceived        CloseCode = 1005 // never sent: the close frame had no code
	AbnormalClosure         CloseCode = 1006 // never sent: there was no close frame
	InvalidFramePayloadData CloseCode = 1007
	PolicyViolation         CloseCode = 1008
	MessageTooBig           CloseCode = 1009
	MandatoryExtension      CloseCode = 1010
	InternalError           CloseCode = 1011
	ServiceRestart          CloseCode = 1012
	TryAgainLater           CloseCode = 1013
	BadGateway              CloseCode = 1014
)

// MaxCloseReason is the longest reason of a close frame, in bytes: the payload of
// a control frame less the code (RFC 6455 section 5.5).
const MaxCloseReason = maxControlPayload - 2

// MaySend says whether the code may stand in a close frame (RFC 6455 sections 7.4.1 and
// 7.4.2): 1004, 1005, 1006 and 1015 may not, nor those that nobody has registered.
func (c CloseCode) MaySend() bool {
	switch {
	case NormalClosure <= c && c <= UnsupportedData,
		InvalidFramePayloadData <= c && c <= BadGateway,
		3000 <= c && c <= 4999:
		return true
	}
	return false
}

// parseClose reads the payload of a close frame (RFC 6455 section 5.5.1). Without
// a payload the code is NoStatusReceived (section 7.1.5).
func parseClose(payload []byte) (CloseCode, Violation) {
	if len(payload) == 0 {
		return NoStatusReceived, noViolation
	}
	if len(payload) == 1 {
		return 0, ClosePayloadTooShort
	}
	code := CloseCode(binary.BigEndian.Uint16(payload))
	if !code.MaySend() {
		return 0, InvalidCloseCode
	}
	if !utf8.Valid(payload[2:]) {
		return 0, InvalidCloseReason
	}
	return code, noViolation
}

// appendClose appends a close frame to dst. A reason that does not fit is cut
// between two characters.
func appendClose(dst []byte, code CloseCode, reason string) []byte {
	if len(reason) > MaxCloseReason {
		end := MaxCloseReason
		for end > 0 && !utf8.RuneStart(reason[end]) {
			end--
		}
		reason = reason[:end]
	}
	dst = appendHeader(dst, finBit|byte(opClose), 2+len(reason))
	dst = binary.BigEndian.AppendUint16(dst, uint16(code))
	return append(dst, reason...)
}
