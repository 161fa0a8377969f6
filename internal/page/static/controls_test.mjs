import assert from "node:assert/strict";
import test from "node:test";
import { buildURL, conflict, controls, parseProtocols, parseQuery, validate } from "./controls.js";

test("the WebSocket's URL is relative to the page, under any prefix", () => {
  for (const [page, path, values, want] of [
    ["http://h:8080/", "", {}, "ws://h:8080/"],
    ["https://h/.ws", "", {}, "wss://h/"],
    ["https://h/a/prefix/?delay=1s#x", "", {}, "wss://h/a/prefix/"],
    ["https://h/a/prefix/.ws", "chat", { greet: "1" }, "wss://h/a/prefix/chat?greet=1"],
    ["http://h/p/", "/other?x=1", {}, "ws://h/other"],
    ["http://h/", "a+b", { close_reason: "over & out", close_in: "1s", delay: "" }, "ws://h/a+b?close_in=1s&close_reason=over%20%26%20out"],
  ]) assert.equal(buildURL(page, path, values), want);
  assert.throws(() => buildURL("http://h/", "//evil/"), /evil.*may only connect to h,/);
});

test("an invalid value is reported with what is allowed", () => {
  const byName = Object.fromEntries(controls.map((control) => [control.name, control]));
  for (const [name, good, bad] of [
    ["delay", ["250ms", "1m30s", "1.5s"], ["250", "soon", "-1s", ""]],
    ["ping", ["0", "5s"], ["1", "no"]],
    ["close_after", ["1", "100"], ["0", "-1", "1.5", "x"]],
    ["close_code", ["1000", "1012", "4999"], ["999", "1005", "1006", "1010", "1015", "5000"]],
    ["subprotocol", ["none", "mqtt"], ["a b", "a,b"]],
    ["close", ["ignore"], ["x"]],
    ["pong", ["0"], ["1"]],
  ]) {
    for (const value of good) assert.equal(validate(byName[name], value), "", `${name}=${value}`);
    for (const value of bad) assert.match(validate(byName[name], value), new RegExp(`^${name} must be `), `${name}=${value}`);
  }
});

test("close_code and close_reason need a close", () => {
  assert.equal(conflict({ close_code: "1012", close_in: "1s" }), "");
  assert.match(conflict({ close_reason: "x" }), /need close_after or close_in/);
});

test("the page's own query fills the form", () => {
  assert.deepEqual(parseQuery("?delay=1s&other=2&ping=0&every="), { delay: "1s", ping: "0" });
});

test("subprotocols are a list without duplicates", () => {
  assert.deepEqual(parseProtocols(" chat, mqtt  chat,"), ["chat", "mqtt"]);
  assert.deepEqual(parseProtocols(""), []);
  assert.throws(() => parseProtocols("chat, a/b"), /^Error: a\/b is not a subprotocol name/);
});
