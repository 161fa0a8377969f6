package service

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/echosvc/echosvc/internal/clientaddr"
	"github.com/echosvc/echosvc/internal/config"
)

const (
	// attemptTimeout limits one request of CheckHealth.
	attemptTimeout = 3 * time.Second
	// attemptInterval is the time between two of them.
	attemptInterval = 100 * time.Millisecond
)

// CheckHealth requests /healthz from the service on this machine that the configuration
// describes, until the response is 200 or wait has passed. It returns the error of the last
// request. If wait is 0, it makes one request.
func CheckHealth(ctx context.Context, c config.Config, wait time.Duration) error {
	if wait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, wait)
		defer cancel()
	}
	var err error
	for {
		last := err
		err = requestHealth(ctx, &c)
		switch {
		case err == nil, errors.Is(err, errUnknownPort):
			return err
		case ctx.Err() != nil && last != nil: // this one was cut short
			return last
		case wait == 0:
			return err
		}
		select {
		case <-time.After(attemptInterval):
		case <-ctx.Done():
			return err
		}
	}
}

// requestHealth makes one request. It returns nil if the response is 200.
func requestHealth(ctx context.Context, c *config.Config) error {
	url, path, err := healthURL(c) // anew each time: PORT_FILE may appear meanwhile
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	request := (&http.Request{Method: http.MethodGet, URL: url, Header: http.Header{}}).WithContext(ctx)
	transport := &http.Transport{ // without ProxyFromEnvironment
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // the certificate need not be valid for a loopback address
	}
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if path != "" {
			network, address = "unix", path
		}
		return dialHealth(ctx, c, network, address)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(response.Body, 200))
		return fmt.Errorf("%s answered %s: %s", url, response.Status, strings.TrimSpace(string(body)))
	}
	return nil
}

// dialHealth connects to an address of the service. On PORT, the connection begins with a header
// of the PROXY protocol if the service requires one from this machine.
func dialHealth(ctx context.Context, c *config.Config, network, address string) (net.Conn, error) {
	nc, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	from := nc.LocalAddr().String()
	if network == "unix" {
		from = clientaddr.Unix
	}
	rules := clientRules(c)
	if c.HealthPort == 0 && rules.Requires(from) {
		if _, err := nc.Write([]byte(clientaddr.OwnHeader)); err != nil {
			return nil, errors.Join(err, nc.Close())
		}
	}
	return nc, nil
}

// errUnknownPort is an error that waiting does not end.
var errUnknownPort = errors.New("PORT is 0, so the service chose a free port; healthcheck cannot know which without PORT_FILE")

// healthURL returns the URL of /healthz, and the path of the Unix socket that it is reached over
// or "". If the system has chosen the port, PORT_FILE has the URL.
func healthURL(c *config.Config) (u *url.URL, path string, err error) {
	host, port, scheme := c.HealthAddress(), c.HealthPort, "http"
	if port == 0 {
		host, port = c.Host, c.Port
		if c.TLSCertFile != "" {
			scheme = "https"
		}
	}
	u = &url.URL{Scheme: scheme, Host: "localhost", Path: "/healthz"}
	if path = host.Unix(); path != "" {
		return u, path, nil
	}
	if port == 0 {
		u, err = healthURLIn(c.PortFile)
		return u, "", err
	}
	switch host {
	case "", "0.0.0.0":
		host = "127.0.0.1"
	case "::":
		host = "::1"
	}
	u.Host = net.JoinHostPort(string(host), strconv.Itoa(int(port)))
	return u, "", nil
}

// healthURLIn returns the URL of /healthz in a PORT_FILE.
func healthURLIn(file string) (*url.URL, error) {
	if file == "" {
		return nil, errUnknownPort
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("PORT_FILE: %w", err)
	}
	_, health, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	u, err := url.Parse(health)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("PORT_FILE=%s has no URL of /healthz", file)
	}
	return u, nil
}
