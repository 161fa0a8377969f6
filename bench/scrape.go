package main

import (
	"io"
	"net/http"
	"net/netip"
	"time"
)

// scrapeInterval is the time between two scrapes.
const scrapeInterval = time.Second

// scrape reads the metrics of a server over one connection, at once and then in every
// scrapeInterval, until stop is called.
func scrape(addr netip.AddrPort) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		client := http.Client{Transport: &http.Transport{}, Timeout: scrapeInterval}
		defer client.CloseIdleConnections()
		ticker := time.NewTicker(scrapeInterval)
		defer ticker.Stop()
		for {
			if response, err := client.Get("http://" + addr.String() + "/metrics"); err == nil {
				io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
			select {
			case <-done:
				return
			case <-ticker.C:
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}
