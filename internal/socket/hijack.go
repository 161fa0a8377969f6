package socket

import (
	"sync"

	"github.com/echosvc/echosvc/internal/budget"
)

// tlsShare is what a hijacked connection has on the account for its TLS until it is closed. Without TLS,
// the driver holds nothing for a hijacked connection.
type tlsShare struct {
	config *Config

	mu       sync.Mutex
	buffers  int64 // what crypto/tls keeps beyond Config.ConnCost, in bytes
	released bool
}

// newTLSShare puts a share on the account: Config.ConnCost, and buffers.
func newTLSShare(config *Config, buffers int64) *tlsShare {
	config.Account.Add(budget.Connections, config.ConnCost)
	config.Account.Add(budget.Buffers, buffers)
	return &tlsShare{config: config, buffers: buffers}
}

// grow raises buffers to n.
func (s *tlsShare) grow(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n > s.buffers && !s.released {
		s.config.Account.Add(budget.Buffers, n-s.buffers)
		s.buffers = n
	}
}

// release takes the share off the account. It may be called more than once.
func (s *tlsShare) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.released {
		s.released = true
		s.config.Account.Add(budget.Connections, -s.config.ConnCost)
		s.config.Account.Add(budget.Buffers, -s.buffers)
	}
}
