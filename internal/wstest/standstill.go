package wstest

import "time"

// Standstill measures whether the machine stands still. The function that it returns ends that, and
// returns the longest time for which this process did not run although it wanted to.
func Standstill() (end func() time.Duration) {
	const interval = 10 * time.Millisecond
	ended, result := make(chan struct{}), make(chan time.Duration)
	go func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		longest := time.Duration(0)
		for last := time.Now(); ; {
			select {
			case now := <-ticker.C:
				longest, last = max(longest, now.Sub(last)-interval), now
			case <-ended:
				result <- max(longest, time.Since(last)-interval)
				return
			}
		}
	}()
	return func() time.Duration {
		close(ended)
		return <-result
	}
}
