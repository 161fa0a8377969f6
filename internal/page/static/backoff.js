// When to connect again.

export const base = 500; // ms
export const ceiling = 30000; // ms

// backoff is the wait before a reconnect, in ms: exponential, with full jitter, so that
// the clients that lost their server at one instant do not come back at one instant.
// failures counts the attempts that came to nothing since the last connection that held.
export function backoff(failures, random = Math.random) {
  return random() * Math.min(ceiling, base * 2 ** failures);
}
