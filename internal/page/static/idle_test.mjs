import assert from "node:assert/strict";
import test from "node:test";
import { IdleFinder, parseSteps } from "./idle.js";
import { fakeClock, fakeSockets } from "./fake_test.mjs";

const greeting = JSON.stringify({ pod: "echosvc-0", headers: [] });

function start(steps) {
  const clock = fakeClock();
  const sockets = fakeSockets(clock);
  const finder = new IdleFinder({ ...clock, open: sockets.open, onChange() {} });
  finder.run({ url: "ws://h/?greet=1&ping=0", plain: "ws://h/", steps });
  return { clock, sockets, finder };
}

// greet opens all connections and sends a greeting on each after a while. They are idle from then on.
function greet({ clock, sockets }) {
  for (const ws of sockets.all) ws.opens();
  clock.pass(300);
  for (const ws of sockets.all) ws.receives(greeting);
}

test("a proxy that cuts after 5 s", () => {
  const run = start([1, 4, 6, 10]);
  const { clock, sockets, finder } = run;
  greet(run);
  for (let i = 0; i < 2; i++) {
    clock.pass([1000, 3000][i]);
    assert.deepEqual(sockets.all[i].sent, ["still here?"]);
    sockets.all[i].receives("still here?");
  }
  clock.pass(1020);
  for (const ws of sockets.all.slice(2, 4)) ws.ends();
  assert.equal(finder.conclusion, undefined);
  clock.pass(1000);
  assert.deepEqual(finder.results.map(({ outcome, after }) => [outcome, after]), [["survived", 1], ["survived", 4], ["cut", 5.02], ["cut", 5.02]]);
  assert.equal(finder.busy.outcome, "survived");
  assert.ok(sockets.all[4].sent.length > 5); // never idle
  assert.equal(finder.conclusion.title, "Cut after 5 s");
  assert.equal(clock.pending, 0);
  assert.ok([0, 1, 4].every((i) => sockets.all[i].closing)); // the others are closed
});

test("a path that drops connections silently", () => {
  const run = start([1, 10]);
  const { clock, sockets, finder } = run;
  greet(run);
  clock.pass(1000);
  sockets.all[0].receives("still here?");
  clock.pass(9000 + 10000 + 1000);
  assert.equal(finder.results[1].outcome, "silent");
  assert.equal(finder.conclusion.title, "Forgotten between 1 s and 10 s");
});

test("a server that refuses or does not know ping=0 may have sent pings", () => {
  for (const refuses of [true, false]) {
    const { clock, sockets, finder } = start([1]);
    if (refuses) for (const ws of [...sockets.all]) ws.ends();
    const open = sockets.all.slice(-2);
    assert.equal(open[0].url, refuses ? "ws://h/" : "ws://h/?greet=1&ping=0");
    for (const ws of open) ws.opens();
    clock.pass(1000);
    open[0].receives("still here?");
    clock.pass(1000);
    assert.match(finder.conclusion.detail, /did not accept ping=0/);
  }
});

test("an unreachable server", () => {
  const { clock, sockets, finder } = start([1, 2]);
  for (let i = 0; i < 6; i++) sockets.all[i].ends();
  clock.pass(1000);
  assert.equal(finder.conclusion.title, "No connection could be opened");
});

test("stop closes every connection, and every step has an outcome", () => {
  const run = start([1, 2, 10]);
  greet(run);
  run.clock.pass(1000);
  run.sockets.all[0].receives("still here?");
  run.clock.pass(500);
  run.finder.stop();
  assert.deepEqual(run.finder.results.map(({ state, outcome, after }) => [state, outcome, after]), [["done", "survived", 1], ["done", "stopped", 1.5], ["done", "stopped", 1.5]]);
  assert.equal(run.finder.busy.outcome, "stopped");
  assert.equal(run.finder.conclusion.title, "Stopped");
  assert.match(run.finder.conclusion.detail, /up to 1 s still echoed\. Longer times were not tested/);
  assert.ok(run.sockets.all.every((ws) => ws.closing));
  assert.equal(run.clock.pending, 0);
  const { conclusion } = run.finder;
  run.finder.stop();
  assert.equal(run.finder.conclusion, conclusion);
});

test("stopped before anything opened", () => {
  const { clock, finder } = start([1]);
  clock.pass(100);
  finder.stop();
  assert.deepEqual(finder.results[0].outcome, "stopped");
  assert.match(finder.conclusion.detail, /No idle time has been tested/);
});

test("stopped after a cut was seen", () => {
  const run = start([4, 10, 60]);
  greet(run);
  run.clock.pass(2000);
  run.sockets.all[1].ends();
  run.finder.stop();
  assert.equal(run.finder.conclusion.title, "Cut after 2 s");
  assert.match(run.finder.conclusion.detail, /^The test was stopped before its end\./);
});

test("steps are a list of seconds", () => {
  assert.deepEqual(parseSteps("30, 10 60,10"), [10, 30, 60]);
  for (const wrong of ["", "0", "x", "7201", "-1", Array.from({ length: 21 }, (_, i) => i + 1).join()]) assert.throws(() => parseSteps(wrong), /1 to 20 idle times/);
});
