package service

import (
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dustin/go-humanize"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// valueParser reads the values of variables, and collects an error for each that is wrong.
type valueParser struct {
	errs []error
}

// wrong notes that a variable has a value that is not allowed.
func (p *valueParser) wrong(name, value, allowed string) {
	hint := ""
	if strings.HasPrefix(value, "tcp://") {
		hint = "; Kubernetes sets variables of this form in every pod for a Service of that name: set enableServiceLinks: false in the pod, or set " + name
	}
	p.errs = append(p.errs, fmt.Errorf("%s=%q is not allowed; it must be %s%s", name, value, allowed, hint))
}

func (p *valueParser) port(name, value string) int {
	n, err := strconv.ParseUint(value, 10, 16)
	if err != nil {
		p.wrong(name, value, "a port number, 0 to 65535")
	}
	return int(n)
}

// host takes an address or a name that the resolver may know.
func (p *valueParser) host(name, value string) string {
	unbracketed := strings.TrimSuffix(strings.TrimPrefix(value, "["), "]")
	if _, err := netip.ParseAddr(unbracketed); err == nil {
		return unbracketed
	}
	if strings.ContainsAny(value, ":/[] ") {
		p.wrong(name, value, "an IP address or a host name without a port, or empty for all addresses")
	}
	return value
}

func (p *valueParser) level(name, value string) slog.Level {
	var level slog.Level
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, strings.ToLower(value)) || level.UnmarshalText([]byte(value)) != nil {
		p.wrong(name, value, "debug, info, warn or error")
	}
	return level
}

func (p *valueParser) oneOf(name, value string, allowed ...string) string {
	value = strings.ToLower(value)
	if !slices.Contains(allowed, value) {
		p.wrong(name, value, strings.Join(allowed, ", "))
	}
	return value
}

func (p *valueParser) driver(name, value string) string {
	if haveLoop {
		return p.oneOf(name, value, "auto", "loop", "portable")
	}
	return p.oneOf(name, value, "auto", "portable")
}

func (p *valueParser) count(name, value string) int {
	n, err := strconv.ParseUint(value, 10, 31)
	if err != nil {
		p.wrong(name, value, "a whole number, 0 or more")
	}
	return int(n)
}

func (p *valueParser) size(name, value string) int64 {
	n, err := humanize.ParseBytes(value)
	if err != nil || n > math.MaxInt64 || strings.Contains(value, ",") { // which ParseBytes would leave out
		p.wrong(name, value, "a number of bytes, plain or with a unit, such as 65536, 64KiB or 1GiB; 0 is no limit")
	}
	return int64(n)
}

const durationForm = "a duration with a unit, such as 500ms, 25s or 1m30s"

func (p *valueParser) duration(name, value string) time.Duration {
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 {
		p.wrong(name, value, "0 or "+durationForm)
	}
	return d
}

func (p *valueParser) positive(name, value string) time.Duration {
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		p.wrong(name, value, durationForm+", more than 0")
	}
	return d
}

func (p *valueParser) origins(name, value string) (all bool, list []string) {
	list = splitList(value)
	if slices.Contains(list, "*") {
		return true, nil
	}
	const allowed = "* or a list of origins such as https://example.com, https://*.example.com or null"
	if len(list) == 0 {
		p.wrong(name, value, allowed)
	}
	for _, origin := range list {
		if !isOrigin(origin) {
			p.wrong(name, value, fmt.Sprintf("%s; %q is not one", allowed, origin))
			break
		}
	}
	return false, list
}

// isOrigin says whether s is a scheme, a host and perhaps a port, as browsers send
// them, or null. The host may begin with "*." for all names below it.
func isOrigin(s string) bool {
	if s == "null" {
		return true
	}
	u, err := url.Parse(strings.Replace(s, "://*.", "://", 1))
	return err == nil && u.Scheme != "" && u.Host != "" && !strings.Contains(u.Host, "*") && u.Scheme+"://"+u.Host == strings.Replace(s, "://*.", "://", 1)
}

func (p *valueParser) subprotocols(name, value string) (all bool, list []string) {
	list = splitList(value)
	if slices.Contains(list, "*") {
		return true, nil
	}
	for _, subprotocol := range list {
		if !wsproto.IsToken(subprotocol) {
			p.wrong(name, value, fmt.Sprintf("* or a list of subprotocol names; %q has a character that no name may have", subprotocol))
		}
	}
	return false, list
}

func (p *valueParser) compression(name, value string) wsproto.Compression {
	modes := map[string]wsproto.Compression{"off": wsproto.NoCompression, "stateless": wsproto.Stateless, "takeover": wsproto.Takeover}
	return modes[p.oneOf(name, value, "off", "stateless", "takeover")]
}

// maxGoodbye is the length of the longest goodbye word, in bytes. It has to fit into conn.matched.
const maxGoodbye = 125

func (p *valueParser) goodbye(name, value string) string {
	if len(value) > maxGoodbye || !utf8.ValidString(value) {
		p.wrong(name, value, fmt.Sprintf("a text of at most %d bytes, or empty for none", maxGoodbye))
	}
	return value
}

// splitList splits a list with commas, leaving out white space and empty elements.
func splitList(value string) []string {
	var list []string
	for element := range strings.SplitSeq(value, ",") {
		if element = strings.TrimSpace(element); element != "" {
			list = append(list, element)
		}
	}
	return list
}

// formatSize writes a number of bytes exactly, in the largest unit of which it is a
// whole number, as size reads it.
func formatSize(n int64) string {
	units := []string{"", "KiB", "MiB", "GiB", "TiB"}
	unit := 0
	for n != 0 && n%1024 == 0 && unit < len(units)-1 {
		n /= 1024
		unit++
	}
	return strconv.FormatInt(n, 10) + units[unit]
}
