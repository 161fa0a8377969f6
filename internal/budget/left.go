package budget

import "sync"

// left is what the system may still hold after connections have been closed. The system does not
// report when that is gone, so it stays on the account for a time.
type left struct {
	mu       sync.Mutex
	charged  int64 // bytes that are on the account, as Kernel
	forgiven int64 // bytes that ForgiveLeft took off the account early
}

// AddLeft adds n bytes for a connection that is closed. RemoveLeft must follow.
func (a *Account) AddLeft(n int64) {
	a.left.mu.Lock()
	defer a.left.mu.Unlock()
	a.left.charged += n
	a.Add(Kernel, n)
}

// RemoveLeft ends an AddLeft of n bytes.
func (a *Account) RemoveLeft(n int64) {
	a.left.mu.Lock()
	defer a.left.mu.Unlock()
	forgiven := min(n, a.left.forgiven)
	a.left.forgiven -= forgiven
	a.left.charged -= n - forgiven
	a.Add(Kernel, forgiven-n)
}

// ForgiveLeft takes up to n bytes of closed connections off the account, because the system holds
// that much less.
func (a *Account) ForgiveLeft(n int64) {
	a.left.mu.Lock()
	defer a.left.mu.Unlock()
	n = min(n, a.left.charged)
	a.left.charged -= n
	a.left.forgiven += n
	a.Add(Kernel, -n)
}
