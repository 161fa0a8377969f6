package service

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
	"strings"
	"time"

	"github.com/echosvc/echosvc/internal/respond"
)

// The paths are those of net/http/pprof, which go tool pprof requests. That package would add
// 0.27 MB to the binary.
const profilesRoot = "/debug/pprof/"

// maxProfileTime is the longest time for which a profile is taken.
const maxProfileTime = time.Hour

// timedProfile is a profile that is taken over a time.
type timedProfile struct {
	name, text string
	seconds    float64 // without a query
	start      func(io.Writer) error
	stop       func()
}

var timedProfiles = []timedProfile{
	{"profile", "where the process spends CPU time, for 30 seconds or ?seconds=", 30, pprof.StartCPUProfile, pprof.StopCPUProfile},
	{"trace", "what the process does, for 1 second or ?seconds=, for go tool trace", 1, trace.Start, trace.Stop},
}

// profileTexts describes the profiles of the current state.
var profileTexts = map[string]string{
	"allocs":       "memory that was allocated since the start, garbage included",
	"block":        "where goroutines waited; empty unless the program sets a rate",
	"goroutine":    "the stacks of all goroutines; ?debug=2 as after a panic",
	"heap":         "memory in use; ?gc=1 collects garbage first",
	"mutex":        "who held contended locks; empty unless the program sets a rate",
	"threadcreate": "what started threads of the operating system",
}

// handleProfiles adds the profiles of Go's runtime to mux. A profile that is taken for some
// time may be sent within write after that.
func handleProfiles(mux *http.ServeMux, write time.Duration) {
	mux.Handle(profilesRoot+"{$}", getOnly(http.HandlerFunc(profileIndex)))
	mux.Handle(profilesRoot+"{name}", getOnly(http.HandlerFunc(presentProfile)))
	mux.Handle(profilesRoot+"cmdline", getOnly(http.HandlerFunc(commandLine)))
	for _, p := range timedProfiles {
		mux.Handle(profilesRoot+p.name, getOnly(p.handler(write)))
	}
}

// handler serves the profile.
func (p timedProfile) handler(write time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seconds := p.seconds
		if value := r.URL.Query().Get("seconds"); value != "" {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil || !(n > 0 && n <= maxProfileTime.Seconds()) { // NaN too
				profileError(w, http.StatusBadRequest, fmt.Sprintf("seconds is %.20q; it must be a number above 0, at most %.0f.", value, maxProfileTime.Seconds()))
				return
			}
			seconds = n
		}
		taken := time.Duration(seconds * float64(time.Second))
		deadline := time.Now().Add(taken + write)
		control := http.NewResponseController(w)
		control.SetReadDeadline(deadline) // net/http reads on, and cancels the request if that fails
		control.SetWriteDeadline(deadline)
		setProfile(w.Header(), p.name)
		if err := p.start(w); err != nil { // it has written nothing
			profileError(w, http.StatusInternalServerError, fmt.Sprintf("%s is being taken for another request, and the runtime takes one at a time: %v.", p.name, err))
			return
		}
		defer p.stop()
		timer := time.NewTimer(taken)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
		}
	})
}

// presentProfile serves the profile of the current state that the path names.
func presentProfile(w http.ResponseWriter, r *http.Request) {
	name, query := r.PathValue("name"), r.URL.Query()
	profile := pprof.Lookup(name)
	if profile == nil {
		profileError(w, http.StatusNotFound, fmt.Sprintf("There is no profile %.40q; %s lists them.", name, profilesRoot))
		return
	}
	if query.Has("seconds") {
		profileError(w, http.StatusBadRequest, "seconds is for profile and trace. Take two profiles, and compare them with go tool pprof -diff_base.")
		return
	}
	debug := 0
	if value := query.Get("debug"); value != "" {
		var err error
		if debug, err = number("debug", value, 0, 2); err != nil {
			profileError(w, http.StatusBadRequest, err.Error()+".")
			return
		}
	}
	if gc := query.Get("gc"); name == "heap" && gc != "" && gc != "0" {
		runtime.GC()
	}
	if debug == 0 {
		setProfile(w.Header(), name)
	} else {
		setText(w.Header())
	}
	profile.WriteTo(w, debug) // an error means that the client is gone
}

// commandLine serves the arguments of the process, separated by NUL.
func commandLine(w http.ResponseWriter, _ *http.Request) {
	setText(w.Header())
	io.WriteString(w, strings.Join(os.Args, "\x00"))
}

// profileIndex lists the profiles.
func profileIndex(w http.ResponseWriter, _ *http.Request) {
	dl := element("dl", nil)
	for _, p := range timedProfiles {
		define(dl, anchor(p.name, p.name), p.text)
	}
	for _, p := range pprof.Profiles() {
		define(dl, anchor(p.Name()+"?debug=1", p.Name()), fmt.Sprintf("%s (%d)", profileTexts[p.Name()], p.Count()))
	}
	define(dl, anchor("cmdline", "cmdline"), "the command line")
	servePage(w, "Profiles - echosvc", element("h1", nil, text("Profiles")), element("nav", nil, anchor("../../", "HEALTH_PORT")), dl)
}

// setProfile sets the header fields of a profile.
func setProfile(h http.Header, name string) {
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
	h.Set("X-Content-Type-Options", "nosniff")
}

func setText(h http.Header) {
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
}

// profileError writes an error. go tool pprof shows the text only with X-Go-Pprof.
func profileError(w http.ResponseWriter, status int, message string) {
	w.Header().Del("Content-Disposition")
	w.Header().Set("X-Go-Pprof", "1")
	respond.PlainText(w, status, message)
}
