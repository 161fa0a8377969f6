// The controls of a connection: what the query of its URL asks the server for.

const duration = { pattern: /^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/, allowed: "a duration such as 250ms, 10s or 5m" };
const durationOr0 = { pattern: new RegExp(`^0$|${duration.pattern.source}`), allowed: `${duration.allowed}, or 0 for none` };
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/; // RFC 9110 section 5.6.2
const count = { pattern: /^[1-9]\d{0,8}$/, allowed: "a number from 1" };

// controls is the table that the form is made of. A control with a value of its own is a
// check box; the others are typed.
export const controls = [
  { name: "subprotocol", pattern: token, allowed: "a name, or none", help: "chosen, or none", example: "none" },
  { name: "fragment", ...count, help: "bytes a piece", example: "16" },
  { name: "delay", ...duration, help: "before each answer", example: "250ms" },
  { name: "every", ...duration, help: "a numbered push", example: "1s" },
  { name: "ping", ...durationOr0, help: "from the server; 0: none", example: "5s" },
  { name: "stall_in", ...duration, help: "then reads no more", example: "10s" },
  { name: "close_after", ...count, help: "messages", example: "3" },
  { name: "close_in", ...duration, help: "time", example: "10s" },
  { name: "close_code", pattern: /^(100[0-37-9]|101[1-4]|[34]\d{3})$/, allowed: "a close code that a server may send: 1000 to 1003, 1007 to 1009, 1011 to 1014, 3000 to 4999", help: "of either", example: "1012" },
  { name: "close_reason", pattern: /^.*$/, allowed: "text", help: "of either", example: "test" },
  { name: "drop_after", ...count, help: "messages, then EOF", example: "3" },
  { name: "drop_in", ...duration, help: "time, then EOF", example: "10s" },
  { name: "reset_after", ...count, help: "messages, then RST", example: "3" },
  { name: "reset_in", ...duration, help: "time, then RST", example: "10s" },
  { name: "greet", value: "1", help: "first, what the server saw" },
  { name: "pong", value: "0", help: "pings get no answer" },
  { name: "deflate", value: "0", help: "no compression" },
  { name: "close", value: "ignore", help: "close frames get no answer" },
];

// fault says what is wrong with the value of a control, or "".
export function fault(control, value) {
  if (value === "" || (control.value ?? value) !== value) return `${control.name} must be ${control.value ?? control.allowed}`;
  if (control.pattern && !control.pattern.test(value)) return `${control.name} must be ${control.allowed}`;
  return "";
}

// conflict says which of the controls do not go together, or "".
export function conflict(values) {
  const lonely = (values.close_code || values.close_reason) && !values.close_after && !values.close_in;
  return lonely ? "close_code and close_reason need close_after or close_in beside them" : "";
}

// buildURL makes the URL of a WebSocket beside the page. page is the page's address, path
// is relative to it, values has the controls by name.
export function buildURL(page, path = "", values = {}) {
  const here = new URL(".", page);
  const url = new URL(path || ".", here);
  if (url.host !== here.host) throw new Error(`the path leads to ${url.host}; this page may only connect to ${here.host}, which served it`);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.hash = "";
  url.search = controls.filter(({ name }) => values[name]).map(({ name }) => `${name}=${encodeURIComponent(values[name])}`).join("&");
  return url.href;
}

// parseQuery reads the controls of a query, so that the page's own address can have them.
export function parseQuery(search) {
  const query = new URLSearchParams(search);
  return Object.fromEntries(controls.filter(({ name }) => query.get(name)).map(({ name }) => [name, query.get(name)]));
}

// parseProtocols reads a list of subprotocols with commas or spaces between.
export function parseProtocols(text) {
  const names = [...new Set(text.split(/[\s,]+/).filter(Boolean))];
  const wrong = names.find((name) => !token.test(name));
  if (wrong) throw new Error(`${wrong} is not the name of a subprotocol; allowed are letters, digits and !#$%&'*+-.^_\`|~`);
  return names;
}
