// The controls of a connection: the query of its URL, which changes what the server does.
import { byteLength } from "./payload.js";

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/; // RFC 9110 section 5.6.2
const units = { ns: 1e-9, us: 1e-6, "µs": 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 }; // in seconds
const maxReason = 123; // bytes, RFC 6455 section 5.5

// parseDuration parses a duration such as 250ms or 1m30s. It returns seconds, or NaN.
export function parseDuration(text) {
  if (text === "0") return 0;
  if (!/^((\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h))+$/.test(text)) return NaN;
  return [...text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)].reduce((sum, [, number, unit]) => sum + number * units[unit], 0);
}

// between returns the check of a duration from least to most seconds.
const between = (least, most) => (text) => {
  const seconds = parseDuration(text);
  return seconds >= least && seconds <= most;
};
const whole = (least, most) => (text) => /^\d{1,10}$/.test(text) && Number(text) >= least && Number(text) <= most;

const time = { ok: between(0, 86400), allowed: "a duration from 0 to 24h, such as 10s" };
const interval = { ok: between(0.01, 86400), allowed: "a duration from 10ms to 24h, such as 1s" };
const count = { ok: whole(1, 2147483647), allowed: "a whole number, 1 or more" };

// checkReason returns what is wrong with the reason of a close frame, or "".
export function checkReason(reason) {
  const size = byteLength(reason);
  return size > maxReason ? `The reason has ${size} bytes; a close frame has room for ${maxReason} (RFC 6455 section 5.5).` : "";
}

// controls is the table that the form is built from. A control with a value is a check box; the
// others are text fields.
export const controls = [
  { name: "subprotocol", ok: (text) => token.test(text), allowed: "the name of a subprotocol, or none", help: "to select, or none", example: "none" },
  { name: "fragment", ...count, help: "bytes each", example: "16" },
  { name: "delay", ok: between(0, 60), allowed: "a duration from 0 to 1m, such as 250ms", help: "before each reply", example: "250ms" },
  { name: "every", ...interval, help: "between pushes", example: "1s" },
  { name: "ping", ok: (text) => parseDuration(text) === 0 || interval.ok(text), allowed: "a duration from 10ms to 24h, such as 5s, or 0 for none", help: "interval; 0: none", example: "5s" },
  { name: "stall_in", ...time, help: "then stops reading", example: "10s" },
  { name: "close_after", ...count, help: "messages", example: "3" },
  { name: "close_in", ...time, help: "time", example: "10s" },
  { name: "close_code", ok: (text) => /^(100[0-37-9]|101[1-4]|[34]\d{3})$/.test(text), allowed: "a close code that a server may send: 1000 to 1003, 1007 to 1009, 1011 to 1014, 3000 to 4999", help: "for the close", example: "1012" },
  { name: "close_reason", ok: (text) => !checkReason(text), allowed: `text of at most ${maxReason} bytes`, help: "for the close", example: "test" },
  { name: "drop_after", ...count, help: "messages, then EOF", example: "3" },
  { name: "drop_in", ...time, help: "time, then EOF", example: "10s" },
  { name: "reset_after", ...count, help: "messages, then RST", example: "3" },
  { name: "reset_in", ...time, help: "time, then RST", example: "10s" },
  { name: "refuse", ok: whole(400, 599), allowed: "a status from 400 to 599", help: "status, no upgrade", example: "503" },
  { name: "refuse_after", ok: whole(0, 86400), allowed: "seconds from 0 to 86400", help: "Retry-After, in s", example: "5" },
  { name: "greet", value: "1", help: "first message: the request" },
  { name: "pong", value: "0", help: "no answer to pings" },
  { name: "deflate", value: "0", help: "no compression" },
  { name: "close", value: "ignore", help: "no answer to close" },
];

// validate returns what is wrong with the value of a control, or "".
export function validate(control, value) {
  const fits = control.value ? value === control.value : value !== "" && control.ok(value);
  return fits ? "" : `${control.name} must be ${control.value ?? control.allowed}`;
}

// needs lists the controls that have no effect without one of others.
const needs = [
  ["close_code", "close_after", "close_in"],
  ["close_reason", "close_after", "close_in"],
  ["refuse_after", "refuse"],
];

// conflicts returns what is wrong with controls that do not go together, by name.
export function conflicts(values) {
  return Object.fromEntries(needs.filter(([name, ...others]) => values[name] && !others.some((other) => values[other]))
    .map(([name, ...others]) => [name, `${name} needs ${others.join(" or ")}`]));
}

const encode = (values) => controls.filter(({ name }) => values[name]).map(({ name }) => `${name}=${encodeURIComponent(values[name])}`).join("&");

// buildURL returns the URL of a WebSocket. page is the page's address, path is relative to it,
// values has the controls by name.
export function buildURL(page, path = "", values = {}) {
  const here = new URL(".", page);
  const url = new URL(path || ".", here);
  if (url.host !== here.host) throw new Error(`the path is on ${url.host}; this page may only connect to ${here.host}, which served it`);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.hash = "";
  url.search = encode(values);
  return url.href;
}

// withID marks a WebSocket's URL with an id, which the server remembers.
export const withID = (url, id) => `${url}${url.includes("?") ? "&" : "?"}_page=${id}`;

// buildLink returns the address of the page with a form in its fragment, which is not sent to the
// server: there, a query has its own meaning.
export function buildLink(page, { path, protocols, values }) {
  const url = new URL(page);
  const form = new URLSearchParams(encode(values));
  if (path) form.set("path", path);
  if (protocols) form.set("protocols", protocols);
  url.search = "";
  url.hash = form;
  return url.href;
}

// parseForm returns the form in the page's address: in its fragment, or else in its query.
export function parseForm({ hash, search }) {
  const query = new URLSearchParams(hash.length > 1 ? hash.slice(1) : search);
  const values = Object.fromEntries(controls.filter(({ name }) => query.get(name)).map(({ name }) => [name, query.get(name)]));
  return { path: query.get("path") ?? "", protocols: query.get("protocols") ?? "", values };
}

// parseProtocols parses a list of subprotocols, separated by commas or spaces.
export function parseProtocols(text) {
  const names = [...new Set(text.split(/[\s,]+/).filter(Boolean))];
  const wrong = names.find((name) => !token.test(name));
  if (wrong) throw new Error(`${wrong} is not a subprotocol name; allowed are letters, digits and !#$%&'*+-.^_\`|~`);
  return names;
}
