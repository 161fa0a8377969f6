import assert from "node:assert/strict";
import test from "node:test";
import { matches, maxMessages, MessageLog } from "./messagelog.js";

test("the newest messages are kept", () => {
  const log = new MessageLog();
  for (let i = 1; i <= maxMessages + 3; i++) log.add({ direction: i % 2 ? "sent" : "received", payload: String(i) });
  assert.equal(log.records.length, maxMessages);
  assert.deepEqual([log.records[0].payload, log.records.at(-1).payload], ["4", String(maxMessages + 3)]);
  assert.equal(log.sent + log.received, maxMessages + 3);
  log.clear();
  assert.deepEqual([log.records.length, log.sent, log.received], [0, 0, 0]);
});

test("large payloads make room for newer ones, and their rows stay", () => {
  const log = new MessageLog();
  for (let i = 0; i < 5; i++) log.add({ direction: "sent", payload: new Uint8Array(20 << 20) });
  assert.deepEqual(log.records.map(({ payload }) => payload?.length ?? 0), [0, 0, 20 << 20, 20 << 20, 20 << 20]);
  assert.equal(log.add({ direction: "sent", payload: new Uint8Array(65 << 20) }).payload.length, 65 << 20); // a single one may be larger
  assert.equal(log.records[4].payload, undefined);
});

test("a preview is one line without invisible characters", () => {
  assert.equal(new MessageLog().add({ direction: "sent", payload: "a\n\u202eb" }).preview, "a⟨LF⟩⟨RLO⟩b");
});

test("a filter finds text, directions and what is odd", () => {
  const log = new MessageLog();
  log.add({ direction: "sent", payload: "Hello" });
  log.add({ direction: "received", payload: "Hello", judged: { verdict: "identical" } });
  log.add({ direction: "received", payload: `${"x".repeat(300)}end`, judged: { verdict: "stray" } });
  log.add({ direction: "sent", payload: Uint8Array.of(0xde, 0xad) });
  for (const [text, show, want] of [["", "all", [1, 2, 3, 4]], ["hello", "all", [1, 2]], ["HELLO", "sent", [1]], ["", "received", [2, 3]], ["", "odd", [3]], ["end", "all", [3]], ["de ad", "all", [4]], ["none", "all", []]]) {
    assert.deepEqual(log.records.filter((record) => matches(record, { text, show })).map(({ number }) => number), want, `${text} ${show}`);
  }
});
