package service

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/echosvc/echosvc/internal/config"
)

const (
	// attemptTimeout limits one request of CheckHealth.
	attemptTimeout = 3 * time.Second
	// attemptInterval is the time between two of them.
	attemptInterval = 100 * time.Millisecond
)

// CheckHealth requests /healthz from the service on this machine that the configuration
// describes, until the response is 200 or wait has passed. It returns why the last request
// failed. If wait is 0, it makes one request.
func CheckHealth(ctx context.Context, c config.Config, wait time.Duration) error {
	url, err := healthURL(c)
	if err != nil {
		return err
	}
	if wait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, wait)
		defer cancel()
	}
	for {
		last := err
		err = requestHealth(ctx, url)
		switch {
		case err == nil:
			return nil
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

// healthURL returns the URL of /healthz.
func healthURL(c config.Config) (*url.URL, error) {
	port, scheme := c.HealthPort, "http"
	if port == 0 {
		port = c.Port
		if c.TLSCertFile != "" {
			scheme = "https"
		}
	}
	if port == 0 {
		return nil, fmt.Errorf("PORT is 0, so the service chose a free port; healthcheck cannot know which")
	}
	host := string(c.Host)
	if host == "" || host == "0.0.0.0" {
		host = "127.0.0.1"
	} else if host == "::" {
		host = "::1"
	}
	return &url.URL{Scheme: scheme, Host: net.JoinHostPort(host, strconv.Itoa(int(port))), Path: "/healthz"}, nil
}

// requestHealth makes one request. It returns nil if the response is 200.
func requestHealth(ctx context.Context, url *url.URL) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	request := (&http.Request{Method: http.MethodGet, URL: url, Header: http.Header{}}).WithContext(ctx)
	transport := &http.Transport{ // without ProxyFromEnvironment
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // the certificate need not be valid for a loopback address
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
