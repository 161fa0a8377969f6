// Scenarios: events that happen to connections in production, as controls, and how a good client
// responds.

export const scenarios = [
  { name: "Rollout", values: { close_in: "5s", close_code: "1001", close_reason: "rolling update" },
    what: "After 5 s the server closes with 1001, as each pod does before it ends.",
    good: "reconnects at once, with some jitter, and lands on another pod." },
  { name: "Overload", values: { refuse: "503", refuse_after: "10" },
    what: "The server answers the upgrade with 503 and Retry-After: 10.",
    good: "waits at least 10 s, and longer after each failure. A page does not see Retry-After, so it needs a back-off." },
  { name: "Proxy timer", values: { drop_in: "5s" },
    what: "After 5 s TCP ends without a close frame, as when a proxy's time-out cuts it.",
    good: "sees 1006, reconnects after a back-off, and sends a ping or a message more often than the time-out." },
  { name: "Expired token", values: { refuse: "401" },
    what: "The server answers the upgrade with 401.",
    good: "gets a new token before the next attempt. A page sees only 1006, so it has to ask over HTTP." },
  { name: "Dead path", values: { stall_in: "5s", ping: "0" },
    what: "After 5 s nothing arrives: no echo, no pong, no close. To see it, send a message then.",
    good: "notices by a time-out of its own, gives up the connection and opens another." },
  { name: "Slow server", values: { delay: "2s", every: "1s" },
    what: "Each echo takes 2 s, and the server sends a message of its own every second.",
    good: "waits for late answers, and handles other messages meanwhile." },
  { name: "Refusal", values: { refuse: "403" },
    what: "The server answers the upgrade with 403, and would do so again.",
    good: "tells the user, and stops, or tries again after minutes." },
];

// scenarioOf returns the scenario whose controls are exactly these, or undefined. greet does not
// count, because no scenario depends on it.
export function scenarioOf(values) {
  const set = Object.entries(values).filter(([name, value]) => value && name !== "greet");
  return scenarios.find(({ values: wanted }) => set.length === Object.keys(wanted).length && set.every(([name, value]) => wanted[name] === value));
}
