package main

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/echosvc/echosvc/internal/probe"
)

// listenMetrics listens on the address of -metrics.
func (f *probeFlags) listenMetrics() (err error) {
	if f.given["metrics"] {
		f.listener, err = net.Listen("tcp", f.metrics)
	}
	return err
}

// isListenAddress reports whether an address has a port, which may be 0 for any. Without this an
// empty one would listen on any port of all addresses.
func isListenAddress(address string) bool {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	_, err = net.LookupPort("tcp", port)
	return err == nil && port != ""
}

// export watches the target and serves metrics of it.
func (f *probeFlags) export(ctx context.Context, target *probe.Target, report *probe.Report) bool {
	exporter := probe.NewExporter(target)
	server := &http.Server{Handler: exporter.Handler(), ReadHeaderTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Serve(f.listener) // returns at Close
	}()
	healthy := exporter.Watch(ctx, report.Event)
	server.Close()
	<-done
	return healthy
}
