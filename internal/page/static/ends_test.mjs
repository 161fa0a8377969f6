import assert from "node:assert/strict";
import test from "node:test";
import { describe, ending, sameAge, sentence, stepsAround, suggestion } from "./ends.js";

const end = (seconds, change) => ({ opened: 1000, closed: 1000 + seconds * 1000, code: 1006, reason: "", why: "", ...change });

test("an end is described by what happened", () => {
  for (const [what, line, said] of [
    [end(5, { code: 1001, reason: "bye" }), "1001 Going Away “bye”, open for 5 s", /^Closed with 1001 Going Away “bye”: the server/],
    [end(5), "1006 Abnormal Closure, open for 5 s", /^Closed with 1006 Abnormal Closure: TCP ended without a close frame\.$/],
    [end(5, { code: 4000 }), "4000 Private Use, open for 5 s", /^Closed with 4000 Private Use\.$/],
    [end(5, { why: "replaced", code: 1000 }), "replaced by another connection, open for 5 s"],
    [end(0, { why: "replaced", opened: 0 }), "replaced before it opened"],
    [end(5, { why: "timeout" }), "no answer to the page's close frame, open for 5 s", /without an answer/],
    [end(0, { opened: 0 }), "did not open", /^Could not connect\.$/],
    [end(0, { opened: 0, times: 3 }), "did not open, 3 times in a row"],
    [end(0, { opened: 0, why: "timeout" }), "no answer to the upgrade", /not answered in time/],
  ]) {
    assert.equal(describe(what), line);
    if (said) assert.match(sentence(what), said);
  }
});

test("three cuts at the same age are noticed", () => {
  const failed = end(0, { opened: 0 });
  for (const [ends, want] of [
    [[end(5), end(5.02), end(5.1)], 5.1],
    [[end(60), failed, end(61), failed, end(62)], 62],
    [[end(1), end(5), end(5), end(5)], 5],
    [[end(5), end(5)], NaN],
    [[end(5), end(5), end(9)], NaN],
    [[end(5), end(5), end(5, { code: 1001 })], NaN],
    [[end(5), end(5), end(5, { why: "timeout" })], NaN],
    [[end(0.1), end(0.1), end(0.1)], NaN], // refused after the upgrade, not idle
  ]) assert.equal(sameAge(ends), want);
});

test("the steps surround the age", () => {
  assert.deepEqual(stepsAround(5.02), [3, 4, 7, 12]);
  assert.deepEqual(stepsAround(60), [30, 59, 62, 122]);
  assert.deepEqual(stepsAround(1), [1, 3, 4]);
});

test("the next connection says how the last one ended", () => {
  for (const [what, want] of [
    [end(5), "was cut without a close frame (1006)"],
    [end(5, { code: 1001, reason: "rolling update" }), "was closed with 1001 Going Away “rolling update”"],
    [end(5, { code: 4000 }), "was closed with 4000 Private Use"],
  ]) assert.equal(ending(what), want);
});

test("a cut that was asked for is no time-out on the path", () => {
  const cut = "Three connections in a row ended after 5.1 s, without a close frame";
  for (const [query, want] of [
    ["", `${cut}. That looks like a time-out on the path.`],
    ["?greet=1&close_in=5s", `${cut}. That looks like a time-out on the path.`],
    ["?drop_in=5s&greet=1", `${cut}, as drop_in=5s asks. A time-out on the path looks the same.`],
    ["?greet=1&reset_after=3", `${cut}, as reset_after=3 asks. A time-out on the path looks the same.`],
  ]) assert.equal(suggestion(5.1, query), want);
});
