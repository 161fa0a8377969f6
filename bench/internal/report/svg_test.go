package report

import (
	"encoding/xml"
	"math"
	"strconv"
	"strings"
	"testing"
)

// A drawing has the elements of a picture.
type drawing struct {
	Rects []struct {
		Class string  `xml:"class,attr"`
		X     float64 `xml:"x,attr"`
		Y     float64 `xml:"y,attr"`
		Width float64 `xml:"width,attr"`
	} `xml:"rect"`
	Texts []struct {
		Text string  `xml:",chardata"`
		X    float64 `xml:"x,attr"`
		Y    float64 `xml:"y,attr"`
	} `xml:"text"`
	ViewBox string `xml:"viewBox,attr"`
}

func TestSVG(t *testing.T) {
	var d drawing
	if err := xml.Unmarshal(SVG(example()), &d); err != nil {
		t.Fatal(err)
	}
	// Without the paper and the legend's three: the measured cells, with the longest bar of a panel full.
	bars := d.Rects[4:]
	want := []struct {
		class string
		share float64
	}{{"peer", 1}, {"ours", 0.5}, {"kernel", 0.25}, {"peer", 1}, {"peer", 1}, {"ours", 0.05}, {"kernel", 0.0025}}
	if len(bars) != len(want) {
		t.Fatalf("%d bars, want %d", len(bars), len(want))
	}
	for i, w := range want {
		// A bar is at least 1 wide, and widths have one decimal.
		if length := max(w.share*barWidth, 1); bars[i].Class != w.class || math.Abs(bars[i].Width-length) > 0.1 {
			t.Errorf("bar %d is %+v, want %s of %v", i, bars[i], w.class, length)
		}
	}
	var texts []string
	for _, text := range d.Texts {
		texts = append(texts, text.Text)
	}
	all := strings.Join(texts, "\n")
	for _, want := range []string{"One", "10.0 µs (2.00×)", "600 B", "–", "Test <CPU> & more", "echosvc"} {
		if !strings.Contains(all, want) {
			t.Errorf("no text %q in\n%s", want, all)
		}
	}
}

func TestSVGStaysInItsViewBox(t *testing.T) {
	var d drawing
	if err := xml.Unmarshal(SVG(example()), &d); err != nil {
		t.Fatal(err)
	}
	box := strings.Fields(d.ViewBox)
	width, _ := strconv.ParseFloat(box[2], 64)
	height, _ := strconv.ParseFloat(box[3], 64)
	for _, r := range d.Rects {
		if r.X < 0 || r.X+r.Width > width || r.Y < 0 || r.Y > height {
			t.Errorf("bar %+v is outside %v by %v", r, width, height)
		}
	}
	for _, text := range d.Texts {
		if text.X < 0 || text.X > width || text.Y < 0 || text.Y > height {
			t.Errorf("text %+v is outside %v by %v", text, width, height)
		}
	}
}
