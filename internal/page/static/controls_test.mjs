import assert from "node:assert/strict";
import test from "node:test";
import { buildLink, buildURL, checkReason, conflicts, controls, parseDuration, parseForm, parseProtocols, validate, withID } from "./controls.js";

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
    ["delay", ["0", "250ms", "30s500ms", "1.5s", "1m"], ["250", "soon", "-1s", "", "5m", "1m1ns", "1 s"]],
    ["every", ["10ms", "1h"], ["0", "9ms", "25h"]],
    ["ping", ["0", "0s", "5s", "10ms"], ["1", "no", "1ms"]],
    ["drop_in", ["0", "24h"], ["24h1s"]],
    ["close_after", ["1", "100", "2147483647"], ["0", "-1", "1.5", "x", "2147483648"]],
    ["close_reason", ["x".repeat(123), "ä".repeat(61)], ["x".repeat(150), "ä".repeat(62)]],
    ["refuse", ["400", "503", "599"], ["200", "399", "600", "x"]],
    ["refuse_after", ["0", "5"], ["-1", "1s", "86401"]],
    ["close_code", ["1000", "1012", "4999"], ["999", "1005", "1006", "1010", "1015", "5000"]],
    ["subprotocol", ["none", "mqtt"], ["a b", "a,b"]],
    ["close", ["ignore"], ["x"]],
    ["pong", ["0"], ["1"]],
  ]) {
    for (const value of good) assert.equal(validate(byName[name], value), "", `${name}=${value}`);
    for (const value of bad) assert.match(validate(byName[name], value), new RegExp(`^${name} must be `), `${name}=${value}`);
  }
});

test("a duration is what Go's time.ParseDuration accepts", () => {
  for (const [text, want] of [["0", 0], ["250ms", 0.25], ["1m30s", 90], [".5s", 0.5], ["1.h", 3600], ["5", NaN], ["s", NaN], ["", NaN], ["1d", NaN]]) assert.equal(parseDuration(text), want);
});

test("some controls need another", () => {
  assert.deepEqual(conflicts({ close_code: "1012", close_in: "1s", refuse: "503", refuse_after: "5" }), {});
  assert.deepEqual(conflicts({ close_reason: "x", refuse_after: "5" }), { close_reason: "close_reason needs close_after or close_in", refuse_after: "refuse_after needs refuse" });
});

test("the reason of a close frame is limited in bytes (RFC 6455 section 5.5)", () => {
  assert.equal(checkReason("ä".repeat(61)), "");
  assert.match(checkReason("ä".repeat(62)), /has 124 bytes; .* room for 123/);
});

test("an id marks a URL", () => {
  assert.equal(withID("ws://h/", "i"), "ws://h/?_page=i");
  assert.equal(withID("ws://h/?greet=1", "i"), "ws://h/?greet=1&_page=i");
});

test("the page's own query or fragment fills the form", () => {
  assert.deepEqual(parseForm({ hash: "", search: "?delay=1s&other=2&ping=0&every=" }), { path: "", protocols: "", values: { delay: "1s", ping: "0" } });
  assert.deepEqual(parseForm({ hash: "#every=2s", search: "?delay=1s" }).values, { every: "2s" });
});

test("a link carries the form, and the server does not see it", () => {
  const form = { path: "a/b?c", protocols: "chat, mqtt", values: { close_in: "5s", close_reason: "over & out", delay: "" } };
  const link = new URL(buildLink("http://h/p/.ws?delay=9s#old", form));
  assert.equal(link.origin + link.pathname + link.search, "http://h/p/.ws");
  assert.deepEqual(parseForm(link), { ...form, values: { close_in: "5s", close_reason: "over & out" } });
});

test("subprotocols are a list without duplicates", () => {
  assert.deepEqual(parseProtocols(" chat, mqtt  chat,"), ["chat", "mqtt"]);
  assert.deepEqual(parseProtocols(""), []);
  assert.throws(() => parseProtocols("chat, a/b"), /^Error: a\/b is not a subprotocol name/);
});
