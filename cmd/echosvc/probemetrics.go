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
