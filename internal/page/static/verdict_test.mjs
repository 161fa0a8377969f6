import assert from "node:assert/strict";
import test from "node:test";
import { judgement } from "./verdict.js";

test("the verdict is about the echoes that came", () => {
  const none = { identical: 0, different: 0, order: 0, stray: 0, lost: 0 };
  for (const [counts, text, level] of [
    [{}, "No echo yet", ""],
    [{ identical: 3 }, "Every echo identical, byte for byte, in order", "good"],
    [{ identical: 3, lost: 2 }, "Every echo identical, byte for byte, in order; 2 messages had no echo when their connection ended", "warn"],
    [{ lost: 1 }, "1 message had no echo when its connection ended", "warn"],
    [{ identical: 9, different: 1, stray: 2, lost: 1 }, "1 echo was changed; 2 messages were not echoes; 1 message had no echo when its connection ended", "bad"],
    [{ order: 1200 }, "1,200 echoes came out of order", "bad"],
  ]) assert.deepEqual(judgement({ ...none, ...counts }), { text, level });
});
