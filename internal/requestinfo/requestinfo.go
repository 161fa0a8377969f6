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
	"strings"

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

// Line returns the request line. Invalid UTF-8 becomes U+FFFD.
func Line(r *wsproto.Request) string {
	return strings.ToValidUTF8(r.Method+" "+r.Target+" "+r.Proto, "\ufffd")
}

// Fields returns the header fields of a request in the order and spelling in which they
// arrived. Invalid UTF-8 becomes U+FFFD. If the request comes from a browser, the values
// that browsers hide from scripts are hidden.
func Fields(r *wsproto.Request) []NameValue {
	hide := fromBrowser(r)
	list := make([]NameValue, 0, len(r.Fields))
	for _, field := range r.Fields {
		value := strings.ToValidUTF8(field.Value, "\ufffd")
		if hide && isSecret(field.Name) {
			value = fmt.Sprintf("hidden from browsers: %d bytes", len(field.Value))
		}
		list = append(list, NameValue{field.Name, value})
	}
	return list
}

// fromBrowser reports whether a script in a page may have sent the request. Browsers add
// these fields, and scripts cannot remove them.
func fromBrowser(r *wsproto.Request) bool {
	for _, field := range r.Fields {
		if strings.EqualFold(field.Name, "Origin") || strings.EqualFold(field.Name, "Sec-Fetch-Site") {
			return true
		}
	}
	return false
}

// isSecret reports whether scripts must not see a field. Browsers send HttpOnly cookies
// with every request, including an upgrade that a page of another site sends.
func isSecret(name string) bool {
	switch strings.ToLower(name) {
	case "cookie", "authorization", "proxy-authorization":
		return true
	}
	return false
}

// JSON returns v as JSON, followed by a newline. v must be encodable. JSON does not escape
// <, > and &, because it is never part of an HTML document.
func JSON(v any, indent string) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	encoder.Encode(v)
	return b.Bytes()
}
