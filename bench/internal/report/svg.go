package report

import (
	"bytes"
	"fmt"
	"html"
)

// The dimensions of the picture, in its own units.
const (
	panelWidth  = 450
	labelWidth  = 148
	barWidth    = 175 // of the longest bar
	barHeight   = 11
	barPitch    = 17
	panelTitle  = 34
	headHeight  = 92
	footHeight  = 44
	margin      = 20
	panelGap    = 20
	panelsInRow = 2
)

// style has both color schemes. A viewer without support for them shows the light one.
const style = `
  svg { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
  .paper { fill: #ffffff; stroke: #d8d8d4 }
  text { fill: #1f1f1d }
  .title { font-size: 18px; font-weight: 600 }
  .panel { font-size: 13px; font-weight: 600 }
  .quiet { fill: #62625d }
  .strong { font-weight: 600 }
  .axis { stroke: #b4b4ae }
  .ours { fill: #1f6fd0 }
  .peer { fill: #b3b3ad }
  .kernel { fill: none; stroke: #83837d; stroke-dasharray: 3 2 }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #16181b; stroke: #3a3d41 }
    text { fill: #ececea }
    .quiet { fill: #a9a9a4 }
    .axis { stroke: #5a5d61 }
    .ours { fill: #539df5 }
    .peer { fill: #6b6e73 }
    .kernel { stroke: #93969b }
  }
`

// classes are the CSS classes of the bars, groupTitles the legend.
var (
	classes     = map[Group]string{Ours: "ours", Peer: "peer", Kernel: "kernel"}
	groupTitles = map[Group]string{Ours: "echosvc", Peer: "other WebSocket servers in Go", Kernel: "bare TCP echo, without WebSocket"}
)

// SVG draws the costs: a panel for each load, with its own scale, and a bar for each server with
// its figure and its ratio to the reference.
func SVG(t *Table) []byte {
	panelHeight := panelTitle + barPitch*len(t.Servers)
	rows := (len(t.Loads) + panelsInRow - 1) / panelsInRow
	width := 2*margin + panelsInRow*panelWidth + (panelsInRow-1)*panelGap
	height := headHeight + rows*(panelHeight+panelGap) + footHeight
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="title">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, "<title id=\"title\">What a WebSocket echo costs the server</title>\n<style>%s</style>\n", style)
	fmt.Fprintf(&b, `<rect class="paper" x="0.5" y="0.5" width="%d" height="%d" rx="8"/>`+"\n", width-1, height-1)
	write(&b, margin, 32, "title", "What a WebSocket echo costs the server")
	write(&b, margin, 52, "quiet", "Server CPU time per message, on one core; memory per idle connection. Shorter is better. In brackets: times "+t.Servers[t.reference()].Title+".")
	x := margin
	for _, g := range []Group{Ours, Peer, Kernel} {
		fmt.Fprintf(&b, `<rect class="%s" x="%d.5" y="64.5" width="22" height="%d"/>`+"\n", classes[g], x, barHeight)
		write(&b, x+30, 74, "", groupTitles[g])
		x += 60 + 7*len(groupTitles[g])
	}
	for i, l := range t.Loads {
		x := margin + (i%panelsInRow)*(panelWidth+panelGap)
		t.panel(&b, l, x, headHeight+(i/panelsInRow)*(panelHeight+panelGap))
	}
	write(&b, margin, height-30, "quiet", fmt.Sprintf("Best of %d rounds. %s, %s", t.Rounds, t.Date.Format("2006-01-02"), t.Machine))
	write(&b, margin, height-13, "quiet", "Server and load on one core each, over loopback. Each panel has its own scale.")
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// panel draws the bars of one load, its upper left corner at x and y.
func (t *Table) panel(b *bytes.Buffer, l Load, x, y int) {
	write(b, x, y+20, "panel", l.Title)
	most := 0.0
	for _, c := range l.Cells {
		if c.Measured() {
			most = max(most, c.Best().Cost)
		}
	}
	bars := x + labelWidth
	y += panelTitle
	fmt.Fprintf(b, `<line class="axis" x1="%d.5" y1="%d" x2="%d.5" y2="%d"/>`+"\n", bars, y-2, bars, y+barPitch*len(t.Servers)-2)
	for k, s := range t.Servers {
		base := y + barHeight - 1 // of the text
		strong := ""
		if s.Group == Ours {
			strong = "strong"
		}
		fmt.Fprintf(b, `<text class="%s" x="%d" y="%d" text-anchor="end">%s</text>`+"\n", strong, bars-8, base, html.EscapeString(s.Title))
		if c := l.Cells[k]; c.Measured() {
			cost := c.Best().Cost
			length := max(barWidth*cost/most, 1)
			fmt.Fprintf(b, `<rect class="%s" x="%d.5" y="%d.5" width="%.1f" height="%d"/>`+"\n", classes[s.Group], bars, y-1, length, barHeight)
			figure := l.cost(cost)
			if ratio, ok := t.ratio(l, k); ok && k != t.reference() {
				figure += " (" + times(ratio) + ")"
			}
			write(b, bars+int(length)+8, base, strong, figure)
		} else {
			write(b, bars+8, base, "quiet", "–")
		}
		y += barPitch
	}
}

func write(b *bytes.Buffer, x, y int, class, text string) {
	fmt.Fprintf(b, `<text class="%s" x="%d" y="%d">%s</text>`+"\n", class, x, y, html.EscapeString(text))
}
