import assert from "node:assert/strict";
import test from "node:test";
import { ask, title } from "./ask.js";

const attempt = { id: "0123456789abcdef", url: "ws://h/a/chat?greet=1", began: 10000 };

// answers returns a fetch that gives answers in turn: [status, body], or an error.
function answers(...list) {
  const asked = [];
  const fetch = async (url) => {
    asked.push(String(url));
    const [status, body] = list.shift() ?? [0];
    if (!status) throw new TypeError("Failed to fetch");
    return { status, redirected: false, text: async () => (typeof body === "string" ? body : JSON.stringify(body)) };
  };
  return { fetch, asked };
}

const absent = (pod, up = 3600) => [200, { outcome: "absent", pod, up }];

for (const [name, list, want] of [
  ["the server refused", [[200, { outcome: "refused", status: 403, reason: "origin", text: "x", pod: "p", up: 9 }]], { kind: "refused", status: 403, reason: "origin", text: "x", pod: "p", up: 9 }],
  ["the answer was lost", [[200, { outcome: "accepted", pod: "p", up: 9 }]], { kind: "accepted", pod: "p", up: 9 }],
  ["another replica knows", [absent("p"), [200, { outcome: "plain", pod: "q", up: 9 }]], { kind: "plain", pod: "q", up: 9 }],
  ["only the upgrade was stopped", [absent("p"), absent("q"), absent("p"), [200, { pod: "p", target: "/a/chat" }]], { kind: "absent", pods: ["p", "q"] }],
  ["only the upgrade to a path that ends in ws", [absent("p"), absent("p"), absent("p"), [426, "This is a WebSocket echo server"]], { kind: "absent", pods: ["p"] }],
  ["a proxy answers for the path", [absent("p"), absent("p"), absent("p"), [404, "<html><title>404 Not Found</title>"]], { kind: "proxy", status: 404, title: "404 Not Found", redirected: "" }],
  ["a proxy answers for all", [[503, "<html><body><h1>503 Service Unavailable</h1>\nNo server"]], { kind: "proxy", status: 503, title: "503 Service Unavailable", redirected: "" }],
  ["another program's JSON", [[200, { ok: true }]], { kind: "proxy", status: 200, title: '{"ok":true}', redirected: "" }],
  ["the server has started since", [absent("p", 0.5)], { kind: "restarted", seconds: 0.5 }],
  ["nothing answers", [], { kind: "unreachable" }],
]) {
  test(name, async () => {
    const { fetch, asked } = answers(...list);
    assert.deepEqual(await ask({ fetch, now: () => 11000, page: "http://h/a/.ws" }, attempt), want);
    assert.equal(asked[0], "http://h/a/.ws/upgrade?id=0123456789abcdef");
    if (asked.length > 3) assert.equal(asked[3], "http://h/a/chat");
  });
}

test("the title of a page is what it says", () => {
  for (const [text, want] of [
    ["<html><head><title> 502 Bad Gateway </title>", "502 Bad Gateway"], ["<html><body><h1>403 Forbidden</h1>", "403 Forbidden"],
    ["no healthy upstream\n", "no healthy upstream"], ["", ""], ["<html><body>", ""], ["x".repeat(200), "x".repeat(120)],
  ]) assert.equal(title(text), want);
});
