import assert from "node:assert/strict";
import test from "node:test";
import { Connection } from "./connection.js";
import { fakeClock, fakeSockets } from "./fake_test.mjs";

const target = { url: "ws://h/?greet=1", plain: "ws://h/", protocols: ["chat"] };

function start(random = () => 1) {
  const clock = fakeClock();
  const sockets = fakeSockets(clock);
  const ends = [];
  const messages = [];
  const connection = new Connection({ ...clock, open: sockets.open, random, onState() {}, onMessage: (m) => messages.push(m), onSent() {}, onEnd: (e) => ends.push(e) });
  connection.connect(target);
  return { clock, sockets, ends, messages, connection };
}

test("it connects, and receives text and binary", () => {
  const { sockets, connection, messages } = start();
  assert.equal(connection.phase, "connecting");
  assert.deepEqual([sockets.last.url, sockets.last.protocols], [target.url, ["chat"]]);
  sockets.last.opens();
  assert.equal(connection.phase, "open");
  sockets.last.receives("a");
  sockets.last.receives(Uint8Array.of(1).buffer);
  assert.deepEqual(messages, ["a", Uint8Array.of(1)]);
});

test("after a stable connection it reconnects within the first back-off", () => {
  const { clock, sockets, connection, ends } = start();
  sockets.last.opens();
  clock.pass(60000);
  sockets.last.ends(1001, "bye");
  assert.equal(connection.phase, "waiting");
  assert.deepEqual([ends[0].code, ends[0].reason, ends[0].clean, ends[0].retryIn], [1001, "bye", true, 500]);
  assert.equal(ends[0].closed - ends[0].opened, 60000);
  clock.pass(499);
  assert.equal(sockets.all.length, 1);
  clock.pass(1);
  assert.equal(sockets.all.length, 2);
});

test("failures in a row make the wait longer", () => {
  const { clock, sockets, ends } = start();
  sockets.last.opens();
  for (let i = 0; i < 6; i++) {
    sockets.last.ends();
    clock.pass(30000);
  }
  assert.deepEqual(ends.slice(0, 4).map(({ retryIn }) => retryIn), [500, 1000, 2000, 4000]);
});

test("it falls back to no controls if they are refused, and reports that", () => {
  const { clock, sockets, connection } = start();
  sockets.last.ends();
  assert.equal(sockets.last.url, target.plain);
  sockets.last.opens();
  assert.ok(connection.controlsRefused);
  clock.pass(10000);
  sockets.last.ends(1001);
  clock.pass(500);
  assert.equal(sockets.last.url, target.plain); // it stays that way
  connection.connect(target);
  assert.equal(sockets.last.url, target.url); // until connect is called again
  assert.ok(!connection.controlsRefused);
});

test("an unreachable server has not refused controls", () => {
  const { clock, sockets, connection } = start();
  sockets.last.ends(); // with controls
  sockets.last.ends(); // without
  assert.equal(connection.phase, "waiting");
  clock.pass(30000);
  assert.equal(sockets.last.url, target.url);
  sockets.last.opens();
  assert.ok(!connection.controlsRefused);
});

test("controls that were accepted once are not suspected after the first failure", () => {
  const { clock, sockets } = start();
  sockets.last.opens();
  clock.pass(10000);
  sockets.last.ends(1001);
  for (let i = 0; i < 3; i++) {
    clock.pass(30000);
    assert.equal(sockets.last.url, target.url);
    sockets.last.ends();
  }
});

test("it stays closed after disconnect", () => {
  const { clock, sockets, connection, ends } = start();
  sockets.last.opens();
  connection.disconnect();
  assert.equal(connection.phase, "closing");
  assert.equal(sockets.last.closing.code, 1000);
  sockets.last.ends(1000);
  assert.equal(connection.phase, "off");
  assert.equal(ends[0].retryIn, -1);
  clock.pass(60000);
  assert.equal(sockets.all.length, 1);
  assert.equal(clock.pending, 0);
});

test("it stays closed if reconnects are off, and after a disconnect while it waits", () => {
  const { sockets, connection, clock } = start();
  sockets.last.opens();
  sockets.last.ends();
  connection.disconnect();
  assert.equal(connection.phase, "off");
  connection.reconnects = false;
  connection.connect(target);
  sockets.last.opens();
  sockets.last.ends();
  assert.equal(connection.phase, "off");
  assert.equal(clock.pending, 0);
});

test("an abandoned connection reports nothing", () => {
  const { sockets, connection, ends, messages } = start();
  const [first] = sockets.all;
  first.opens();
  connection.connect(target);
  first.receives("late");
  first.ends();
  assert.deepEqual([ends, messages], [[], []]);
});
