// The line below the form with the echo of a message that was sent by hand, because on a small
// screen the list of messages is not in view.
import { byId, clock, setText } from "./dom.js";
import { verdictWords } from "./frames.js";
import { byteLength, formatSize, kindOf } from "./payload.js";
import { formatMs } from "./stats.js";

const patience = 5000; // for an echo, in ms

let due = 0; // echoes
let timer;

function show(text, level) {
  byId("echo").className = level;
  setText(byId("echo"), text);
}

// wait reports, after some time, that an echo is still due.
function wait() {
  clearTimeout(timer);
  if (due) timer = setTimeout(() => show(`No echo within ${patience / 1000} s: the server is slow, or the path is dead.`, "warn"), patience);
}

// expectEcho notes that a message was sent by hand.
export function expectEcho() {
  due++;
  show("", "");
  wait();
}

// showEcho shows the echo of such a message.
export function showEcho(payload, { verdict, rtt, note }) {
  due--;
  wait();
  const same = verdict === "identical";
  const facts = [`${same ? "Echo" : "Not the same"}: ${kindOf(payload)}, ${formatSize(byteLength(payload))}, ${verdictWords[verdict] ?? verdict}`, formatMs(rtt, clock.resolution), note];
  show(facts.filter(Boolean).join(", "), same ? "good" : "bad");
}

// loseEchoes notes that the connection has ended: no echo comes any more.
export function loseEchoes() {
  if (due) show("The connection ended before the echo.", "warn");
  due = 0;
  wait();
}
