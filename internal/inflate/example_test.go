package inflate_test

import (
	"fmt"

	"github.com/echosvc/echosvc/internal/inflate"
)

// A stream arrives in pieces, as from a socket.
func ExampleInflater() {
	pieces := []string{"\x73\x49\x4d\xcb", "\x49\x2c\x49", "\x55\x00\x11", "\x00 what follows"}

	var f inflate.Inflater
	f.Reset(inflate.MaxWindowBits, nil)
	for _, piece := range pieces {
		in := []byte(piece)
		for {
			out, used, status := f.Next(in)
			in = in[used:]
			fmt.Printf("%q %v\n", out, status)
			switch status {
			case inflate.MoreOutput:
				continue
			case inflate.StreamEnd:
				fmt.Printf("after the stream: %q\n", in)
			case inflate.Corrupt:
				fmt.Println(f.Err())
			}
			break
		}
	}
	// Output:
	// "Def" NeedInput
	// "lat" NeedInput
	// "e late" NeedInput
	// "" StreamEnd
	// after the stream: " what follows"
}
