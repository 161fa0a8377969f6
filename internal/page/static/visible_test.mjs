import assert from "node:assert/strict";
import test from "node:test";
import { hexDump, indentJSON, visible } from "./visible.js";

test("characters that cannot be seen are shown", () => {
  for (const [text, want, oneLine] of [
    ["Hello, κόσμε 🙂", "Hello, κόσμε 🙂"],
    ["a\0b\tc\x1bd", "a⟨NUL⟩b⟨TAB⟩c⟨ESC⟩d"],
    ["a\r\nb", "a⟨CR⟩\nb"],
    ["a\nb", "a⟨LF⟩b", true],
    ["admin\u202egnp.exe\u2066", "admin⟨RLO⟩gnp.exe⟨LRI⟩"],
    ["\ufeffx\u200b\u00ad\x7f\x85", "⟨BOM⟩x⟨ZWSP⟩⟨SHY⟩⟨DEL⟩⟨U+0085⟩"],
    ["\x07\x08\x0b\x1f", "⟨BEL⟩⟨BS⟩⟨VT⟩⟨US⟩"],
    ["\ud800", "⟨U+D800⟩"],
    ["\ufffe", "⟨U+FFFE⟩"],
  ]) assert.equal(visible(text, oneLine), want);
});

test("JSON is indented, and its tokens do not change", () => {
  for (const [text, want] of [
    ['{"a":1}', '{\n  "a": 1\n}'],
    ['[1e400, 12345678901234567890,1.0]', "[\n  1e400,\n  12345678901234567890,\n  1.0\n]"],
    ['{"b":{},"a":[],"a":[{"x":null}]}', '{\n  "b": {},\n  "a": [],\n  "a": [\n    {\n      "x": null\n    }\n  ]\n}'],
    ['{"s":"a, {b}: \\"c\\" \\u0041"}', '{\n  "s": "a, {b}: \\"c\\" \\u0041"\n}'],
    ["5", undefined], ['"x"', undefined], ["{", undefined], ["[1,]", undefined], ["plain", undefined], ["", undefined],
  ]) assert.equal(indentJSON(text), want);
});

test("bytes are shown in lines of 16, or of 8 on a small screen", () => {
  assert.equal(hexDump(Uint8Array.from([0, 0x41, 0xff])), `000000  00 41 ff${" ".repeat(39)}  ·A·`);
  assert.deepEqual(hexDump(new Uint8Array(17)).split("\n").map((line) => line.slice(0, 8)), ["000000  ", "000010  "]);
  assert.equal(hexDump(Uint8Array.from([0, 0x41, 0xff]), 8), `000000  00 41 ff${" ".repeat(15)}  ·A·`);
  assert.deepEqual(hexDump(new Uint8Array(9), 8).split("\n").map((line) => line.slice(0, 8)), ["000000  ", "000008  "]);
  assert.equal(hexDump(new Uint8Array()), "");
});
