import assert from "node:assert/strict";
import test from "node:test";
import { Ledger } from "./ledger.js";

const greeting = JSON.stringify({ pod: "echosvc-0", headers: [{ name: "Host", value: "x" }] });

// Each step is a message sent, ["sent", payload], or a message received and its verdict.
const conversations = {
  "an echo is the message that was due": [{}, ["sent", "a"], ["sent", "b"], ["a", "identical"], ["b", "identical"]],
  "empty messages are echoes": [{}, ["sent", ""], ["", "identical"]],
  "a binary message is not the echo of a text message": [{}, ["sent", "a"], [Uint8Array.of(97), "different"]],
  "the greeting is not an echo": [{ greet: true }, ["sent", "a"], [greeting, "greeting"], ["a", "identical"]],
  "a server that does not greet": [{ greet: true }, ["sent", "a"], ["a", "identical"]],
  "only the first message is a greeting": [{ greet: true }, ["sent", "a"], ["a", "identical"], ["sent", greeting], [greeting, "identical"]],
  "there is no greeting without greet=1": [{}, ["sent", greeting], [greeting, "identical"]],
  "pushes count from 1": [{ every: true }, ["1", "push"], ["sent", "x"], ["2", "push"], ["x", "identical"], ["3", "push"], ["7", "stray"]],
  "an echo that looks like a push": [{ every: true }, ["sent", "1"], ["1", "identical"], ["1", "push"]],
  "there is no push without every=": [{}, ["1", "stray"]],
  "a garbled echo": [{ every: true }, ["sent", "abc"], ["abd", "different"], ["abc", "stray"]],
  "an echo that overtakes": [{}, ["sent", "a"], ["sent", "b"], ["b", "order"], ["a", "identical"]],
};

for (const [name, [options, ...steps]] of Object.entries(conversations)) {
  test(name, () => {
    const ledger = new Ledger(options);
    let time = 0;
    for (const [what, then] of steps) {
      time += 10;
      if (what === "sent") ledger.send(then, then.length);
      else assert.equal(ledger.receive(what, time).verdict, then);
    }
    assert.equal(ledger.awaited, 0);
    assert.equal(ledger.bytes, 0);
  });
}

test("an echo has its round-trip time", () => {
  const ledger = new Ledger();
  ledger.send("a", 1);
  ledger.send("bc", 2);
  assert.deepEqual([ledger.awaited, ledger.bytes], [2, 3]);
  ledger.markSent(100);
  ledger.markSent(110);
  assert.equal(ledger.receive("a", 112.5).rtt, 12.5);
  assert.equal(ledger.receive("bc", 112.5).rtt, 2.5);
});

test("an echo that somebody waits for is marked", () => {
  const ledger = new Ledger();
  ledger.send("a", 1, true);
  ledger.send("b", 1);
  assert.deepEqual(["a", "b"].map((payload) => ledger.receive(payload, 1).watched), [true, false]);
});
