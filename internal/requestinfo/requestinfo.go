// Package requestinfo shows an HTTP request as it arrived, and names the process that
// answers it. The HTTP echo and the greeting of a WebSocket both show requests with it,
// so that neither tells what the other hides.
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

// Identity names the process that answers.
type Identity struct {
	Pod       string `json:"pod"`
	Node      string `json:"node,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Version   string `json:"version"`
}

// NewIdentity returns the identity of this process. Without a pod name it has the name of
// the host.
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

// Line returns the request line.
func Line(r *wsproto.Request) string {
	return strings.ToValidUTF8(r.Method+" "+r.Target+" "+r.Proto, "\ufffd")
}

// Fields returns the header fields of a request in the order and the spelling in which
// they arrived. What browsers hide from scripts is hidden from browsers here too.
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

// fromBrowser reports whether a script in a page may have sent the request: browsers add
// these fields, and scripts cannot remove them.
func fromBrowser(r *wsproto.Request) bool {
	for _, field := range r.Fields {
		if strings.EqualFold(field.Name, "Origin") || strings.EqualFold(field.Name, "Sec-Fetch-Site") {
			return true
		}
	}
	return false
}

// isSecret reports whether scripts must not read a field. Browsers send HttpOnly cookies
// with every request, and with a WebSocket that a page of another site opens.
func isSecret(name string) bool {
	switch strings.ToLower(name) {
	case "cookie", "authorization", "proxy-authorization":
		return true
	}
	return false
}

// JSON encodes v, which must be encodable, and ends it with a newline. It does not escape
// < and &, since no answer that contains it is HTML.
func JSON(v any, indent string) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	encoder.Encode(v)
	return b.Bytes()
}
