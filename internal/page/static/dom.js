// The document, in short. Text is always set as text: nothing that came over the wire is markup.

export const byId = (id) => document.getElementById(id);

// element makes an element with properties and children.
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  Object.assign(made, properties);
  made.append(...children);
  return made;
}

// setText changes the text of an element only if it differs, so that live regions stay quiet.
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

// drawSoon returns a function that has draw called a little later, once for all the calls
// until then: a flood is drawn ten times a second. In a tab that is not shown nothing is drawn.
export function drawSoon(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    setTimeout(() => requestAnimationFrame(() => {
      asked = false;
      draw();
    }), 80);
  };
}

// clockTime is the time of day of a moment, with milliseconds.
export function clockTime(moment = new Date()) {
  return `${moment.toTimeString().slice(0, 8)}.${String(moment.getMilliseconds()).padStart(3, "0")}`;
}

// clock is the browser's, as the modules without a document take it.
export const clock = {
  now: () => performance.timeOrigin + performance.now(), // ms; a worker has it as well
  setTimer: (then, ms) => setTimeout(then, ms),
  clearTimer: (timer) => clearTimeout(timer),
};
