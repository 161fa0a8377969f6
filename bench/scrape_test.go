package main

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestScrape(t *testing.T) {
	requests := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { requests <- r.URL.Path }))
	defer server.Close()
	stop := scrape(netip.MustParseAddrPort(server.Listener.Addr().String()))
	if got := <-requests; got != "/metrics" {
		t.Errorf("requested %s", got)
	}
	stop()
}
