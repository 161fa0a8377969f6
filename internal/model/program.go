package model

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// A Program is what a client does.
type Program struct {
	Handshake Handshake
	Frames    []Frame
	Missing   int   // bytes that are cut off the end of the last frame
	Cuts      []Cut // where the stream is cut into writes, ascending
	End       End
	SlowRead  bool // the client writes for a moment before it reads
}

// A Cut ends a write.
type Cut struct {
	At    int // bytes of the stream, the request among them, that are written by then
	Pause Pause
}

// A Pause is what the client does before it goes on writing.
type Pause uint8

const (
	NoPause Pause = iota
	Await         // it reads all answers to what it has sent
	Nap           // it waits for a moment
	Drain         // it reads all answers, then the service begins to shut down
)

// An End is what the client does when all is written.
type End uint8

const (
	HalfClose End = iota // it shuts down its sending side
	Reply                // it answers the server's close frame; if there is none, it shuts down its sending side
	Silent               // it does not answer the server's close frame; else as Reply
	Abort                // it resets the connection
)

// stream returns what the client sends.
func (p *Program) stream() []byte {
	stream := p.Handshake.request()
	if p.Handshake.Refusal == endsEarly {
		return stream
	}
	head := len(stream)
	for i := range p.Frames {
		stream = p.Frames[i].append(stream)
	}
	return stream[:max(head, len(stream)-p.Missing)]
}

// drains reports whether the service is to shut down during the program.
func (p *Program) drains() bool {
	return slices.ContainsFunc(p.Cuts, func(c Cut) bool { return c.Pause == Drain })
}

// String returns the program as a Go literal.
func (p *Program) String() string {
	var b strings.Builder
	writeLiteral(&b, reflect.ValueOf(*p))
	return b.String()
}

// writeLiteral writes a value without the fields that are zero.
func writeLiteral(b *strings.Builder, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		b.WriteString(v.Type().Name() + "{")
		separator := ""
		for i := range v.NumField() {
			if field := v.Field(i); field.IsZero() || field.Kind() == reflect.Slice && field.Len() == 0 {
				continue
			}
			b.WriteString(separator + v.Type().Field(i).Name + ": ")
			writeLiteral(b, v.Field(i))
			separator = ", "
		}
		b.WriteString("}")
	case reflect.Slice:
		name := v.Type().Elem().Name()
		b.WriteString("[]" + name + "{")
		for i := range v.Len() {
			if i > 0 {
				b.WriteString(", ")
			}
			var element strings.Builder
			writeLiteral(&element, v.Index(i))
			b.WriteString(strings.TrimPrefix(element.String(), name))
		}
		b.WriteString("}")
	case reflect.Uint8:
		switch x := v.Interface().(type) {
		case LengthForm:
			b.WriteString([...]string{"Minimal", "Long16", "Long64", "TopBit"}[x])
		case Pause:
			b.WriteString([...]string{"NoPause", "Await", "Nap", "Drain"}[x])
		case End:
			b.WriteString([...]string{"HalfClose", "Reply", "Silent", "Abort"}[x])
		default:
			fmt.Fprintf(b, "0x%02x", x)
		}
	default:
		fmt.Fprintf(b, "%#v", v.Interface())
	}
}

// sortCuts sorts cuts by where they are.
func sortCuts(cuts []Cut) {
	slices.SortStableFunc(cuts, func(a, b Cut) int { return a.At - b.At })
}
