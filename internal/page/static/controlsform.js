// The form that builds a URL with controls, connects to it, or copies it.
import { byId, element, setText } from "./dom.js";
import { buildURL, conflict, controls, parseProtocols, parseQuery, validate } from "./controls.js";

function field(control) {
  const id = `control-${control.name}`;
  const help = element("small", { id: `${id}-help` }, control.help);
  const input = control.value
    ? element("input", { type: "checkbox", id, value: control.value })
    : element("input", { id, placeholder: control.example, autocomplete: "off", spellcheck: false });
  input.setAttribute("aria-describedby", help.id);
  const label = element("label", { htmlFor: id }, control.value ? `${control.name}=${control.value}` : control.name);
  return element("div", { className: control.value ? "field tick" : "field" }, label, input, help);
}

const inputOf = ({ name }) => byId(`control-${name}`);

// startControls builds the form, fills it from the page's own query, and returns a function that
// returns the target the form describes. Submitting the form calls connect with the target.
export function startControls(connect) {
  for (const control of controls) byId(control.value ? "control-ticks" : "control-fields").append(field(control));
  const given = parseQuery(location.search);
  for (const control of controls) {
    const input = inputOf(control);
    if (control.value) input.defaultChecked = given[control.name] === control.value || control.name === "greet";
    else input.defaultValue = given[control.name] ?? "";
  }

  const read = () => {
    const values = {};
    const errors = [];
    for (const control of controls) {
      const input = inputOf(control);
      const value = control.value ? (input.checked ? control.value : "") : input.value.trim();
      const wrong = value && validate(control, value);
      input.setAttribute("aria-invalid", String(Boolean(wrong)));
      if (wrong) errors.push(wrong);
      values[control.name] = value;
    }
    if (conflict(values)) errors.push(conflict(values));
    let url = "";
    let plain = "";
    let protocols = [];
    try {
      protocols = parseProtocols(byId("protocols").value);
      url = buildURL(location.href, byId("path").value.trim(), values);
      plain = buildURL(location.href, byId("path").value.trim());
    } catch (error) {
      errors.push(error.message);
    }
    byId("url").value = url;
    setText(byId("controls-error"), errors.join("; "));
    return { url, plain, protocols, errors };
  };

  const form = byId("controls");
  form.oninput = read;
  form.onreset = () => setTimeout(read); // after the fields are reset
  form.onsubmit = (event) => {
    event.preventDefault();
    const target = read();
    if (!target.errors.length) connect(target);
  };
  byId("copy").onclick = async () => {
    const output = byId("url");
    output.select();
    // The Clipboard API exists only over https and on localhost.
    const copied = navigator.clipboard ? await navigator.clipboard.writeText(output.value).then(() => true, () => false) : document.execCommand("copy");
    setText(byId("copied"), copied ? "Copied." : "Copying is not allowed; the URL is selected.");
  };
  read();
  return read;
}
