// The controls of a connection: the query of its URL, which changes what the server does.

const duration = { pattern: /^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/, allowed: "a duration such as 250ms, 10s or 5m" };
const durationOr0 = { pattern: new RegExp(`^0$|${duration.pattern.source}`), allowed: `${duration.allowed}, or 0 for none` };
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/; // RFC 9110 section 5.6.2
const count = { pattern: /^[1-9]\d{0,8}$/, allowed: "a number from 1" };

// controls is the table that the form is built from. A control with a value is a check box; the
// others are text fields.
export const controls = [
  { name: "subprotocol", pattern: token, allowed: "a name, or none", help: "to select, or none", example: "none" },
  { name: "fragment", ...count, help: "bytes each", example: "16" },
  { name: "delay", ...duration, help: "before each reply", example: "250ms" },
  { name: "every", ...duration, help: "between pushes", example: "1s" },
  { name: "ping", ...durationOr0, help: "interval; 0: none", example: "5s" },
  { name: "stall_in", ...duration, help: "then stops reading", example: "10s" },
  { name: "close_after", ...count, help: "messages", example: "3" },
  { name: "close_in", ...duration, help: "time", example: "10s" },
  { name: "close_code", pattern: /^(100[0-37-9]|101[1-4]|[34]\d{3})$/, allowed: "a close code that a server may send: 1000 to 1003, 1007 to 1009, 1011 to 1014, 3000 to 4999", help: "for the close", example: "1012" },
  { name: "close_reason", pattern: /^.*$/, allowed: "text", help: "for the close", example: "test" },
  { name: "drop_after", ...count, help: "messages, then EOF", example: "3" },
  { name: "drop_in", ...duration, help: "time, then EOF", example: "10s" },
  { name: "reset_after", ...count, help: "messages, then RST", example: "3" },
  { name: "reset_in", ...duration, help: "time, then RST", example: "10s" },
  { name: "greet", value: "1", help: "first message: the request" },
  { name: "pong", value: "0", help: "pings are not answered" },
  { name: "deflate", value: "0", help: "no compression" },
  { name: "close", value: "ignore", help: "close is not answered" },
];

// validate returns what is wrong with the value of a control, or "".
export function validate(control, value) {
  if (value === "" || (control.value ?? value) !== value) return `${control.name} must be ${control.value ?? control.allowed}`;
  if (control.pattern && !control.pattern.test(value)) return `${control.name} must be ${control.allowed}`;
  return "";
}

// conflict returns which controls do not go together, or "".
export function conflict(values) {
  const unused = (values.close_code || values.close_reason) && !values.close_after && !values.close_in;
  return unused ? "close_code and close_reason need close_after or close_in" : "";
}

// buildURL returns the URL of a WebSocket. page is the page's address, path is relative to it,
// values has the controls by name.
export function buildURL(page, path = "", values = {}) {
  const here = new URL(".", page);
  const url = new URL(path || ".", here);
  if (url.host !== here.host) throw new Error(`the path is on ${url.host}; this page may only connect to ${here.host}, which served it`);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.hash = "";
  url.search = controls.filter(({ name }) => values[name]).map(({ name }) => `${name}=${encodeURIComponent(values[name])}`).join("&");
  return url.href;
}

// parseQuery returns the controls of a query, so that the page's own address can set them.
export function parseQuery(search) {
  const query = new URLSearchParams(search);
  return Object.fromEntries(controls.filter(({ name }) => query.get(name)).map(({ name }) => [name, query.get(name)]));
}

// parseProtocols parses a list of subprotocols, separated by commas or spaces.
export function parseProtocols(text) {
  const names = [...new Set(text.split(/[\s,]+/).filter(Boolean))];
  const wrong = names.find((name) => !token.test(name));
  if (wrong) throw new Error(`${wrong} is not a subprotocol name; allowed are letters, digits and !#$%&'*+-.^_\`|~`);
  return names;
}
