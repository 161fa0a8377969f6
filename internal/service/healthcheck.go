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

// healthCheckTimeout limits CheckHealth.
const healthCheckTimeout = 3 * time.Second

// CheckHealth requests /healthz from the service on this machine that the configuration
// describes. It returns nil if the response is 200.
func CheckHealth(ctx context.Context, c config.Config) error {
	port, scheme := c.HealthPort, "http"
	if port == 0 {
		port = c.Port
		if c.TLSCertFile != "" {
			scheme = "https"
		}
	}
	if port == 0 {
		return fmt.Errorf("PORT is 0, so the service chose a free port; healthcheck cannot know which")
	}
	host := string(c.Host)
	if host == "" || host == "0.0.0.0" {
		host = "127.0.0.1"
	} else if host == "::" {
		host = "::1"
	}
	ctx, cancel := context.WithTimeout(ctx, healthCheckTimeout)
	defer cancel()
	url := url.URL{Scheme: scheme, Host: net.JoinHostPort(host, strconv.Itoa(int(port))), Path: "/healthz"}
	request := (&http.Request{Method: http.MethodGet, URL: &url, Header: http.Header{}}).WithContext(ctx)
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
		return fmt.Errorf("%s answered %s: %s", &url, response.Status, strings.TrimSpace(string(body)))
	}
	return nil
}
