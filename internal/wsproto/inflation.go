package wsproto

import "github.com/echosvc/echosvc/internal/inflate"

const (
	// inflateCut is how many compressed bytes a call of Decoder.Next looks at. It unmasks them
	// all, and masks those again that it does not use, so there must not be too many. The
	// inflater's window bounds the output of a call.
	inflateCut = 4 << 10

	// inflaterSize is the size of an Inflater, in bytes.
	inflaterSize = 40 << 10
)

// Inflater inflates one compressed message at a time. It takes 40 KiB, so a connection borrows
// one only while a compressed message is unfinished; see [Inflaters].
type Inflater struct {
	stream    inflate.Inflater
	size      int64 // inflated bytes of the message so far
	wire      int64 // compressed bytes of the message so far
	more      bool  // there is more output without further input
	truncated bool  // the message has ended where it must not
}

// Inflaters lends inflaters, typically from a [sync.Pool]. If connections run on several
// goroutines, they call it from all of them.
type Inflaters interface {
	// Get lends an inflater. It may be new or used.
	Get() *Inflater
	// Put takes back an inflater. The connection does not use it again.
	Put(*Inflater)
}

// endMessage reports whether a message may end where its payload does.
//
// A compressor ends a message with a sync flush, that is, an empty stored block: a header,
// LEN 00 00 and NLEN ff ff. The sender removes these four bytes (RFC 7692 section 7.2.1) and
// the receiver appends them again (section 7.2.2). So the message ends where LEN comes next.
//
// A message may also end right after a block with BFINAL set. Section 7.2.3.4 wants the
// header of an empty stored block there, but some senders make each message a complete
// stream and omit it.
func (f *Inflater) endMessage() bool {
	f.truncated = !f.stream.AtStoredLength() && !f.stream.AtStreamEnd()
	return !f.truncated
}

// corruption returns what is wrong with the message.
func (f *Inflater) corruption() string {
	if f.truncated {
		return "it ends within a block (RFC 7692 section 7.2.1)"
	}
	return f.stream.Err().Error()
}

// inflation is the part of a Decoder for compressed messages. It is small, because most
// connections are idle.
type inflation struct {
	inflater *Inflater // of the unfinished message, or of the one that the last event ended; else nil
	history  *[]byte   // what the next compressed message may refer to; nil without context takeover
	deflate  Deflate
}

// beginCompressed borrows an inflater for a message.
func (i *inflation) beginCompressed(pool Inflaters) {
	f := pool.Get()
	var history []byte
	if i.history != nil {
		history = *i.history
	}
	f.stream.Reset(i.deflate.windowBits(), history)
	f.size, f.wire, f.more, f.truncated = 0, 0, false, false
	i.inflater = f
}

// endCompressed ends a message and completes its last event. It reports whether the message
// may end there. The inflater is kept until the next call, because Inflated is a part of it.
func (i *inflation) endCompressed(ev *Event) bool {
	f := i.inflater
	if !f.endMessage() {
		return false
	}
	ev.Saved = f.size - f.wire
	if !i.deflate.ClientNoContextTakeover { // RFC 7692 section 7.1.1
		if i.history == nil {
			i.history = new([]byte)
		}
		*i.history = f.stream.AppendHistory((*i.history)[:0])
		ev.work += len(*i.history) / historyBytes
	}
	return true
}

// historySize returns the size of the memory of a history, which may be nil.
func historySize(history *[]byte) int {
	if history == nil {
		return 0
	}
	return cap(*history)
}

// moreOutput reports whether the inflater has more output without further input.
func (i *inflation) moreOutput() bool { return i.inflater != nil && i.inflater.more }

// inflate inflates the beginning of a compressed payload and checks what it becomes: DEFLATE
// data, no larger than the limit, and UTF-8 in a text. If the payload breaks two rules, the
// breach that comes first in the message counts, however the message is cut. It returns the
// part of the payload that it used. The rest stays masked, since it is input again.
func (d *Decoder) inflate(payload []byte, ev *Event) (used []byte, err ProtocolError) {
	f := d.inflater
	if len(payload) == 0 && !f.more {
		return payload, 0
	}
	cut := payload[:min(len(payload), inflateCut)]
	unmask(cut, d.key)
	out, n, status := f.stream.Next(cut)
	f.more = status == inflate.MoreOutput
	f.size += int64(len(out))
	f.wire += int64(n)
	d.key = rotateKey(d.key, n)
	unmask(cut[n:], d.key)
	ev.Inflated = out
	ev.work = callWork + len(out) + f.stream.BlockWork()

	limit := d.config.MaxMessageSize
	over := limit != 0 && f.size > limit
	if over {
		out = out[:len(out)-int(f.size-limit)]
	}
	switch {
	case d.message == OpText && !d.text.check(out): // RFC 6455 section 8.1
		return nil, ErrInvalidUTF8
	case over:
		return nil, ErrMessageOverLimit
	case status == inflate.Corrupt: // RFC 7692 section 7.2.2
		return nil, ErrCorruptDeflate
	}
	return cut[:n], 0
}
