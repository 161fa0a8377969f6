// Package config reads the settings of echosvc from the environment and from arguments.
//
// A setting is one field of [Config]. The Decode method of its type implements
// envconfig.Decoder: it checks the value, and its error says what is allowed. The field's tags
// name and explain the setting. To add a setting, add a field.
//
//   - config.go: the settings, and how they are read.
//   - values.go: the types of values, and what each allows.
//   - sources.go: where a setting comes from, and lists of all settings.
//   - nearmiss.go: variables that were meant as a setting.
package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kelseyhightower/envconfig"

	"github.com/echosvc/echosvc/internal/clientaddr"
)

// Config holds the settings. Their tags are:
//
//	envconfig  the environment variable
//	default    the value of a variable that is not set, or empty
//	desc       the meaning
//	zero       what 0 means; a duration without this tag must be more than 0
//	empty      what an empty value means; without this tag, it means the default
type Config struct {
	Port             Port           `envconfig:"PORT" default:"8080" desc:"port for WebSocket connections, the page, /healthz and /readyz" zero:"any free port"`
	HealthPort       Port           `envconfig:"HEALTH_PORT" default:"8081" desc:"port for /healthz, /readyz, /metrics and /connections" zero:"off"`
	Host             Host           `envconfig:"HOST" desc:"IP address or host name to listen on, or unix: and the path of a Unix socket" empty:"all addresses, IPv4 and IPv6"`
	HealthHost       Host           `envconfig:"HEALTH_HOST" desc:"HOST of the health port" empty:"HOST, or 127.0.0.1 if that is a Unix socket"`
	PortFile         string         `envconfig:"PORT_FILE" desc:"file for the URLs of the echo and of /healthz, in one line, written as soon as the server listens; removed at the end" empty:"none"`
	Driver           Driver         `envconfig:"DRIVER" default:"auto" desc:"socket driver: loop (an epoll loop for each core; Linux only), portable (a goroutine for each connection) or auto (loop if possible)"`
	TLSCertFile      string         `envconfig:"TLS_CERT_FILE" desc:"PEM file with the certificate and its chain; PORT then serves wss; reloaded when the file changes" empty:"no TLS"`
	TLSKeyFile       string         `envconfig:"TLS_KEY_FILE" desc:"PEM file with the certificate's private key" empty:"no TLS"`
	LogLevel         LogLevel       `envconfig:"LOG_LEVEL" default:"info" desc:"lowest level to log: debug, info, warn or error"`
	LogFormat        LogFormat      `envconfig:"LOG_FORMAT" default:"auto" desc:"text, json or auto (text on a terminal, JSON otherwise); NO_COLOR is respected"`
	LogConnections   LogConnections `envconfig:"LOG_CONNECTIONS" default:"all" desc:"which ends of connections are logged: all, sampled (one per second, and those that were not clean) or none; a flood is summarized"`
	MaxConnections   Count          `envconfig:"MAX_CONNECTIONS" default:"0" desc:"maximum number of WebSocket connections; further upgrades get 503 with Retry-After" zero:"as many as the limit on open files and MEMORY_LIMIT allow, less a reserve"`
	MaxHandshakes    Count          `envconfig:"MAX_HANDSHAKES" default:"0" desc:"maximum number of connections without a complete request head; at the limit the oldest one that was refused is dropped, or else the oldest of the larger group: those that have sent nothing, or the others" zero:"1024, or an eighth of the limit on open files if that is less"`
	MaxRequests      Count          `envconfig:"MAX_REQUESTS" default:"0" desc:"maximum number of plain HTTP requests at a time; at the limit one that has been silent for 1 s is dropped, or else the slowest; if none is slow, further ones get 503" zero:"256, or less if the limit on open files is below 25,000: 206 of 20,000, 16 of 1,024"`
	MemoryLimit      MemoryLimit    `envconfig:"MEMORY_LIMIT" default:"auto" desc:"memory that the process and its sockets may take, in bytes or with a unit, or auto (the limit of the cgroup); close to it new clients get 503, and the connections that hold most are closed with 1013" zero:"no limit"`
	MaxMessageSize   Size           `envconfig:"MAX_MESSAGE_SIZE" default:"64MiB" desc:"maximum message size after decompression, in bytes or with a unit; a larger message closes the connection with 1009" zero:"no limit"`
	HandshakeTimeout time.Duration  `envconfig:"HANDSHAKE_TIMEOUT" default:"10s" desc:"time limit for the TLS handshake and the request head"`
	PingInterval     time.Duration  `envconfig:"PING_INTERVAL" default:"25s" desc:"time between pings from the server" zero:"no pings"`
	PongTimeout      time.Duration  `envconfig:"PONG_TIMEOUT" default:"20s" desc:"time limit for a pong from a client that sends nothing else; then the connection is closed with 1011" zero:"no limit"`
	IdleTimeout      time.Duration  `envconfig:"IDLE_TIMEOUT" default:"0" desc:"time limit without a data message; then the connection is closed with 1001" zero:"no limit"`
	WriteTimeout     time.Duration  `envconfig:"WRITE_TIMEOUT" default:"30s" desc:"time limit for a client that does not read; then the connection is aborted"`
	CloseTimeout     time.Duration  `envconfig:"CLOSE_TIMEOUT" default:"5s" desc:"time limit for the client's part of the closing handshake"`
	DrainDelay       time.Duration  `envconfig:"DRAIN_DELAY" default:"0s" desc:"time from SIGTERM to the drain; until then only /readyz fails" zero:"no delay"`
	DrainSpread      time.Duration  `envconfig:"DRAIN_SPREAD" default:"1s" desc:"time over which the drain spreads the close frames (1001) at random; must be less than DRAIN_TIMEOUT" zero:"all at once"`
	DrainTimeout     time.Duration  `envconfig:"DRAIN_TIMEOUT" default:"8s" desc:"time limit for the drain; then the remaining connections are aborted"`
	AllowedOrigins   Origins        `envconfig:"ALLOWED_ORIGINS" default:"*" desc:"comma-separated origins of web pages that may connect, such as https://example.com, https://*.example.com or null; others get 403; * allows all"`
	TrustedProxies   Networks       `envconfig:"TRUSTED_PROXIES" desc:"comma-separated networks of proxies, such as 10.0.0.0/8, which may send the client's address in Forwarded, X-Forwarded-For, X-Real-IP or the PROXY protocol; unix: stands for the clients of a Unix socket" empty:"none"`
	ProxyProtocol    ProxyProtocol  `envconfig:"PROXY_PROTOCOL" default:"off" desc:"PROXY protocol (version 1 or 2) before the first byte of a connection to PORT: off (refused), optional (a trusted proxy may send it) or require (a trusted proxy must send it)"`
	ShowHeaders      Headers        `envconfig:"SHOW_HEADERS" desc:"comma-separated names of header fields whose values browsers see, in addition to harmless ones; * shows all" empty:"none"`
	Subprotocols     Subprotocols   `envconfig:"SUBPROTOCOLS" default:"*" desc:"comma-separated subprotocols that the server may select; * selects the first one offered" empty:"none"`
	Compression      Compression    `envconfig:"COMPRESSION" default:"stateless" desc:"permessage-deflate: off, stateless (no context between messages) or takeover (context takeover if the client wants it, up to 32 KiB for each connection)"`
	Goodbye          Goodbye        `envconfig:"GOODBYE" default:"bye" desc:"text message, in upper or lower case, that the server echoes before it closes the connection with 1000" empty:"none"`
	Controls         Bool           `envconfig:"CONTROLS" default:"true" desc:"true or false: whether the query of a request may have controls, such as delays, closes and refusals; if not, queries are ignored"`
	AdminActions     Bool           `envconfig:"ADMIN_ACTIONS" default:"false" desc:"true or false: whether HEALTH_PORT accepts actions: rehearsing a drain, and closing a connection"`
	Pprof            Bool           `envconfig:"PPROF" default:"false" desc:"true or false: whether HEALTH_PORT serves profiles of Go's runtime at /debug/pprof"`
	PodName          Name           `envconfig:"POD_NAME" desc:"pod name in greetings and echoed requests" empty:"the host name"`
	PodNamespace     Name           `envconfig:"POD_NAMESPACE" desc:"pod namespace in greetings and echoed requests" empty:"left out"`
	NodeName         Name           `envconfig:"NODE_NAME" desc:"node name in greetings and echoed requests" empty:"left out"`
}

