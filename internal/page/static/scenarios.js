// Scenarios: what happens to connections in production, each as controls, and what a good client
// does about it.

export const scenarios = [
  { name: "Rollout", values: { close_in: "5s", close_code: "1001", close_reason: "rolling update" },
    what: "After 5 s the server closes with 1001, as each pod does before it ends.",
    good: "reconnects at once, with some jitter, and lands on another pod." },
  { name: "Overload", values: { refuse: "503", refuse_after: "10" },
    what: "The server answers the upgrade with 503 and Retry-After: 10.",
    good: "waits at least 10 s, longer after each failure, and never tries in a loop. A browser does not see Retry-After: there only the back-off helps." },
  { name: "Proxy timer", values: { drop_in: "5s" },
    what: "After 5 s TCP ends without a close frame, as when a proxy's time-out cuts it.",
    good: "sees 1006, reconnects after a back-off, and sends a ping or a message more often than the time-out." },
  { name: "Expired token", values: { refuse: "401" },
    what: "The server answers the upgrade with 401.",
    good: "gets a new token first, and does not repeat the old one. A browser sees only 1006: ask over HTTP before a second attempt." },
  { name: "Dead path", values: { stall_in: "5s", ping: "0" },
    what: "After 5 s nothing arrives any more: no echo, no pong, no close. Send a message then to see it.",
    good: "notices by a time-out of its own, gives up the connection and opens another." },
  { name: "Slow server", values: { delay: "2s", every: "1s" },
    what: "Each echo comes after 2 s, and messages that nobody asked for come each second.",
    good: "waits for late answers, and handles other messages meanwhile." },
  { name: "Refusal", values: { refuse: "403" },
    what: "The server answers the upgrade with 403: it will not change its mind.",
    good: "tells its user, and stops, or tries again only after minutes." },
];

// scenarioOf returns the scenario whose controls are exactly these, or undefined. greet does not
// count: it changes nothing that a scenario is about.
export function scenarioOf(values) {
  const set = Object.entries(values).filter(([name, value]) => value && name !== "greet");
  return scenarios.find(({ values: wanted }) => set.length === Object.keys(wanted).length && set.every(([name, value]) => wanted[name] === value));
}
