package config

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dustin/go-humanize"

	"github.com/echosvc/echosvc/internal/clientaddr"
	"github.com/echosvc/echosvc/internal/origin"
	"github.com/echosvc/echosvc/internal/wsconn"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// The errors of the Decode methods follow the variable and its value in the message.

// Port is a TCP port, or 0.
type Port int

func (p *Port) Decode(value string) error { return decimal(p, value, math.MaxUint16) }

// Count is a number of things, 0 or more.
type Count int

func (c *Count) Decode(value string) error { return decimal(c, value, math.MaxInt32) }

// decimal sets n to value, a decimal number from 0 to limit.
func decimal[N ~int](n *N, value string, limit uint64) error {
	v, err := strconv.ParseUint(value, 10, 64)
	if err != nil || v > limit {
		return fmt.Errorf("must be a whole number from 0 to %d", limit)
	}
	*n = N(v)
	return nil
}

// Host is an IP address without brackets, a name to resolve, "unix:" and the path of a Unix
// socket, or "" for all addresses.
type Host string

func (h *Host) Decode(value string) error {
	if path, unix := strings.CutPrefix(value, unixPrefix); unix {
		if path == "" || len(path) > maxSocketPath {
			return fmt.Errorf("must have a path of 1 to %d bytes after unix:, such as unix:/run/echosvc.sock", maxSocketPath)
		}
		if path[0] != '@' { // which is abstract
			path = filepath.Clean(path)
		}
		*h = Host(unixPrefix + path)
		return nil
	}
	*h = Host(strings.TrimSuffix(strings.TrimPrefix(value, "["), "]"))
	if _, err := netip.ParseAddr(string(*h)); err != nil && strings.ContainsAny(value, ":/[] *") {
		return errors.New("must be an IP address or a host name, without a port, or unix: and a path, or empty for all addresses")
	}
	return nil
}

const (
	unixPrefix = "unix:"
	// maxSocketPath is the length of the longest path of a socket, which macOS limits most.
	maxSocketPath = 103
)

// Unix returns the path of a Unix socket, or "".
func (h Host) Unix() string {
	path, unix := strings.CutPrefix(string(h), unixPrefix)
	if !unix {
		return ""
	}
	return path
}

// Driver is "auto", "portable" or, on Linux, "loop".
type Driver string

func (d *Driver) Decode(value string) error {
	if runtime.GOOS == "linux" {
		return oneOf(d, value, "auto", "loop", "portable")
	}
	return oneOf(d, value, "auto", "portable")
}

// Bool is true or false.
type Bool bool

func (b *Bool) Decode(value string) error {
	switch strings.ToLower(value) {
	case "true", "1", "t", "yes", "on", "y":
		*b = true
	case "false", "0", "f", "no", "off", "n":
		*b = false
	default:
		return errors.New("must be true or false; 1, t, yes, on, 0, f, no and off mean the same")
	}
	return nil
}

// LogFormat is "auto", "text" or "json".
type LogFormat string

func (f *LogFormat) Decode(value string) error { return oneOf(f, value, "auto", "text", "json") }

// LogConnections is "all", "sampled" or "none".
type LogConnections string

func (l *LogConnections) Decode(value string) error { return oneOf(l, value, "all", "sampled", "none") }

// oneOf sets s to value in lower case, which must be one of the allowed words.
func oneOf[S ~string](s *S, value string, allowed ...string) error {
	*s = S(strings.ToLower(value))
	if !slices.Contains(allowed, string(*s)) {
		return errors.New("must be one of " + strings.Join(allowed, ", "))
	}
	return nil
}

// LogLevel is a [slog.Leveler].
type LogLevel slog.Level

func (l LogLevel) Level() slog.Level { return slog.Level(l) }

func (l *LogLevel) Decode(value string) error {
	var name string
	if err := oneOf(&name, value, "debug", "info", "warn", "warning", "error"); err != nil {
		return err
	}
	return (*slog.Level)(l).UnmarshalText([]byte(strings.TrimSuffix(name, "ing")))
}

// Compression is a [wsproto.Compression].
type Compression wsproto.Compression

func (c *Compression) Decode(value string) error {
	var mode string
	err := oneOf(&mode, value, "off", "stateless", "takeover")
	*c = Compression(map[string]wsproto.Compression{"stateless": wsproto.Stateless, "takeover": wsproto.Takeover}[mode])
	return err
}

// ProxyProtocol is a [clientaddr.Protocol].
type ProxyProtocol clientaddr.Protocol

func (p *ProxyProtocol) Decode(value string) error {
	var mode string
	err := oneOf(&mode, value, "off", "optional", "require")
	*p = ProxyProtocol(map[string]clientaddr.Protocol{"optional": clientaddr.Optional, "require": clientaddr.Require}[mode])
	return err
}

// Networks are networks of trusted proxies.
type Networks []clientaddr.Network

func (n *Networks) Decode(value string) error {
	*n = nil
	for element := range strings.SplitSeq(value, ",") {
		if element = strings.TrimSpace(element); element == "" {
			continue
		}
		network, err := clientaddr.ParseNetwork(element)
		if err != nil {
			return fmt.Errorf("must be a comma-separated list of networks such as 10.0.0.0/8 or 2001:db8::/32, of addresses, or unix:; %q is not one: %w", element, err)
		}
		*n = append(*n, network)
	}
	return nil
}