// Default returns the configuration of an empty environment.
func Default() Config {
	var c Config
	for field, value := range reflect.ValueOf(&c).Elem().Fields() {
		if err := decode(field, value, field.Tag.Get("default")); err != nil {
			panic(fmt.Sprintf("the default of %s %v", field.Name, err))
		}
	}
	return c
}

// Load returns the configuration of the arguments and the environment. The error has a line for
// each wrong setting and for each conflict between settings. With an error, the configuration
// must not be used.
func Load(arguments ...Argument) (Config, error) {
	var c Config
	var errs []error
	wrong := map[string]bool{}
	for field, value := range reflect.ValueOf(&c).Elem().Fields() {
		setting := inForce(field.Tag, arguments)
		if err := decode(field, value, setting.value); err != nil {
			wrong[setting.name] = true
			errs = append(errs, fmt.Errorf("%s=%q %w%s", setting.name, setting.value, err, hint(setting.name, setting.value)))
		}
	}
	return c, errors.Join(append(errs, c.conflicts(wrong)...)...)
}

// maxDuration is the longest duration. A few of them can be added to an instant without an overflow,
// after which a time-out would pass at once.
const maxDuration = 100_000 * time.Hour // 11 years

// decode sets a field to the value of text. The error says what is allowed. envconfig stops at
// the first error, so it gets a struct with this field only. It reads the environment itself,
// so text is passed as the default of a variable that cannot exist, named "=".
func decode(field reflect.StructField, value reflect.Value, text string) error {
	field.Tag = reflect.StructTag(`envconfig:"=" default:` + strconv.Quote(text) + " " + string(field.Tag))
	one := reflect.New(reflect.StructOf([]reflect.StructField{field}))
	err := envconfig.Process("", one.Interface())
	value.Set(one.Elem().Field(0))
	if v, is := value.Interface().(time.Duration); is {
		least, bound := time.Duration(1), "of more than 0"
		if field.Tag.Get("zero") != "" {
			least, bound = 0, "or 0"
		}
		if err != nil || v < least {
			return errors.New("must be a duration with a unit, such as 500ms, 25s or 1m30s, " + bound)
		}
		if v > maxDuration {
			return fmt.Errorf("must be a duration of at most %.0fh", maxDuration.Hours())
		}
	}
	if wrong, ok := errors.AsType[*envconfig.ParseError](err); ok {
		return wrong.Err // from Decode; the ParseError itself names Go types
	}
	return err
}

