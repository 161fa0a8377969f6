package service

import (
	"bufio"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"slices"

	"golang.org/x/net/html"
)

// The HTML pages of HEALTH_PORT have no script. They are trees of nodes rather than templates:
// html/template calls methods by name, so the linker would keep every exported method, and the
// binary would be 1.7 MB larger.

//go:embed operator.css
var operatorCSS string

// operatorPolicy is their Content-Security-Policy: nothing but their own style, and forms that
// ask HEALTH_PORT.
var operatorPolicy = fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'", styleHash())

func styleHash() string {
	hash := sha256.Sum256([]byte(operatorCSS))
	return base64.StdEncoding.EncodeToString(hash[:])
}

// setHTML sets the header fields of an HTML page.
func setHTML(h http.Header) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", operatorPolicy)
	h.Set("Referrer-Policy", "no-referrer")
}

// mainStart and mainEnd enclose what a page shows after its head.
const (
	mainStart = "<main>\n"
	mainEnd   = "</main>\n"
)

// servePage answers with a page.
func servePage(w http.ResponseWriter, title string, nodes ...*html.Node) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	setHTML(w.Header())
	page := bufio.NewWriter(w)
	writeHead(page, title)
	writeNodes(page, nodes...)
	page.WriteString(mainEnd)
	page.Flush() // an error means that the client is gone
}

// writeHead writes what every page starts with, up to mainStart. HTML allows the end tags of html,
// head and body to be omitted.
func writeHead(w *bufio.Writer, title string) {
	w.WriteString("<!DOCTYPE html>\n<html lang=\"en\">\n")
	writeNodes(w,
		element("meta", attributes("charset", "utf-8")),
		element("meta", attributes("name", "viewport", "content", "width=device-width, initial-scale=1")),
		element("title", nil, text(title)),
		element("style", nil, text(operatorCSS)),
	)
	w.WriteString(mainStart)
}

// writeNodes writes each node, and a newline after it.
func writeNodes(w io.Writer, nodes ...*html.Node) error {
	for _, n := range nodes {
		if err := html.Render(w, n); err != nil {
			return err
		}
		if _, err := io.WriteString(w, "\n"); err != nil {
			return err
		}
	}
	return nil
}

// element returns an element.
func element(tag string, attributes []html.Attribute, children ...*html.Node) *html.Node {
	n := &html.Node{Type: html.ElementNode, Data: tag, Attr: attributes}
	for _, child := range children {
		n.AppendChild(child)
	}
	return n
}

// attributes returns the attributes that pairs of a name and a value stand for.
func attributes(pairs ...string) []html.Attribute {
	list := make([]html.Attribute, 0, len(pairs)/2)
	for pair := range slices.Chunk(pairs, 2) {
		list = append(list, html.Attribute{Key: pair[0], Val: pair[1]})
	}
	return list
}

// text returns a text, which is escaped when it is written, except in a style element.
func text(s string) *html.Node {
	return &html.Node{Type: html.TextNode, Data: s}
}

// anchor returns a link. more are further attributes, in pairs.
func anchor(href, label string, more ...string) *html.Node {
	return element("a", append(attributes("href", href), attributes(more...)...), text(label))
}

// define adds a term and its description to a dl element.
func define(dl, term *html.Node, description string) {
	dl.AppendChild(text("\n"))
	dl.AppendChild(element("dt", nil, term))
	dl.AppendChild(element("dd", nil, text(description)))
}
