package service

import (
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/net/html"

	"github.com/echosvc/echosvc/internal/respond"
)

// entry is a path of HEALTH_PORT.
type entry struct {
	Path string
	Text string
	Link bool // it can be asked for with GET
}

// entries returns the paths of HEALTH_PORT.
func entries(actions, profiles bool) []entry {
	list := []entry{
		{"healthz", "200 while the process works", true},
		{"readyz", "200 while load balancers should send connections", true},
		{"metrics", "metrics for Prometheus", true},
		{"connections", "the open WebSockets", true},
		{"connections?closed=1", "the 1,000 WebSockets that ended last", true},
	}
	if profiles {
		list = append(list, entry{"debug/pprof/", "profiles of the process (PPROF=true)", true})
	}
	if actions {
		list = append(list,
			entry{"POST /drain", "rehearse a drain (ADMIN_ACTIONS=true)", false},
			entry{"DELETE /drain", "end the rehearsal", false},
			entry{"POST /readyz?ready=false", "fail /readyz until ready=true", false},
			entry{"POST /connections/ID/close?code=1000&reason=TEXT", "send a close frame", false},
			entry{"POST /connections/ID/drop", "end TCP without a close frame", false},
		)
	}
	return list
}

// indexHandler lists the paths of HEALTH_PORT: browsers get HTML, others text. echo is the
// address of the echo, as text.
func indexHandler(list []entry, echo string) http.Handler {
	intro := fmt.Sprintf("This is HEALTH_PORT. WebSockets and the echo are on %s.", echo)
	var plain strings.Builder
	plain.WriteString(intro + "\n")
	for _, e := range list {
		path := e.Path
		if e.Link {
			path = "/" + path
		}
		fmt.Fprintf(&plain, "\n%s\n    %s", path, e.Text)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Accept")
		if respond.Preferred(r, respond.Text, respond.HTML) != respond.HTML {
			respond.PlainText(w, http.StatusOK, plain.String())
			return
		}
		servePage(w, "echosvc", element("h1", nil, text("echosvc")), element("p", nil, text(intro)), definitions(list))
	})
}

// definitions returns the list as a dl element.
func definitions(list []entry) *html.Node {
	dl := element("dl", nil)
	for _, e := range list {
		term := text(e.Path)
		if e.Link {
			term = anchor(e.Path, e.Path)
		}
		define(dl, term, e.Text)
	}
	return dl
}
