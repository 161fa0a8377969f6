// The delay before reconnecting.

export const base = 500; // ms
export const ceiling = 30000; // ms

// backoff returns the delay before a reconnect, in ms: exponential with full jitter, so that
// clients that lost the same server do not reconnect at once. failures is how many
// attempts have failed since the last stable connection.
export function backoff(failures, random = Math.random) {
  return random() * Math.min(ceiling, base * 2 ** failures);
}
