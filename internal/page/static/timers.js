// Whose timer was it: defaults of proxies, and the verdict of the idle-timeout finder.
import { formatSeconds } from "./stats.js";

// known are defaults, in seconds, the same as in internal/probe/timers.go. whole says that
// the timer runs on the whole connection, whatever is sent.
export const known = [
  { seconds: 15, who: "Envoy", setting: "timeout of the route", whole: true },
  { seconds: 30, who: "Google Cloud Application Load Balancer", setting: "timeoutSec of the backend service", whole: true },
  { seconds: 55, who: "Heroku router", setting: "fixed" },
  { seconds: 60, who: "nginx, ingress-nginx", setting: "proxy_read_timeout" },
  { seconds: 60, who: "AWS Application Load Balancer", setting: "idle_timeout.timeout_seconds" },
  { seconds: 100, who: "Cloudflare", setting: "fixed, but for Enterprise" },
  { seconds: 240, who: "Azure Load Balancer", setting: "TCP idle time-out" },
  { seconds: 300, who: "Envoy, Envoy Gateway", setting: "stream_idle_timeout" },
  { seconds: 350, who: "AWS Network Load Balancer", setting: "TCP idle time-out of the listener" },
  { seconds: 600, who: "AWS CloudFront, API Gateway", setting: "fixed" },
  { seconds: 3600, who: "HAProxy's ingress controllers", setting: "timeout tunnel" },
];

// near says that two times, in seconds, are one timer seen twice.
const near = (a, b) => Math.abs(a - b) <= Math.max(0.5, 0.03 * b);

// suspects are the known timers that a cut after so many seconds fits.
export const suspects = (seconds) => known.filter((timer) => near(seconds, timer.seconds));

// conclude says what the results of the finder mean: {seconds, title, detail, suspects}.
// A result is {step, outcome, after, code, reason}: it was to be idle for step seconds;
// outcome is survived, cut, silent (no echo came back after it, though nothing was
// closed) or failed; after is when, in seconds. busy is the result of a connection that
// was never idle. pinged says that the server may have pinged.
export function conclude(results, busy, pinged) {
  const cut = results.filter(({ outcome }) => outcome === "cut");
  const silent = results.filter(({ outcome }) => outcome === "silent");
  const survived = Math.max(0, ...results.filter(({ outcome }) => outcome === "survived").map(({ step }) => step));
  const caveat = pinged ? " The server did not take ping=0: its own pings, every 25 s by default, may have hidden a timer." : "";
  if (cut.length) {
    const seconds = cut.map(({ after }) => after).sort((a, b) => a - b)[Math.floor((cut.length - 1) / 2)];
    const close = cut.find(({ code }) => code !== 1006);
    if (close?.reason.includes("IDLE_TIMEOUT")) {
      return { seconds, title: `Closed after ${formatSeconds(seconds)} by this echo server itself`, detail: close.reason + caveat, suspects: [] };
    }
    const whole = busy?.outcome === "cut" && near(busy.after, seconds);
    const fits = suspects(seconds);
    return {
      seconds,
      title: `Cut after ${formatSeconds(seconds)}`,
      detail: (close ? `Somebody sent a close frame, ${close.code}${close.reason && ` “${close.reason}”`}. ` : "There was no close frame, so it was not this server: something between cut. ") +
        (whole ? "A connection that was kept busy was cut as well: the timer runs on the whole connection, and pings do not help. "
          : "Pings more often than that keep a connection alive. ") +
        (fits.length ? "Such a default have:" : `No well-known default is ${formatSeconds(seconds)}: look for a setting of that, such as proxy_read_timeout of nginx, timeout tunnel of HAProxy, or an idle time-out of a load balancer.`) + caveat,
      suspects: fits,
    };
  }
  if (silent.length) {
    const step = Math.min(...silent.map(({ step }) => step));
    return {
      seconds: step,
      title: `Forgotten between ${formatSeconds(survived)} and ${formatSeconds(step)}`,
      detail: "Nothing was closed, but no echo came back: a firewall, NAT or load balancer forgot the connection without a word." + caveat,
      suspects: known.filter(({ seconds }) => seconds > survived && seconds <= step),
    };
  }
  if (!survived) return { seconds: NaN, title: "No connection could be opened", detail: "Nothing was measured.", suspects: [] };
  return { seconds: NaN, title: `Nothing cut within ${formatSeconds(survived)}`, detail: `Connections that were idle for up to ${formatSeconds(survived)} still echoed.${caveat}`, suspects: [] };
}
