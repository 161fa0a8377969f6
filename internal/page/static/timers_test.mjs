import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { conclude, proxyTimers, timersAt } from "./timers.js";

// The vectors are those that the probe's timers_test.go reads.
const vectors = JSON.parse(readFileSync(new URL("../../probe/testdata/timers.json", import.meta.url)));

const survived = (...steps) => steps.map((step) => ({ step, outcome: "survived", after: step }));
const cut = (after, code = 1006, reason = "", ...steps) => steps.map((step) => ({ step, outcome: "cut", after, code, reason }));
const busy = { outcome: "survived" };

test("the table of timers is the probe's", () => assert.deepEqual(proxyTimers, vectors.timers));

test("a cut matches every timer that may have caused it", () => {
  for (const { seconds, names } of vectors.cuts) {
    assert.deepEqual(timersAt(seconds).map(({ name }) => name), names, `a cut after ${seconds} s`);
  }
});

test("the conclusion names the cause and the remedy", () => {
  for (const [name, results, other, pinged, title, ...details] of [
    ["an idle timer", [...survived(10, 30), ...cut(60.04, 1006, "", 100, 120)], busy, false, "Cut after 1 min", /no close frame, so something on the path/, /More frequent pings/],
    ["no default", [...survived(1, 4), ...cut(5, 1006, "", 10)], busy, false, "Cut after 5 s", /No well-known default is 5 s.*proxy_read_timeout/],
    ["a timer on the whole connection", cut(30, 1006, "", 60), { outcome: "cut", after: 30.1 }, false, "Cut after 30 s", /busy connection was cut too/],
    ["a proxy that sends a close frame", cut(60, 1001, "idle", 100), busy, false, "Cut after 1 min", /close frame arrived, 1001 “idle”/],
    ["the server's own", cut(20, 1001, "no data message within IDLE_TIMEOUT=20s of this server", 30), busy, false, "Closed after 20 s by this echo server itself", /IDLE_TIMEOUT=20s/],
    ["silence", [...survived(100, 120), { step: 300, outcome: "silent", after: 300 }], busy, false, "Forgotten between 2 min and 5 min", /silently dropped/],
    ["nothing", survived(1, 2, 10), busy, false, "Not cut within 10 s", /still echoed\.$/],
    ["nothing, but pings", survived(1, 2, 10), busy, true, "Not cut within 10 s", /own pings/],
    ["unreachable", [{ step: 1, outcome: "failed" }], { outcome: "failed" }, true, "No connection could be opened"],
  ]) {
    const conclusion = conclude(results, other, pinged);
    assert.equal(conclusion.title, title, name);
    for (const detail of details) assert.match(conclusion.detail, detail, name);
  }
});
