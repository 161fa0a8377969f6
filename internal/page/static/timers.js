// The default time-outs of proxies, and the conclusion of the idle time-out finder.
import { formatSeconds } from "./stats.js";

// proxyTimers has the defaults, in seconds; whole: of the whole connection, whatever is sent.
// The table and the rule of matches are those of internal/probe/timers.go.
export const proxyTimers = [
  { seconds: 15, name: "Envoy", setting: "timeout of the route", whole: true },
  { seconds: 30, name: "Google Cloud Application Load Balancer", setting: "timeoutSec of the backend service", whole: true },
  { seconds: 55, name: "Heroku router", setting: "fixed" },
  { seconds: 60, name: "nginx and ingress-nginx", setting: "proxy_read_timeout" },
  { seconds: 60, name: "AWS Application Load Balancer", setting: "idle_timeout.timeout_seconds" },
  { seconds: 100, name: "Cloudflare", setting: "fixed, except for Enterprise" },
  { seconds: 240, name: "Azure Load Balancer", setting: "TCP idle time-out" },
  { seconds: 300, name: "Envoy and Envoy Gateway", setting: "stream_idle_timeout" },
  { seconds: 350, name: "AWS Network Load Balancer", setting: "TCP idle time-out of the listener" },
  { seconds: 600, name: "AWS CloudFront and API Gateway", setting: "fixed" },
  { seconds: 3600, name: "HAProxy's ingress controllers", setting: "timeout tunnel" },
];

// matches reports whether a cut this many seconds after the last byte may be the timer's.
const matches = (cut, timer) => cut >= timer - 0.5 && cut <= timer + Math.max(2, timer / 20);

// timersAt returns all timers that match a cut, in the order of the table.
export const timersAt = (cut) => proxyTimers.filter(({ seconds }) => matches(cut, seconds));

// same reports whether two measured times, in seconds, are of one timer.
const same = (a, b) => Math.abs(a - b) <= Math.max(0.5, 0.03 * b);

// conclude interprets results and returns {seconds, title, detail, timers}. A result is {step,
// outcome, after, code, reason}: idle for step seconds, with the outcome (survived, cut, silent
// or failed) after some seconds. busy is the result of a connection that was never idle. pinged
// is true if the server may have sent pings.
export function conclude(results, busy, pinged) {
  const cut = results.filter(({ outcome }) => outcome === "cut");
  const silent = results.filter(({ outcome }) => outcome === "silent");
  const survived = Math.max(0, ...results.filter(({ outcome }) => outcome === "survived").map(({ step }) => step));
  const caveat = pinged ? " The server did not accept ping=0: its own pings, every 25 s by default, may have hidden a timer." : "";
  if (cut.length) {
    const seconds = cut.map(({ after }) => after).sort((a, b) => a - b)[Math.floor((cut.length - 1) / 2)];
    const close = cut.find(({ code }) => code !== 1006);
    if (close?.reason.includes("IDLE_TIMEOUT")) {
      return { seconds, title: `Closed after ${formatSeconds(seconds)} by this echo server itself`, detail: close.reason + caveat, timers: [] };
    }
    const whole = busy?.outcome === "cut" && same(busy.after, seconds);
    const timers = timersAt(seconds);
    return {
      seconds,
      title: `Cut after ${formatSeconds(seconds)}`,
      detail: (close ? `A close frame arrived, ${close.code}${close.reason && ` “${close.reason}”`}. ` : "There was no close frame, so something on the path cut the connection, not this server. ") +
        (whole ? "A busy connection was cut too: the timer limits the whole connection, and pings do not help. "
          : "More frequent pings keep a connection alive. ") +
        (timers.length ? "This is the default of:" : `No well-known default is ${formatSeconds(seconds)}. Look for a time-out with that value, such as nginx's proxy_read_timeout, HAProxy's timeout tunnel, or a load balancer's idle time-out.`) + caveat,
      timers,
    };
  }
  if (silent.length) {
    const step = Math.min(...silent.map(({ step }) => step));
    return {
      seconds: step,
      title: `Forgotten between ${formatSeconds(survived)} and ${formatSeconds(step)}`,
      detail: "The connection was not closed, but it stopped echoing: a firewall, NAT or load balancer silently dropped it." + caveat,
      timers: proxyTimers.filter(({ seconds }) => seconds > survived && seconds <= step),
    };
  }
  if (!survived) return { seconds: NaN, title: "No connection could be opened", detail: "Nothing was measured.", timers: [] };
  return { seconds: NaN, title: `Not cut within ${formatSeconds(survived)}`, detail: `Connections that were idle for up to ${formatSeconds(survived)} still echoed.${caveat}`, timers: [] };
}

// concludeStopped interprets the results of a test that was stopped, as conclude does.
export function concludeStopped(results, busy, pinged) {
  if (results.some(({ outcome }) => outcome === "cut" || outcome === "silent")) {
    const found = conclude(results, busy, pinged);
    return { ...found, detail: `The test was stopped before its end. ${found.detail}` };
  }
  const survived = Math.max(0, ...results.filter(({ outcome }) => outcome === "survived").map(({ step }) => step));
  return {
    seconds: NaN, timers: [], title: "Stopped",
    detail: survived ? `Connections that were idle for up to ${formatSeconds(survived)} still echoed. Longer times were not tested.` : "No idle time has been tested to its end.",
  };
}
