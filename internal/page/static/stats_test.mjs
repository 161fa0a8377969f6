import assert from "node:assert/strict";
import test from "node:test";
import { formatMs, formatSeconds, niceCeiling, percentiles, Window } from "./stats.js";

test("percentiles use the nearest rank", () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  for (const [values, want] of [
    [hundred, [50, 95, 99]],
    [[7], [7, 7, 7]],
    [[3, 1, 2], [2, 3, 3]],
    [[], [NaN, NaN, NaN]],
  ]) assert.deepEqual(percentiles(values, [50, 95, 99]), want);
});

test("a window keeps the last values in order", () => {
  const window = new Window(3);
  for (let i = 1; i <= 5; i++) window.add(i);
  assert.deepEqual(window.last(), [3, 4, 5]);
  assert.deepEqual(window.last(2), [4, 5]);
  assert.equal(window.count, 5);
  window.clear();
  window.add(9);
  assert.deepEqual(window.last(), [9]);
});

test("the top of an axis is 1, 2 or 5 times a power of ten", () => {
  for (const [value, want] of [[0, 1], [-Infinity, 1], [0.3, 0.5], [1, 1], [1.1, 2], [37, 50], [501, 1000]]) {
    assert.equal(niceCeiling(value), want);
  }
});

test("times are formatted for people", () => {
  for (const [ms, resolution, want] of [
    [NaN, 1, "–"], [0.12345, 0.01, "0.12 ms"], [0.12345, 0.001, "0.12 ms"], [12.34, 0.01, "12.3 ms"], [1234, 0.01, "1234 ms"], [12345, 1, "12.3 s"],
    [0, 1, "< 1 ms"], [0.4, 1, "< 1 ms"], [0.6, 1, "1 ms"], [3, 1, "3 ms"], [12, 1, "12 ms"], // Firefox
    [0, 0.1, "< 0.1 ms"], [0.1, 0.1, "0.1 ms"], [3.26, 0.1, "3.3 ms"], // Chromium
  ]) assert.equal(formatMs(ms, resolution), want);
  for (const [s, want] of [[0, "0 s"], [0.04, "40 ms"], [5, "5 s"], [4.96, "5 s"], [59.9, "59.9 s"], [60.02, "1 min"], [200, "3 min 20 s"], [3661, "1 h 1 min"]]) assert.equal(formatSeconds(s), want);
});
