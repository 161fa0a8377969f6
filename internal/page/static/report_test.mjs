import assert from "node:assert/strict";
import test from "node:test";
import { report } from "./report.js";

test("a report has everything that an issue needs, and no empty parts", () => {
  const got = report({
    facts: [["URL", "ws://h/?greet=1"], ["server", "1.0 on p"], ["node", ""]],
    why: "",
    verdict: "Every echo identical",
    counts: [["identical", "3"], ["lost", 0]],
    roundTrip: "3 echoes, p50 0.3 ms",
    idle: "",
    ends: [{ time: "12:00:00.000", pod: "p", query: "?drop_in=5s", opened: 1000, closed: 6000, code: 1006, reason: "", why: "" }],
    head: "GET / HTTP/1.1\nHost: h",
  });
  assert.equal(got, `echosvc report
    URL: ws://h/?greet=1
    server: 1.0 on p

Echoes
    Every echo identical
    3 identical

Round trips
    3 echoes, p50 0.3 ms

Idle time-out
    not tested

Connections that ended
    12:00:00.000  1006 Abnormal Closure, open for 5 s, p, ?drop_in=5s

Request as the server saw it
    GET / HTTP/1.1
    Host: h
`);
});