// Size is a number of bytes, 0 or more.
type Size int64

func (s *Size) Decode(value string) error {
	n, err := humanize.ParseBytes(value)
	if err != nil || n > math.MaxInt64 || strings.Contains(value, ",") { // ParseBytes ignores commas
		return errors.New("must be a number of bytes, with or without a unit, such as 65536, 64KiB or 1GiB")
	}
	*s = Size(n)
	return nil
}

// MemoryLimit is a number of bytes, 0 for none, or [AutoMemoryLimit].
type MemoryLimit int64

// AutoMemoryLimit stands for the limit of the cgroup.
const AutoMemoryLimit MemoryLimit = -1

// minMemoryLimit is the least memory that the process works with.
const minMemoryLimit = 32 << 20

func (m *MemoryLimit) Decode(value string) error {
	if strings.EqualFold(value, "auto") {
		*m = AutoMemoryLimit
		return nil
	}
	var size Size
	if err := size.Decode(value); err != nil || size > 0 && size < minMemoryLimit {
		return errors.New("must be auto, 0, or a number of bytes of at least 32MiB, with or without a unit, such as 256MiB")
	}
	*m = MemoryLimit(size)
	return nil
}

// String returns the limit as [Size.String] does, or "auto".
func (m MemoryLimit) String() string {
	if m == AutoMemoryLimit {
		return "auto"
	}
	return Size(m).String()
}

// String returns the exact size, in the largest unit that divides it. humanize.IBytes rounds.
func (s Size) String() string {
	units := []string{"", "KiB", "MiB", "GiB", "TiB"}
	unit := 0
	for s != 0 && s%1024 == 0 && unit < len(units)-1 {
		s /= 1024
		unit++
	}
	return strconv.FormatInt(int64(s), 10) + units[unit]
}

// List holds names, or stands for every name.
type List struct {
	Any   bool     // every name
	Names []string // nil if Any
}

// decode reads a comma-separated list. It ignores empty elements.
func (l *List) decode(value, allowed string, valid func(string) bool) error {
	*l = List{}
	for name := range strings.SplitSeq(value, ",") {
		if name = strings.TrimSpace(name); name != "" {
			l.Names = append(l.Names, name)
		}
	}
	if slices.Contains(l.Names, "*") {
		*l = List{Any: true}
	}
	for _, name := range l.Names {
		if !valid(name) {
			return fmt.Errorf("%s; %q is not one", allowed, name)
		}
	}
	return nil
}

// maxOrigin is the length of the longest origin, in bytes: no host has more than 253 (RFC 1035 section
// 2.3.4). A refusal lists some origins, and must fit into a buffer.
const maxOrigin = 300

// Origins are the origins of web pages that may connect, as in [wsproto.Policy].
type Origins List

func (o *Origins) Decode(value string) error {
	const allowed = "must be * or a comma-separated list of origins such as https://example.com, https://*.example.com or null"
	if err := (*List)(o).decode(value, "", func(string) bool { return true }); err != nil {
		return err
	}
	if !o.Any && o.Names == nil {
		return errors.New(allowed)
	}
	for i, name := range o.Names {
		canonical, ok := origin.Canonical(name)
		if !ok {
			return fmt.Errorf("%s; %q is not one%s", allowed, name, meant(name))
		}
		if len(canonical) > maxOrigin {
			return fmt.Errorf("%s of at most %d bytes; one has %d", allowed, maxOrigin, len(canonical))
		}
		o.Names[i] = canonical
	}
	return nil
}

// meant suggests the origins that a name, which is not one, most likely stands for.
func meant(name string) string {
	var list []string
	for word := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == ' ' || r == ';' || r == '|' }) {
		suggestion := origin.Suggest(word)
		if suggestion == "" {
			return ""
		}
		list = append(list, suggestion)
	}
	return "; did you mean " + strings.Join(list, ", ") + "?"
}

// Subprotocols are the subprotocols that the server may select.
type Subprotocols List

func (s *Subprotocols) Decode(value string) error {
	return (*List)(s).decode(value, "must be * or a comma-separated list of subprotocols, which are tokens (RFC 6455 section 4.1)", wsproto.IsToken)
}

// Headers are names of header fields.
type Headers List

func (h *Headers) Decode(value string) error {
	return (*List)(h).decode(value, "must be * or a comma-separated list of header field names", wsproto.IsToken)
}

// maxName is the length of the longest name in Kubernetes, in bytes. A name is in every greeting, which
// must fit into a buffer.
const maxName = 253

// Name is the name of a pod, a node or a namespace.
type Name string

func (n *Name) Decode(value string) error {
	if len(value) > maxName {
		return fmt.Errorf("must be a name of at most %d bytes", maxName)
	}
	*n = Name(value)
	return nil
}

// Goodbye is a text message, or "" for none.
type Goodbye string

func (g *Goodbye) Decode(value string) error {
	if len(value) > wsconn.MaxGoodbye || !utf8.ValidString(value) {
		return fmt.Errorf("must be a UTF-8 text of at most %d bytes, or empty for none", wsconn.MaxGoodbye)
	}
	*g = Goodbye(value)
	return nil
}
