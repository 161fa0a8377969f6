import assert from "node:assert/strict";
import test from "node:test";
import { backoff, base, ceiling } from "./backoff.js";

test("the back-off doubles up to a ceiling, with full jitter", () => {
  for (const [failures, most] of [[0, base], [1, 2 * base], [4, 16 * base], [6, ceiling], [1000, ceiling]]) {
    assert.equal(backoff(failures, () => 1), most);
    assert.equal(backoff(failures, () => 0.5), most / 2);
    assert.equal(backoff(failures, () => 0), 0);
  }
});
