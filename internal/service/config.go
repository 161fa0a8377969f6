package service

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"time"

	"github.com/kelseyhightower/envconfig"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// variables is the table of environment variables: what envconfig fills, and what
// help prints. A variable that is set but empty has its default, as with one that
// is not set, unless the tag empty says that empty has a meaning of its own.
type variables struct {
	Port             string `envconfig:"PORT" default:"8080" desc:"port of the WebSocket echo, with /healthz and /readyz; 0 takes a free one"`
	HealthPort       string `envconfig:"HEALTH_PORT" default:"8081" desc:"port of /healthz, /readyz, /metrics and /connections; 0 switches it off"`
	Host             string `envconfig:"HOST" desc:"address to listen on; empty is all, IPv4 and IPv6"`
	Driver           string `envconfig:"DRIVER" default:"auto" desc:"how sockets are served: loop (Linux: an epoll loop for each core), portable (a goroutine for each connection), or auto: loop where there is one"`
	TLSCertFile      string `envconfig:"TLS_CERT_FILE" desc:"certificate, with its chain, in PEM: makes PORT speak TLS, wss; read again when it changes"`
	TLSKeyFile       string `envconfig:"TLS_KEY_FILE" desc:"key of the certificate, in PEM"`
	LogLevel         string `envconfig:"LOG_LEVEL" default:"info" desc:"debug, info, warn or error"`
	LogFormat        string `envconfig:"LOG_FORMAT" default:"auto" desc:"text, json, or auto: text on a terminal, JSON otherwise"`
	MaxConnections   string `envconfig:"MAX_CONNECTIONS" default:"0" desc:"WebSocket connections at a time; 0 is what the file limit allows, less a reserve"`
	MaxMessageSize   string `envconfig:"MAX_MESSAGE_SIZE" default:"64MiB" desc:"largest message, in bytes or with a unit; 0 is no limit"`
	HandshakeTimeout string `envconfig:"HANDSHAKE_TIMEOUT" default:"10s" desc:"time for the request head to arrive"`
	PingInterval     string `envconfig:"PING_INTERVAL" default:"25s" desc:"time between pings from the server; 0 is none"`
	PongTimeout      string `envconfig:"PONG_TIMEOUT" default:"20s" desc:"time for the answer to a ping, from a client that sends nothing else; 0 is no limit"`
	IdleTimeout      string `envconfig:"IDLE_TIMEOUT" default:"0" desc:"time without a data message after which a connection is closed; 0 is no limit"`
	WriteTimeout     string `envconfig:"WRITE_TIMEOUT" default:"30s" desc:"time that a client may take nothing when there is something to read"`
	CloseTimeout     string `envconfig:"CLOSE_TIMEOUT" default:"5s" desc:"time for the client's half of a closing handshake"`
	DrainDelay       string `envconfig:"DRAIN_DELAY" default:"0s" desc:"time after SIGTERM during which /readyz says no and everything else goes on"`
	DrainSpread      string `envconfig:"DRAIN_SPREAD" default:"1s" desc:"time over which the connections are then told to go, each at a random moment"`
	DrainTimeout     string `envconfig:"DRAIN_TIMEOUT" default:"8s" desc:"time after the delay at which what is left is cut"`
	AllowedOrigins   string `envconfig:"ALLOWED_ORIGINS" default:"*" desc:"origins of web pages that may connect, with commas between: https://example.com, https://*.example.com, null; * is all"`
	Subprotocols     string `envconfig:"SUBPROTOCOLS" default:"*" empty:"none" desc:"subprotocols that are chosen when offered, with commas between; * is the first offered, empty is none"`
	Compression      string `envconfig:"COMPRESSION" default:"stateless" desc:"permessage-deflate: off, stateless (each message for itself, nothing kept between them), or takeover (messages refer to earlier ones where the client wants that; up to 32 KiB for each connection)"`
	Goodbye          string `envconfig:"GOODBYE" default:"bye" empty:"none" desc:"a text message that is echoed and then closed with 1000, whatever the case of its ASCII letters; empty is none"`
	Controls         string `envconfig:"CONTROLS" default:"true" desc:"true or false: whether the query of an upgrade may ask for delays, closes, resets and more of that kind"`
	PodName          string `envconfig:"POD_NAME" desc:"name of the pod, for answers that say who they are from; empty is the host name"`
	PodNamespace     string `envconfig:"POD_NAMESPACE" desc:"namespace of the pod, for the same"`
	NodeName         string `envconfig:"NODE_NAME" desc:"node of the pod, for the same"`
}

// Config is the configuration, checked.
type Config struct {
	Host             string
	Port             int    // 0 is a free one
	HealthPort       int    // 0 is no health listener
	Driver           string // "auto", "loop" or "portable"
	TLSCertFile      string // "" is no TLS
	TLSKeyFile       string
	LogLevel         slog.Level
	LogFormat        string // "auto", "text" or "json"
	MaxConnections   int    // 0 is by the file limit
	MaxMessageSize   int64  // in bytes; 0 is no limit
	HandshakeTimeout time.Duration
	PingInterval     time.Duration // 0 is no pings
	PongTimeout      time.Duration // 0 is no limit
	IdleTimeout      time.Duration // 0 is no limit
	WriteTimeout     time.Duration
	CloseTimeout     time.Duration
	DrainDelay       time.Duration
	DrainSpread      time.Duration // at most DrainTimeout
	DrainTimeout     time.Duration
	AnyOrigin        bool
	AllowedOrigins   []string
	AnySubprotocol   bool
	Subprotocols     []string
	Compression      wsproto.Compression
	Goodbye          string // "" is none
	Controls         bool
	PodName          string // "" is the host name
	PodNamespace     string // "" is not known
	NodeName         string // "" is not known
}

