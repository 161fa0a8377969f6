// Package requestinfo describes a request as it arrived, and the process that answers it.
// The HTTP echo and the greeting of a WebSocket both use it, so that they hide the same
// secrets from browsers.
package requestinfo

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// Identity identifies the process that answers.
type Identity struct {
	Pod       string `json:"pod"`
	Node      string `json:"node,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Version   string `json:"version"`
}

// NewIdentity returns the identity of this process. An empty pod becomes the name of the
// host.
func NewIdentity(pod, node, namespace, version string) Identity {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return Identity{Pod: cmp.Or(pod, host), Node: node, Namespace: namespace, Version: version}
}

// NameValue is a header field or a query parameter.
type NameValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Visible returns s with each byte that is not part of valid UTF-8 as \xNN, so that JSON and
// the log show the byte.
func Visible(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	const digits = "0123456789abcdef"
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 { // without package fmt, since there can be 100,000 of them
			b.WriteString(`\x`)
			b.WriteByte(digits[s[0]>>4])
			b.WriteByte(digits[s[0]&0xf])
		} else {
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}

// Line returns the request line, as Visible shows it.
func Line(r *wsproto.Request) string { return Visible(r.Method + " " + r.Target + " " + r.Proto) }

// Filter decides which header values a browser sees. A page must not use the server to read
// what its browser or a proxy hides from it: HttpOnly cookies, which browsers send even with
// the WebSocket of another site's page, or tokens that proxies add. Such fields can have any
// name, so only the values of fields that are known to be harmless are shown.
type Filter struct {
	ShowAll bool
	Show    []string // names of fields to show in addition to the harmless ones, in any case
}

// Fields returns the header fields of a request in the order and spelling in which they
// arrived, as Visible shows them. If the request may come from a browser, values that the
// Filter does not show are hidden, and hidden is a text with their number and the setting that
// shows them. It is empty if none are.
func (f *Filter) Fields(r *wsproto.Request) (list []NameValue, hidden string) {
	hide := !f.ShowAll && maybeBrowser(r)
	list = make([]NameValue, 0, len(r.Fields))
	count := 0
	for _, field := range r.Fields {
		value := Visible(field.Value)
		if hide && !f.shows(field.Name) {
			value = fmt.Sprintf("hidden from browsers: %d bytes", len(field.Value))
			count++
		}
		list = append(list, NameValue{field.Name, value})
	}
	if count > 0 {
		hidden = fmt.Sprintf("the values of %d header fields, because the request may come from a browser; SHOW_HEADERS of this server names fields to show", count)
	}
	return list, hidden
}

// shows reports whether browsers see the values of a field.
func (f *Filter) shows(name string) bool {
	name = strings.ToLower(name)
	return harmless[name] || strings.HasPrefix(name, "sec-") ||
		slices.ContainsFunc(f.Show, func(shown string) bool { return strings.EqualFold(shown, name) })
}

// maybeBrowser reports whether a browser may have sent the request. On plain http, a page
// sends neither Origin nor Sec-Fetch-Site with a GET to its own origin, so it also looks for
// other fields that browsers send and tools do not.
func maybeBrowser(r *wsproto.Request) bool {
	for _, field := range r.Fields {
		switch name := strings.ToLower(field.Name); name {
		case "origin", "referer", "accept-language":
			return true
		case "user-agent":
			if strings.Contains(field.Value, "Mozilla/") {
				return true
			}
		default:
			if strings.HasPrefix(name, "sec-fetch-") || strings.HasPrefix(name, "sec-ch-") {
				return true
			}
		}
	}
	return false
}

// harmless are the fields whose values browsers see, in lower case: those of the handshake and
// the connection, and those in which well-known proxies describe the path. Fields that begin
// with Sec- are also shown, because browsers reserve them.
var harmless = func() map[string]bool {
	set := map[string]bool{}
	for name := range strings.FieldsSeq(`
		host connection upgrade origin referer user-agent
		accept accept-charset accept-encoding accept-language
		access-control-request-headers access-control-request-method access-control-request-private-network
		cache-control pragma content-length content-type transfer-encoding te trailer expect date dnt priority
		if-modified-since if-none-match range upgrade-insecure-requests save-data
		forwarded via x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-prefix x-forwarded-proto
		x-forwarded-scheme x-forwarded-server x-forwarded-ssl x-original-uri x-real-ip x-real-port
		x-request-id x-request-start x-correlation-id x-scheme x-envoy-expected-rq-timeout-ms
		x-envoy-external-address x-envoy-internal x-amzn-trace-id x-b3-traceid x-b3-spanid x-b3-sampled
		traceparent tracestate cf-connecting-ip cf-ray cf-visitor cdn-loop true-client-ip`) {
		set[name] = true
	}
	return set
}()

// JSON returns v as JSON, followed by a newline. v must be encodable. JSON does not escape <, >
// and &, because it is never part of an HTML document.
func JSON(v any, indent string) []byte {
	var compact bytes.Buffer
	encoder := json.NewEncoder(&compact)
	encoder.SetEscapeHTML(false)
	encoder.Encode(v)
	if indent == "" {
		return compact.Bytes()
	}
	var indented bytes.Buffer
	json.Indent(&indented, compact.Bytes(), "", indent) // takes less memory than an Encoder that indents
	return indented.Bytes()
}
