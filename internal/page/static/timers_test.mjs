import assert from "node:assert/strict";
import test from "node:test";
import { conclude, suspects } from "./timers.js";

const survived = (...steps) => steps.map((step) => ({ step, outcome: "survived", after: step }));
const cut = (after, code = 1006, reason = "", ...steps) => steps.map((step) => ({ step, outcome: "cut", after, code, reason }));
const busy = { outcome: "survived" };

test("a cut near a default has its suspects", () => {
  for (const [seconds, want] of [
    [14.9, ["Envoy"]], [30.1, ["Google Cloud Application Load Balancer"]], [55.2, ["Heroku router"]],
    [60.05, ["nginx, ingress-nginx", "AWS Application Load Balancer"]], [100.4, ["Cloudflare"]],
    [240, ["Azure Load Balancer"]], [300, ["Envoy, Envoy Gateway"]], [350, ["AWS Network Load Balancer"]], [5, []], [57.5, []], [80, []],
  ]) assert.deepEqual(suspects(seconds).map(({ who }) => who), want);
});

test("the conclusion says what cut, and what helps", () => {
  for (const [name, results, other, pinged, title, ...details] of [
    ["an idle timer", [...survived(10, 30), ...cut(60.04, 1006, "", 100, 120)], busy, false, "Cut after 1 min", /no close frame, so it was not this server/, /Pings more often/],
    ["no default", [...survived(1, 4), ...cut(5, 1006, "", 10)], busy, false, "Cut after 5 s", /No well-known default is 5 s.*proxy_read_timeout/],
    ["a timer on the whole connection", cut(30, 1006, "", 60), { outcome: "cut", after: 30.1 }, false, "Cut after 30 s", /kept busy was cut as well/],
    ["a proxy that closes politely", cut(60, 1001, "idle", 100), busy, false, "Cut after 1 min", /close frame, 1001 “idle”/],
    ["the server's own", cut(20, 1001, "no data message within IDLE_TIMEOUT=20s of this server", 30), busy, false, "Closed after 20 s by this echo server itself", /IDLE_TIMEOUT=20s/],
    ["silence", [...survived(100, 120), { step: 300, outcome: "silent", after: 300 }], busy, false, "Forgotten between 2 min and 5 min", /without a word/],
    ["nothing", survived(1, 2, 10), busy, false, "Nothing cut within 10 s", /still echoed\.$/],
    ["nothing, but pings", survived(1, 2, 10), busy, true, "Nothing cut within 10 s", /own pings/],
    ["nobody there", [{ step: 1, outcome: "failed" }], { outcome: "failed" }, true, "No connection could be opened"],
  ]) {
    const conclusion = conclude(results, other, pinged);
    assert.equal(conclusion.title, title, name);
    for (const detail of details) assert.match(conclusion.detail, detail, name);
  }
});
