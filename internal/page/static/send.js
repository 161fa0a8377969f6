// The forms that send text, hex, a file or generated payloads.
import { byId, clock, setText } from "./dom.js";
import { Generator } from "./generator.js";
import { formatSize, parseHex } from "./payload.js";

const maxSize = 64 << 20; // of a generated payload, in bytes
const maxAwaited = 1000; // generated messages without an echo yet
const maxAwaitedBytes = 8 << 20; // their bytes; a single larger one is allowed

// startSending attaches the forms. send sends a payload; awaited returns how many messages and
// bytes have no echo yet. Call the returned refresh when the connection's phase has changed.
export function startSending({ connection, send, awaited }) {
  const fail = (text) => setText(byId("send-error"), text);
  const generator = new Generator({
    ...clock,
    canSend: (size) => connection.phase === "open" && awaited().awaited < maxAwaited && (awaited().bytes + size <= maxAwaitedBytes || !awaited().awaited),
    send,
  });

  const onSubmit = (id, make) => byId(id).onsubmit = async (event) => {
    event.preventDefault();
    fail("");
    try {
      const payload = await make();
      if (connection.phase !== "open") throw new Error("Not connected.");
      send(payload);
    } catch (error) {
      fail(error.message);
    }
  };
  onSubmit("send-text", () => byId("text").value);
  onSubmit("send-hex", () => parseHex(byId("hex").value));
  onSubmit("send-file", async () => {
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
    fail("");
    const size = Number(byId("size").value) * Number(byId("unit").value);
    if (generator.running) generator.stop();
    else if (size > maxSize) fail(`${formatSize(size)} is too large for a generated payload; the limit is ${formatSize(maxSize)}.`);
    else generator.start({ kind: byId("kind").value, size: Math.round(size), rate: Number(byId("rate").value) });
    setText(byId("generate-toggle"), generator.running ? "Stop" : "Start");
  };

  return {
    refresh() {
      for (const id of ["send-text", "send-hex", "send-file"]) byId(id).querySelector("button").disabled = connection.phase !== "open";
    },
  };
}
