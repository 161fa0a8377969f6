package service

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// identity says who has answered.
type identity struct {
	Pod       string `json:"pod"`
	Node      string `json:"node,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Version   string `json:"version"`
}

// newIdentity is the identity of this process. Outside of a pod, it has the name of its host.
func newIdentity(config *Config, version string) identity {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return identity{Pod: cmp.Or(config.PodName, host), Node: config.NodeName, Namespace: config.PodNamespace, Version: version}
}

// nameValue is a header field or a part of a query.
type nameValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// mirrored are the header fields of a request as they arrived: all of them, in their order
// and spelling. Only what a browser keeps from the scripts of a page is not given to one.
func mirrored(r *wsproto.Request) []nameValue {
	hide := fromBrowser(r)
	list := make([]nameValue, 0, len(r.Fields))
	for _, field := range r.Fields {
		value := strings.ToValidUTF8(field.Value, "\ufffd")
		if hide && isSecret(field.Name) {
			value = fmt.Sprintf("hidden from browsers: %d bytes", len(field.Value))
		}
		list = append(list, nameValue{field.Name, value})
	}
	return list
}

// fromBrowser says whether a request may come from a script in a page: browsers add these
// fields, and let no script remove them.
func fromBrowser(r *wsproto.Request) bool {
	for _, field := range r.Fields {
		if strings.EqualFold(field.Name, "Origin") || strings.EqualFold(field.Name, "Sec-Fetch-Site") {
			return true
		}
	}
	return false
}

// isSecret says whether a field has what scripts may not read: HttpOnly cookies are sent
// with every request, and a WebSocket even takes them to another site's page.
func isSecret(name string) bool {
	switch strings.ToLower(name) {
	case "cookie", "authorization", "proxy-authorization":
		return true
	}
	return false
}
