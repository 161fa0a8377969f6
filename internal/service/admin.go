package service

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/echosvc/echosvc/internal/httpecho"
	"github.com/echosvc/echosvc/internal/respond"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsconn"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// actions are the requests of an operator to HEALTH_PORT, with ADMIN_ACTIONS=true.
type actions struct {
	allowed    bool
	admission  *wsconn.Admission
	driver     driver
	rehearsals *rehearsals
	log        *slog.Logger
}

// handle adds the actions to mux.
func (a *actions) handle(mux *http.ServeMux) {
	mux.Handle("/drain", a.methods(map[string]http.HandlerFunc{http.MethodPost: a.drain, http.MethodDelete: a.takeBack}))
	mux.Handle("/connections/{id}/close", a.methods(map[string]http.HandlerFunc{http.MethodPost: a.close}, "code", "reason"))
	mux.Handle("/connections/{id}/drop", a.methods(map[string]http.HandlerFunc{http.MethodPost: a.drop}))
}

// readiness handles POST /readyz with ready in the query, and passes other requests to next:
// load balancers probe with all methods.
func (a *actions) readiness(next http.Handler) http.Handler {
	set := a.methods(map[string]http.HandlerFunc{http.MethodPost: a.setReady}, "ready")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/readyz" && r.URL.Query().Has("ready") {
			set.ServeHTTP(w, r)
		} else {
			next.ServeHTTP(w, r)
		}
	})
}

// methods chooses the handler by the method. It refuses other methods and parameters, and
// requests that a browser sends for a page of another origin.
func (a *actions) methods(handlers map[string]http.HandlerFunc, parameters ...string) http.Handler {
	allow := strings.Join(slices.Sorted(maps.Keys(handlers)), ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := handlers[r.Method]
		foreign := foreignPage(r)
		err := checkQuery(r, parameters)
		switch {
		case foreign != "":
			respond.PlainText(w, http.StatusForbidden, foreign)
		case h == nil:
			w.Header().Set("Allow", allow)
			respond.PlainText(w, http.StatusMethodNotAllowed, fmt.Sprintf("The method is %.20q; %.100s allows %s.", r.Method, r.URL.Path, allow))
		case !a.allowed:
			respond.PlainText(w, http.StatusForbidden, "This server does not have ADMIN_ACTIONS=true.")
		case err != nil:
			respond.PlainText(w, http.StatusBadRequest, err.Error()+".")
		default:
			h(w, r)
		}
	})
}

// checkQuery refuses a query with other parameters, or with one twice, because a misspelt code
// would close a connection with the default.
func checkQuery(r *http.Request, parameters []string) error {
	values, err := parseQuery(r)
	if err != nil {
		return err
	}
	for name, list := range values {
		switch {
		case !slices.Contains(parameters, name):
			return fmt.Errorf("%.20q is not a parameter of this action; allowed: %s", name, cmp.Or(strings.Join(parameters, ", "), "none"))
		case len(list) > 1:
			return fmt.Errorf("%s is given %d times; once is allowed", name, len(list))
		}
	}
	return nil
}

// parseQuery is like r.URL.Query, but returns an error for what that leaves out as malformed.
func parseQuery(r *http.Request) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("the query is malformed: %w", err)
	}
	return values, nil
}

// note logs an action.
func (a *actions) note(r *http.Request, action string, attrs ...any) {
	a.log.Info("admin action", append(append(httpecho.Attrs(r), "action", action), attrs...)...)
}

func (a *actions) drain(w http.ResponseWriter, r *http.Request) {
	if !a.rehearsals.start() {
		respond.PlainText(w, http.StatusConflict, "A drain has begun already.")
		return
	}
	a.note(r, "drain")
	respond.PlainText(w, http.StatusAccepted, fmt.Sprintf("/readyz fails. After DRAIN_DELAY=%v upgrades get 503, and %d connections get a close frame with 1001 within DRAIN_SPREAD=%v. DELETE /drain ends the rehearsal.",
		a.rehearsals.delay, a.admission.Open(), a.rehearsals.spread))
}

func (a *actions) takeBack(w http.ResponseWriter, r *http.Request) {
	if !a.rehearsals.takeBack() {
		respond.PlainText(w, http.StatusConflict, "There is no rehearsal to end.")
		return
	}
	a.note(r, "end the rehearsal of a drain")
	respond.PlainText(w, http.StatusOK, fmt.Sprintf("The rehearsal has ended. %d connections are open or closing.", a.admission.Open()))
}

func (a *actions) setReady(w http.ResponseWriter, r *http.Request) {
	ready, err := strconv.ParseBool(r.URL.Query().Get("ready"))
	if err != nil {
		respond.PlainText(w, http.StatusBadRequest, "ready must be true or false.")
		return
	}
	a.admission.SetReady(ready)
	a.note(r, "readiness", "ready", ready)
	if ready {
		respond.PlainText(w, http.StatusOK, "/readyz passes, unless there is a drain.")
	} else {
		respond.PlainText(w, http.StatusOK, "/readyz fails until POST /readyz?ready=true.")
	}
}

func (a *actions) close(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	code, reason := wsproto.CloseNormalClosure, query.Get("reason")
	if value := query.Get("code"); value != "" {
		n, _ := strconv.ParseUint(value, 10, 16)
		code = wsproto.CloseCode(n)
	}
	switch {
	case !code.MaySend() || code == wsproto.CloseMandatoryExtension:
		respond.PlainText(w, http.StatusBadRequest, "code must be a close code that a server may send: 1000 to 1003, 1007 to 1009, 1011 to 1014, 3000 to 4999.")
	case len(reason) > wsproto.MaxCloseReason || !utf8.ValidString(reason):
		respond.PlainText(w, http.StatusBadRequest, fmt.Sprintf("reason must be UTF-8 of at most %d bytes.", wsproto.MaxCloseReason))
	default:
		a.order(w, r, "close", func(c *wsconn.Conn) bool { return c.OrderClose(code, reason) })
	}
}

func (a *actions) drop(w http.ResponseWriter, r *http.Request) {
	a.order(w, r, "drop", (*wsconn.Conn).OrderDrop)
}

// order gives an order to the connection with the ID in the path.
func (a *actions) order(w http.ResponseWriter, r *http.Request, action string, give func(*wsconn.Conn) bool) {
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
	if err != nil {
		respond.PlainText(w, http.StatusBadRequest, "The ID must be a number, as in /connections.")
		return
	}
	found, given := false, false
	a.driver.Each(func(h socket.Handler, _ int64) (wake bool) {
		c := h.(*wsconn.Conn)
		if c.ID() != id || !c.Established() {
			return false
		}
		found, given = true, give(c)
		return given
	})
	switch {
	case given:
		a.note(r, action, "id", id)
		respond.PlainText(w, http.StatusAccepted, fmt.Sprintf("Connection %d: %s.", id, action))
	case found:
		respond.PlainText(w, http.StatusConflict, fmt.Sprintf("Connection %d is already closing.", id))
	default:
		respond.PlainText(w, http.StatusNotFound, fmt.Sprintf("No WebSocket with the ID %d is open.", id))
	}
}
