import assert from "node:assert/strict";
import test from "node:test";
import { Connection } from "./connection.js";
import { fakeClock, fakeSockets } from "./fake_test.mjs";

const target = { url: "ws://h/?greet=1", plain: "ws://h/", protocols: ["chat"] };
const [withControls, without] = ["ws://h/?greet=1&_page=id", "ws://h/?_page=id"]; // as they are opened

function start(random = () => 1) {
  const clock = fakeClock();
  const sockets = fakeSockets(clock);
  const ends = [];
  const messages = [];
  const connection = new Connection({ ...clock, open: sockets.open, random, newID: () => "id", onState() {}, onMessage: (m) => messages.push(m), onSent() {}, onEnd: (e) => ends.push(e) });
  connection.connect(target);
  return { clock, sockets, ends, messages, connection };
}

// wait passes the time until the next attempt.
const wait = ({ clock, connection }) => clock.pass(connection.retryAt - clock.now());

test("it connects, and receives text and binary", () => {
  const { sockets, connection, messages } = start();
  assert.equal(connection.phase, "connecting");
  assert.deepEqual([sockets.last.url, sockets.last.protocols], [withControls, ["chat"]]);
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
  const run = start();
  const { sockets, ends } = run;
  sockets.last.opens();
  for (let i = 0; i < 6; i++) {
    sockets.last.ends();
    wait(run);
  }
  assert.deepEqual(ends.slice(0, 4).map(({ retryIn }) => retryIn), [500, 1000, 2000, 4000]);
});

test("it falls back to no controls if they are refused, and reports that", () => {
  const { clock, sockets, connection } = start();
  sockets.last.ends();
  assert.equal(sockets.last.url, without);
  sockets.last.opens();
  assert.ok(connection.controlsRefused);
  clock.pass(10000);
  sockets.last.ends(1001);
  clock.pass(500);
  assert.equal(sockets.last.url, without); // it stays that way
  connection.connect(target);
  assert.equal(sockets.last.url, withControls); // until connect is called again
  assert.ok(!connection.controlsRefused);
});

test("an unreachable server has not refused controls", () => {
  const run = start();
  const { sockets, connection } = run;
  sockets.last.ends(); // with controls
  sockets.last.ends(); // without
  assert.equal(connection.phase, "waiting");
  wait(run);
  assert.equal(sockets.last.url, withControls);
  sockets.last.opens();
  assert.ok(!connection.controlsRefused);
});

test("controls that were accepted once are not suspected after the first failure", () => {
  const run = start();
  const { clock, sockets } = run;
  sockets.last.opens();
  clock.pass(10000);
  sockets.last.ends(1001);
  for (let i = 0; i < 3; i++) {
    wait(run);
    assert.equal(sockets.last.url, withControls);
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

test("a replaced connection is reported once, and nothing later", () => {
  const { clock, sockets, connection, ends, messages } = start();
  const [first] = sockets.all;
  first.opens();
  clock.pass(3000);
  connection.connect(target);
  first.receives("late");
  first.ends();
  assert.deepEqual(ends.map(({ why, opened, closed, retryIn }) => [why, closed - opened, retryIn]), [["replaced", 3000, -1]]);
  assert.deepEqual(messages, []);
  sockets.last.opens();
  sockets.last.ends(1000);
  connection.connect(target); // nothing is left to replace
  assert.equal(ends.filter(({ why }) => why === "replaced").length, 1);
});

test("a close that is not answered ends after 5 s, or at once when asked again", () => {
  for (const again of [false, true]) {
    const { clock, sockets, connection, ends } = start();
    const [ws] = sockets.all;
    ws.opens();
    connection.disconnect(4000, "enough");
    assert.deepEqual(ws.closing, { code: 4000, reason: "enough" });
    clock.pass(4999);
    assert.equal(connection.phase, "closing");
    if (again) connection.disconnect();
    else clock.pass(1);
    assert.equal(connection.phase, "off");
    assert.deepEqual(ends.map(({ code, why, clean }) => [code, why, clean]), [[1006, "timeout", false]]);
    ws.ends(1000);
    assert.equal(ends.length, 1);
    assert.equal(clock.pending, 0);
  }
});

test("an upgrade that is not answered within 20 s has failed", () => {
  const { clock, sockets, connection, ends } = start();
  clock.pass(20000);
  assert.deepEqual([ends[0].opened, ends[0].why], [0, "timeout"]);
  assert.equal(sockets.all.length, 2);
  assert.equal(connection.phase, "connecting");
  clock.pass(20000);
  assert.equal(connection.phase, "waiting");
});

test("a server that was asked to refuse is not tried without the controls", () => {
  const run = start();
  const { sockets, connection, ends } = run;
  connection.connect({ ...target, refuses: true });
  for (let i = 0; i < 3; i++) {
    assert.equal(sockets.last.url, withControls);
    sockets.last.ends();
    wait(run);
  }
  assert.ok(!connection.controlsRefused);
  assert.deepEqual(ends.slice(1).map(({ plain }) => plain), [false, false, false]);
});

test("a server that was asked to refuse for good is not tried again", () => {
  for (const [refuses, phase] of [["401", "off"], ["403", "off"], ["408", "waiting"], ["429", "waiting"], ["503", "waiting"]]) {
    const { sockets, connection, ends } = start();
    connection.connect({ ...target, refuses });
    sockets.last.ends();
    assert.equal(connection.phase, phase, refuses);
    assert.equal(ends.at(-1).retryIn === -1, phase === "off");
  }
});
