package wsproto

// maxPlain is how many bytes a compressed message may inflate to, to be given in
// [Event.Plain]: as many as a control frame may have, which is more than anybody says to end
// a conversation.
const maxPlain = 125

const (
	// inflateCut is how many compressed bytes are inflated in one go. It is small, since a
	// bomb becomes a thousand times as much.
	inflateCut = 2 << 10
	// enoughWork is how many bytes one read may inflate to before others have their turn.
	enoughWork = 1 << 20
	// tableWork is how many bytes could be inflated while the tables of a block are made, and
	// historyWork how many bytes of history are copied, both ways, while one could be.
	tableWork   = 1 << 10
	historyWork = 4
)

// Inflater inflates a compressed message, for as long as that is open: 40 KB that the
// caller keeps in a pool, and 36 KB more once it has answered a message inflated.
type Inflater struct {
	inflater
	size  int64          // bytes that the message has become so far
	wire  int64          // bytes of it that have come
	plain [maxPlain]byte // for Event.Plain

	// answer is for messages that are not answered verbatim: room for a header, and
	// behind it what the last event has inflated.
	answer []byte
}

// Inflaters lends storage to connections that have a compressed message open.
type Inflaters interface {
	Get() *Inflater
	// Put takes back what Get has lent. It may be lent again at once.
	Put(*Inflater)
}

// inflation is the compressed side of a decoder. It is small: most connections are idle.
type inflation struct {
	inflater *Inflater // of the open message, or of the one that ended with the last event; else nil
	history  *[]byte   // what the next message may refer to; nil without context takeover
	deflate  Deflate
}

// beginCompressed readies the inflater.
func (i *inflation) beginCompressed(pool Inflaters) {
	f := pool.Get()
	var history []byte
	if i.history != nil {
		history = *i.history
	}
	f.reset(i.deflate.windowBits(), history)
	f.size, f.wire = 0, 0
	i.inflater = f
}

// endCompressed completes the event at the end of a message; ok is false where it may
// not end. The inflater stays for what the event has of it.
func (i *inflation) endCompressed(ev *Event) (ok bool) {
	f := i.inflater
	if !f.endMessage() {
		f.fault = endsInBlock
		return false
	}
	ev.Saved = f.size - f.wire
	if f.size <= maxPlain {
		ev.Plain = f.last(f.plain[:0], int(f.size))
	}
	if !i.deflate.ClientNoContextTakeover {
		if i.history == nil {
			i.history = new([]byte)
		}
		*i.history = f.appendHistory((*i.history)[:0])
		ev.work += len(*i.history) / historyWork
	}
	return true
}

// release gives the inflater back, if there is one.
func (i *inflation) release(pool Inflaters) {
	if i.inflater != nil {
		pool.Put(i.inflater)
		i.inflater = nil
	}
}

// inflatesNext says whether what begins with the byte next is, or is part of, a compressed
// message, so that next may have an answer.
func (d *decoder) inflatesNext(next byte) bool {
	open := d.inflater != nil && d.message != opContinuation
	return open || !d.inFrame && next&rsv1Bit != 0
}

// inflatePayload takes payload of a compressed message, up to what is enough for now. work is
// as in Event.
func (d *decoder) inflatePayload(payload []byte) (taken []byte, work int, v Violation) {
	most, enough := inflateCut, enoughWork
	if !d.deflate.verbatim() {
		most, enough = pieceCut, pieceEnough
		d.inflater.clearAnswer()
	}
	n := 0
	for n < len(payload) && work < enough && v == noViolation {
		cut := payload[n:min(n+most, len(payload))]
		d.key, _ = unmask(cut, d.key)
		n += len(cut)
		var more int
		more, v = d.inflate(cut)
		work += more
	}
	return payload[:n], work, v
}

// inflate checks the next bytes of a compressed message: it is to be DEFLATE, no larger
// than the limit, and a text to be UTF-8. Of two breaches it tells the first in the
// message, however that is cut.
func (d *decoder) inflate(p []byte) (work int, v Violation) {
	f := d.inflater
	f.wire += int64(len(p))
	for {
		out, used, status := f.next(p)
		p = p[used:]
		work += len(out) + f.tables*tableWork
		f.tables = 0
		f.size += int64(len(out))
		if !d.deflate.verbatim() {
			f.answer = append(f.answer, out...)
		}
		limit := d.config.MaxMessageSize
		over := limit != 0 && f.size > limit
		if over {
			out = out[:len(out)-int(f.size-limit)]
		}
		switch {
		case d.message == Text && !d.text.check(out): // RFC 6455 section 8.1
			return work, InvalidUTF8
		case over:
			return work, MessageOverLimit
		case status == inflateCorrupt:
			return work, CorruptDeflate
		case status == inflateNeedsInput:
			return work, noViolation
		}
	}
}
