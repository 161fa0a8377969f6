import assert from "node:assert/strict";
import test from "node:test";
import { byteLength, difference, formatSize, generate, parseHex, preview, same, toHex } from "./payload.js";

const bytes = (...values) => Uint8Array.from(values);

test("hex is parsed as people write it", () => {
  for (const [text, want] of [["", []], ["00 ff", [0, 255]], ["00FF01", [0, 255, 1]], ["0x00, 0xfF", [0, 255]], ["de:ad-be;ef\n", [0xde, 0xad, 0xbe, 0xef]]]) {
    assert.deepEqual(parseHex(text), bytes(...want));
  }
  for (const [text, message] of [["0g", /“g” is not/], ["abc", /3 hexadecimal digits/], ["é0", /“é”/]]) assert.throws(() => parseHex(text), message);
});

test("a payload has a short form", () => {
  assert.equal(toHex(bytes(0, 10, 255)), "00 0a ff");
  assert.equal(toHex(new Uint8Array(49)).length, 48 * 3 - 1 + 2);
  assert.equal(preview("x".repeat(161)), `${"x".repeat(160)}…`);
  assert.equal(preview(bytes(1)), "01");
  for (const [size, want] of [[0, "0 B"], [1023, "1023 B"], [1536, "1.5 KiB"], [1 << 20, "1 MiB"], [2 ** 40, "1024 GiB"]]) assert.equal(formatSize(size), want);
});

test("a difference is described by its first byte", () => {
  for (const [want, got, said] of [
    ["", "", true], ["a", "a", true], [bytes(1, 2), bytes(1, 2), true],
    ["a", bytes(97), "text came back as binary"],
    [bytes(97), "a", "binary came back as text"],
    [bytes(1, 2, 3), bytes(1, 9, 3), "byte 1 of 3 differs"],
    ["κό", "κo", "byte 2 of 4 differs"],
    [bytes(1, 2), bytes(1), "2 bytes came back as 1"],
    ["", "x", "0 bytes came back as 1"],
  ]) {
    assert.equal(same(want, got), said === true);
    if (said !== true) assert.equal(difference(want, got), said);
  }
});

test("a generated payload has the exact size, and no two are equal", () => {
  for (const kind of ["text", "binary"]) {
    for (const size of [0, 1, 3, 4, 125, 126, 65536]) {
      const payload = generate(kind, size, 7);
      assert.equal(typeof payload === "string", kind === "text");
      assert.equal(byteLength(payload), size);
      if (size > 4) assert.ok(!same(payload, generate(kind, size, 8)));
    }
  }
  assert.match(generate("text", 64, 12), /^12 [0-o]{61}$/);
});
