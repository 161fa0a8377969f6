import assert from "node:assert/strict";
import test from "node:test";
import { Generator } from "./generator.js";
import { fakeClock } from "./fake_test.mjs";

function run({ rate, canSend = () => true }) {
  const clock = fakeClock();
  const sent = [];
  const generator = new Generator({ ...clock, canSend, send: (payload) => sent.push(payload) });
  generator.start({ kind: "binary", size: 16, rate });
  return { clock, sent, generator };
}

test("payloads are sent at their rate, the first immediately", () => {
  for (const [rate, want] of [[0.5, 6], [1, 11], [100, 1001], [2000, 20001]]) {
    const { clock, sent, generator } = run({ rate });
    assert.equal(sent.length, 1);
    clock.pass(10000);
    assert.ok(Math.abs(sent.length - want) <= 1 + want / 20, `${sent.length} at ${rate} a second, want ${want}`);
    generator.stop();
    assert.equal(clock.pending, 0);
    assert.ok(!generator.running);
  }
});

test("payloads that could not be sent are not made up for in one burst", () => {
  let full = true;
  const { clock, sent } = run({ rate: 100, canSend: () => !full });
  clock.pass(10000);
  assert.equal(sent.length, 0);
  full = false;
  clock.pass(20);
  assert.ok(sent.length <= 22, `${sent.length} in one burst`);
});
