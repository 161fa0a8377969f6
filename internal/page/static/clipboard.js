// Copying and saving.
import { element } from "./dom.js";

// copy copies a text. It reports whether that is allowed: the Clipboard API exists only over
// https and on localhost, and elsewhere a browser may refuse.
export async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
  const field = element("textarea", { value: text, readOnly: true });
  (document.querySelector("dialog[open]") ?? document.body).append(field); // outside of an open dialog nothing can be selected
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  return copied;
}

// save offers data, a string or bytes, as a file.
export function save(name, data) {
  const type = typeof data === "string" ? "text/plain;charset=utf-8" : "application/octet-stream";
  const url = URL.createObjectURL(new Blob([data], { type }));
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000); // the browser may ask where to
}
