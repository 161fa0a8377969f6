package inflate

// Corruption is the error of input that is not DEFLATE data.
type Corruption uint8

// The ways in which input can be corrupt. The zero value is none of them.
const (
	ErrBlockType Corruption = iota + 1
	ErrStoredLength
	ErrTooManyCodes
	ErrCodeLengthCode
	ErrNoLengthToRepeat
	ErrTooManyLengths
	ErrLiteralCode
	ErrDistanceCode
	ErrNoEndOfBlock
	ErrCodeLengthSymbol
	ErrLiteralSymbol
	ErrDistanceSymbol
	ErrDistanceTooFar
)

// corruptions has the error text of each Corruption. The longest has 80 bytes, so that
// it fits into a protocol's short messages.
var corruptions = [...]string{
	ErrBlockType:        "a block has the reserved type 3 (RFC 1951 section 3.2.3)",
	ErrStoredLength:     "the LEN and NLEN of a stored block do not match (RFC 1951 section 3.2.4)",
	ErrTooManyCodes:     "a block has over 286 literal or 30 distance codes (RFC 1951 section 3.2.7)",
	ErrCodeLengthCode:   "the code length code is not complete (RFC 1951 section 3.2.7)",
	ErrNoLengthToRepeat: "the first code length repeats a previous one (RFC 1951 section 3.2.7)",
	ErrTooManyLengths:   "a block has more code lengths than it announced (RFC 1951 section 3.2.7)",
	ErrLiteralCode:      "the literal/length code is not complete (RFC 1951 section 3.2.7)",
	ErrDistanceCode:     "the distance code is not complete (RFC 1951 section 3.2.7)",
	ErrNoEndOfBlock:     "the literal/length code has no end of block (RFC 1951 section 3.2.7)",
	ErrCodeLengthSymbol: "the input has an invalid code length (RFC 1951 section 3.2.7)",
	ErrLiteralSymbol:    "the input has an invalid literal or length (RFC 1951 section 3.2.5)",
	ErrDistanceSymbol:   "the input has an invalid distance (RFC 1951 section 3.2.5)",
	ErrDistanceTooFar:   "a distance exceeds the window or the output (RFC 1951 section 3.2.3)",
}

// Error returns what is wrong with the input, with the section of RFC 1951.
func (c Corruption) Error() string { return corruptions[c] }
