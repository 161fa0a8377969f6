import assert from "node:assert/strict";
import test from "node:test";
import { measureResolution } from "./resolution.js";

test("the resolution of a clock is its smallest step", () => {
  for (const [step, reads, want] of [[1, 50, 1], [1.02, 3, 1], [0.1, 7, 0.1], [0.005, 1, 0.01]]) {
    let n = 0;
    assert.equal(measureResolution(() => Math.floor(n++ / reads) * step), want);
  }
  assert.equal(measureResolution(() => 5), 1); // stands still
});