// Load reads the configuration from the environment of the process. The error has
// a line for every variable that is wrong.
func Load() (Config, error) {
	var v variables
	if err := envconfig.Process("", &v); err != nil {
		return Config{}, err
	}
	applyDefaults(&v)
	return v.parse()
}

// applyDefaults gives each variable that is set but empty its default: compose
// files and shells make such out of variables that are not there.
func applyDefaults(v *variables) {
	fields := reflect.ValueOf(v).Elem()
	for i := range fields.NumField() {
		tag := fields.Type().Field(i).Tag
		if fields.Field(i).String() == "" && tag.Get("empty") == "" {
			fields.Field(i).SetString(tag.Get("default"))
		}
	}
}

// parse checks all variables, each by itself and then with the others.
func (v *variables) parse() (Config, error) {
	var p valueParser
	c := Config{
		Host:             p.host("HOST", v.Host),
		Port:             p.port("PORT", v.Port),
		HealthPort:       p.port("HEALTH_PORT", v.HealthPort),
		Driver:           p.driver("DRIVER", v.Driver),
		TLSCertFile:      v.TLSCertFile,
		TLSKeyFile:       v.TLSKeyFile,
		LogLevel:         p.level("LOG_LEVEL", v.LogLevel),
		LogFormat:        p.oneOf("LOG_FORMAT", v.LogFormat, "auto", "text", "json"),
		MaxConnections:   p.count("MAX_CONNECTIONS", v.MaxConnections),
		MaxMessageSize:   p.size("MAX_MESSAGE_SIZE", v.MaxMessageSize),
		HandshakeTimeout: p.positive("HANDSHAKE_TIMEOUT", v.HandshakeTimeout),
		PingInterval:     p.duration("PING_INTERVAL", v.PingInterval),
		PongTimeout:      p.duration("PONG_TIMEOUT", v.PongTimeout),
		IdleTimeout:      p.duration("IDLE_TIMEOUT", v.IdleTimeout),
		WriteTimeout:     p.positive("WRITE_TIMEOUT", v.WriteTimeout),
		CloseTimeout:     p.positive("CLOSE_TIMEOUT", v.CloseTimeout),
		DrainDelay:       p.duration("DRAIN_DELAY", v.DrainDelay),
		DrainSpread:      p.duration("DRAIN_SPREAD", v.DrainSpread),
		DrainTimeout:     p.positive("DRAIN_TIMEOUT", v.DrainTimeout),
		Compression:      p.compression("COMPRESSION", v.Compression),
		Goodbye:          p.goodbye("GOODBYE", v.Goodbye),
		Controls:         p.oneOf("CONTROLS", v.Controls, "true", "false") == "true",
		PodName:          v.PodName,
		PodNamespace:     v.PodNamespace,
		NodeName:         v.NodeName,
	}
	c.AnyOrigin, c.AllowedOrigins = p.origins("ALLOWED_ORIGINS", v.AllowedOrigins)
	c.AnySubprotocol, c.Subprotocols = p.subprotocols("SUBPROTOCOLS", v.Subprotocols)
	if len(p.errs) == 0 {
		p.errs = c.conflicts()
	}
	return c, errors.Join(p.errs...)
}

// conflicts says which variables do not go together.
func (c *Config) conflicts() (errs []error) {
	if c.Port == c.HealthPort && c.Port != 0 {
		errs = append(errs, fmt.Errorf("PORT and HEALTH_PORT are both %d; they must differ, or HEALTH_PORT be 0", c.Port))
	}
	if (c.TLSCertFile == "") != (c.TLSKeyFile == "") {
		errs = append(errs, fmt.Errorf("TLS_CERT_FILE=%q and TLS_KEY_FILE=%q must be set both, or neither", c.TLSCertFile, c.TLSKeyFile))
	}
	if c.TLSCertFile != "" && c.Driver == "loop" {
		errs = append(errs, fmt.Errorf("DRIVER=loop does not speak TLS; with TLS_CERT_FILE it must be portable or auto"))
	}
	if c.DrainSpread >= c.DrainTimeout {
		errs = append(errs, fmt.Errorf("DRAIN_SPREAD=%v must be less than DRAIN_TIMEOUT=%v: a connection would be cut before it was told", c.DrainSpread, c.DrainTimeout))
	}
	return errs
}

// WriteHelp writes a line for every variable: its name, default and meaning. It does not
// use envconfig's Usage, for that links text/template, which calls methods by their names:
// the linker would have to keep every exported method there is, 1.6 MB of them.
func WriteHelp(w io.Writer) error {
	for field := range reflect.TypeFor[variables]().Fields() {
		tag := field.Tag
		if _, err := fmt.Fprintf(w, "  %-18s %-6s  %s\n", tag.Get("envconfig"), tag.Get("default"), tag.Get("desc")); err != nil {
			return err
		}
	}
	return nil
}
