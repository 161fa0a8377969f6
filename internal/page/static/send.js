// The forms that send text, hex, a file or generated payloads, and the one that closes.
import { checkReason } from "./controls.js";
import { byId, clock, setError, setText } from "./dom.js";
import { Generator } from "./generator.js";
import { formatSize, parseHex } from "./payload.js";

const maxSize = 64 << 20; // of a generated payload, in bytes
const maxRate = 2000; // generated payloads per second
const maxAwaited = 1000; // generated messages without an echo yet
const maxAwaitedBytes = 8 << 20; // their bytes; a single larger one is allowed

// startSending attaches the forms. send sends a payload; its second argument is true if the echo
// is to be announced. awaited returns how many messages and bytes have no echo yet. Call the
// returned refresh when the connection's phase has changed.
export function startSending({ connection, send, awaited }) {
  const generator = new Generator({
    ...clock,
    canSend: (size) => connection.phase === "open" && awaited().awaited < maxAwaited && (awaited().bytes + size <= maxAwaitedBytes || !awaited().awaited),
    send: (payload) => send(payload, false),
  });

  const onSubmit = (id, field, make) => byId(id).onsubmit = async (event) => {
    event.preventDefault();
    try {
      const payload = await make();
      if (connection.phase !== "open") throw new Error("Not connected.");
      setError(field, "");
      send(payload, true);
    } catch (error) {
      setError(field, error.message);
    }
  };
  onSubmit("send-text", byId("text"), () => byId("text").value);
  onSubmit("send-hex", byId("hex"), () => parseHex(byId("hex").value));
  onSubmit("send-file", byId("file"), async () => {
    const [file] = byId("file").files;
    if (!file) throw new Error("Choose a file first.");
    return new Uint8Array(await file.arrayBuffer());
  });
  byId("text").onkeydown = (event) => { // Enter sends, Shift+Enter is a new line
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    byId("send-text").requestSubmit();
  };

  byId("generate").onsubmit = (event) => {
    event.preventDefault();
    const [size, rate] = [Number(byId("size").value) * Number(byId("unit").value), Number(byId("rate").value)];
    const wrong = generator.running ? ["", ""] : [
      byId("size").value === "" || !(size >= 0 && size <= maxSize) ? `The size must be from 0 B to ${formatSize(maxSize)}.` : "",
      rate >= 0.1 && rate <= maxRate ? "" : `The rate must be from 0.1 to ${maxRate.toLocaleString("en")} a second.`,
    ];
    setError(byId("size"), wrong[0]);
    setError(byId("rate"), wrong[1]);
    if (generator.running) generator.stop();
    else if (!wrong.some(Boolean)) generator.start({ kind: byId("kind").value, size: Math.round(size), rate });
    setText(byId("generate-toggle"), generator.running ? "Stop" : "Start");
  };

  byId("close-form").onsubmit = (event) => {
    event.preventDefault();
    const [code, reason] = [Number(byId("close-code").value), byId("close-reason").value];
    const wrong = [
      code === 1000 || (Number.isInteger(code) && code >= 3000 && code <= 4999) ? "" : "A browser may close with 1000, or with 3000 to 4999.",
      checkReason(reason),
    ];
    setError(byId("close-code"), wrong[0]);
    setError(byId("close-reason"), wrong[1]);
    if (!wrong.some(Boolean) && connection.phase === "open") connection.disconnect(code, reason);
  };

  return {
    refresh() {
      for (const id of ["send-text", "send-hex", "send-file", "close-form"]) byId(id).querySelector("button").disabled = connection.phase !== "open";
    },
  };
}
