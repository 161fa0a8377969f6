// Helpers for the document. Text is always set as text: nothing from the network becomes markup.
import { measureResolution } from "./resolution.js";

export const byId = (id) => document.getElementById(id);

// element makes an element with properties and children.
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  Object.assign(made, properties);
  made.append(...children);
  return made;
}

// setText changes an element's text only if it differs, so that live regions stay quiet.
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

// setError shows what is wrong with a field, or nothing if text is empty. The element that
// describes the field has its id and "-error".
export function setError(field, text) {
  setText(byId(`${field.id}-error`), text);
  field.setAttribute("aria-invalid", String(Boolean(text)));
}

// throttle returns a function that calls draw shortly after, once for all calls until then, so
// that a flood is drawn ten times a second. In a hidden tab nothing is drawn.
export function throttle(draw) {
  let scheduled = false;
  return () => {
    if (scheduled) return;
    scheduled = true;
    setTimeout(() => requestAnimationFrame(() => {
      scheduled = false;
      draw();
    }), 80);
  };
}

// clockTime formats a moment as the time of day, with milliseconds.
export function clockTime(moment = new Date()) {
  return `${moment.toTimeString().slice(0, 8)}.${String(moment.getMilliseconds()).padStart(3, "0")}`;
}

// clock is the browser's clock, in the form that modules without a document take it.
export const clock = {
  now: () => performance.timeOrigin + performance.now(), // ms; the same in a worker
  resolution: measureResolution(() => performance.now()), // ms
  setTimer: (then, ms) => setTimeout(then, ms),
  clearTimer: (timer) => clearTimeout(timer),
};