// hint explains a value that Kubernetes has set.
func hint(name, value string) string {
	if !strings.HasPrefix(value, "tcp://") {
		return ""
	}
	return "; Kubernetes sets such variables for every Service: set enableServiceLinks: false in the pod, or set " + name
}

// HealthAddress returns the host of the health port.
func (c *Config) HealthAddress() Host {
	switch {
	case c.HealthHost != "":
		return c.HealthHost
	case c.Host.Unix() != "":
		return "127.0.0.1" // HOST keeps other machines out, and so must this
	}
	return c.Host
}

// conflicts returns an error for each combination of settings that cannot work, except those
// with a setting that is wrong by itself.
func (c *Config) conflicts(wrong map[string]bool) (errs []error) {
	report := func(err error, names ...string) {
		if !slices.ContainsFunc(names, func(name string) bool { return wrong[name] }) {
			errs = append(errs, err)
		}
	}
	switch path := c.Host.Unix(); {
	case c.HealthPort == 0 || c.Host != c.HealthAddress():
	case path != "":
		report(fmt.Errorf("HOST and HEALTH_HOST are both unix:%s; they must differ", path), "HOST", "HEALTH_HOST", "HEALTH_PORT")
	case c.Port == c.HealthPort:
		report(fmt.Errorf("PORT and HEALTH_PORT are both %d; they must differ", c.Port), "PORT", "HEALTH_PORT", "HOST", "HEALTH_HOST")
	}
	if (c.TLSCertFile == "") != (c.TLSKeyFile == "") {
		report(fmt.Errorf("TLS_CERT_FILE=%q and TLS_KEY_FILE=%q must be set together", c.TLSCertFile, c.TLSKeyFile))
	}
	if c.ProxyProtocol != ProxyProtocol(clientaddr.Off) && len(c.TrustedProxies) == 0 {
		report(errors.New("PROXY_PROTOCOL needs TRUSTED_PROXIES, because only the proxies that it lists are trusted"), "PROXY_PROTOCOL", "TRUSTED_PROXIES")
	}
	if c.DrainSpread >= c.DrainTimeout {
		report(fmt.Errorf("DRAIN_SPREAD=%v must be less than DRAIN_TIMEOUT=%v, so that every connection gets a close frame in time", c.DrainSpread, c.DrainTimeout), "DRAIN_SPREAD", "DRAIN_TIMEOUT")
	}
	return errs
}
