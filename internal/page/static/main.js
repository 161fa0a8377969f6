// The page: one connection, and the parts that show it.
import { clock, byId } from "./dom.js";
import { Connection } from "./connection.js";
import { RemoteSocket } from "./remotesocket.js";
import { Ledger } from "./ledger.js";
import { addFrame, startFrames } from "./frames.js";
import { countLost, countVerdict, drawEchoes, startEchoes } from "./rtt.js";
import { byteLength } from "./payload.js";
import { showEnd, showGreeting, showState } from "./state.js";
import { startControls } from "./controlsform.js";
import { startSending } from "./send.js";
import { startIdle } from "./idleform.js";

const open = (url, protocols) => new RemoteSocket(url, protocols);
let ledger = new Ledger();

const connection = new Connection({
  ...clock,
  open,
  onState(connection) {
    if (connection.phase === "open") {
      const query = new URL(connection.url).searchParams;
      ledger = new Ledger({ greet: query.has("greet"), every: query.has("every") });
    }
    showState(connection);
    sending.refresh();
  },
  onSent: (at) => ledger.markSent(at),
  onMessage(payload, at) {
    const judged = ledger.receive(payload, at);
    addFrame("received", payload, byteLength(payload), judged);
    countVerdict(judged);
    if (judged.greeting) showGreeting(judged.greeting);
  },
  onEnd(end) {
    countLost(ledger.awaited);
    ledger = new Ledger();
    showEnd(end);
  },
});

// send sends a payload and records that its echo is due.
function send(payload) {
  const size = byteLength(payload);
  ledger.send(payload, size);
  connection.send(payload);
  addFrame("sent", payload, size);
  drawEchoes();
}

// connect opens a connection to a target. Echoes that are still due count as lost.
function connect(target) {
  if (!target.url) return; // the form shows the error
  countLost(ledger.awaited);
  ledger = new Ledger();
  connection.connect(target);
}

startFrames();
startEchoes(() => ledger.awaited);
const sending = startSending({ connection, send, awaited: () => ledger });
const target = startControls(connect);
startIdle(open);

byId("reconnects").onchange = ({ target }) => {
  connection.reconnects = target.checked;
  if (!target.checked && connection.phase === "waiting") connection.disconnect();
};
byId("toggle").onclick = () => {
  if (connection.phase === "off") connect(target());
  else if (connection.phase === "waiting") connection.retryNow();
  else connection.disconnect();
};
connect(target());
