package service

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/echosvc/echosvc/internal/wsconn"
)

// The number of connections in one answer of /connections, unless the query says less. It
// bounds the time that an answer takes.
const (
	defaultListed = 1000
	maxListed     = 10_000
)

// listQuery is the query of /connections.
type listQuery struct {
	limit, offset int
	sort          string // a name in columns
	descending    bool
	after         uint64 // the ID after which the list begins
	closed        bool   // those that have ended
	client        string // an address with or without a port, a network, or unix
	path          string // ends with * for all paths that begin with the rest
	state         string
	code          int // 0 for all

	network netip.Prefix // of client; the zero Prefix if that is no address or network
}

// columns are the names to sort a list by.
var columns = map[string]wsconn.Column{
	"id": wsconn.ByID, "since": wsconn.BySince, "last_activity": wsconn.ByActivity, "messages": wsconn.ByMessages,
	"bytes": wsconn.ByBytes, "held": wsconn.ByHeld, "rtt": wsconn.ByRTT, "ended": wsconn.ByEnd, "duration": wsconn.ByDuration,
}

// parameters are those of /connections. Each may be empty.
var parameters = []string{"after", "client", "closed", "code", "limit", "offset", "path", "sort", "state"}

// states are the states of connections that are open.
var states = []string{"open", "closing", "closed"}

// defaultQuery returns the query that has no parameter other than closed.
func defaultQuery(closed bool) listQuery {
	if closed {
		return listQuery{limit: defaultListed, closed: true, sort: "ended", descending: true}
	}
	return listQuery{limit: defaultListed, sort: "id"}
}

// parseListQuery parses a query. The error says what is allowed.
func parseListQuery(values url.Values) (q listQuery, err error) {
	q = defaultQuery(values.Get("closed") == "1")
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if n := len(values[name]); n > 1 {
			return q, fmt.Errorf("%.20q is given %d times; once is allowed", name, n)
		}
		if err := q.set(name, values.Get(name)); err != nil {
			return q, err
		}
	}
	switch {
	case q.closed && q.state != "":
		return q, errors.New("state is for connections that are open; leave out closed=1")
	case !q.closed && q.code != 0:
		return q, errors.New("code is for connections that have ended; add closed=1")
	case !q.closed && (q.sort == "ended" || q.sort == "duration"):
		return q, fmt.Errorf("sort=%s is for connections that have ended; add closed=1", q.sort)
	}
	return q, nil
}

// set sets one parameter. An empty value comes from an empty field of the form.
func (q *listQuery) set(name, value string) (err error) {
	switch {
	case name == "limit" && value != "":
		q.limit, err = number(name, value, 1, maxListed)
	case name == "offset" && value != "":
		q.offset, err = number(name, value, 0, math.MaxInt32)
	case name == "after" && value != "":
		if q.after, err = strconv.ParseUint(value, 10, 64); err != nil {
			err = errors.New("after must be an ID, as in next")
		}
	case name == "code" && value != "":
		q.code, err = number(name, value, 1000, 4999)
	case name == "sort" && value != "":
		q.sort, q.descending = strings.CutPrefix(value, "-")
		if _, known := columns[q.sort]; !known {
			err = fmt.Errorf("sort must be one of %s, with - before it for descending order", strings.Join(slices.Sorted(maps.Keys(columns)), ", "))
		}
	case name == "state":
		if q.state = value; value != "" && !slices.Contains(states, value) {
			err = fmt.Errorf("state must be one of %s", strings.Join(states, ", "))
		}
	case name == "closed":
		if value != "" && value != "0" && value != "1" {
			err = errors.New("closed must be 1, for connections that have ended, or 0")
		}
	case name == "path":
		q.path = value
	case name == "client":
		err = q.setClient(value)
	case !slices.Contains(parameters, name):
		err = fmt.Errorf("%.20q is not a parameter of /connections; allowed are %s", name, strings.Join(parameters, ", "))
	}
	return err
}

// number parses a whole number.
func number(name, value string, least, most int) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%s must be a whole number from %d to %d", name, least, most)
	}
	return n, nil
}

func (q *listQuery) setClient(value string) error {
	q.client = value
	if value == "" || value == "unix" {
		return nil
	}
	if _, err := netip.ParseAddrPort(value); err == nil {
		return nil
	}
	network, err := netip.ParsePrefix(value)
	if addr, addrErr := netip.ParseAddr(value); addrErr == nil {
		network, err = addr.Prefix(addr.BitLen())
	}
	if err != nil {
		return errors.New("client must be an IP address, with or without a port, a network such as 10.0.0.0/8, or unix")
	}
	if addr := network.Addr(); addr.Is4In6() && network.Bits() >= 96 { // the list has IPv4
		network = netip.PrefixFrom(addr.Unmap(), network.Bits()-96)
	}
	q.network = network
	return nil
}

// matches reports whether the query selects a connection.
func (q *listQuery) matches(v *wsconn.View) bool {
	return v.ID() > q.after &&
		(q.state == "" || v.State() == q.state) &&
		(q.code == 0 || v.Code() == q.code) &&
		(q.path == "" || q.matchesPath(v.Path())) &&
		(q.client == "" || q.matchesClient(v))
}

func (q *listQuery) matchesPath(path string) bool {
	if prefix, cut := strings.CutSuffix(q.path, "*"); cut {
		return strings.HasPrefix(path, prefix)
	}
	return path == q.path
}

// matchesClient compares the address of the client or, if that is not known, of the other end
// of the connection.
func (q *listQuery) matchesClient(v *wsconn.View) bool {
	address, client := v.Addresses()
	if client != "" {
		address = client
	}
	if !q.network.IsValid() {
		return address == q.client
	}
	addr, err := netip.ParseAddr(address)
	if withPort, portErr := netip.ParseAddrPort(address); portErr == nil {
		addr, err = withPort.Addr(), nil
	}
	return err == nil && q.network.Contains(addr.Unmap())
}

// values is the inverse of parseListQuery. It leaves out defaults.
func (q *listQuery) values() url.Values {
	values := url.Values{}
	set := func(name, value string, isDefault bool) {
		if !isDefault {
			values.Set(name, value)
		}
	}
	direction := ""
	if q.descending {
		direction = "-"
	}
	defaults := defaultQuery(q.closed)
	set("limit", strconv.Itoa(q.limit), q.limit == defaults.limit)
	set("offset", strconv.Itoa(q.offset), q.offset == 0)
	set("after", strconv.FormatUint(q.after, 10), q.after == 0)
	set("code", strconv.Itoa(q.code), q.code == 0)
	set("closed", "1", !q.closed)
	set("sort", direction+q.sort, q.sort == defaults.sort && q.descending == defaults.descending)
	set("state", q.state, q.state == "")
	set("path", q.path, q.path == "")
	set("client", q.client, q.client == "")
	return values
}
