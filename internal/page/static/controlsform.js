// The form that builds a URL of controls, connects with it, or copies it.
import { byId, element, setText } from "./dom.js";
import { buildURL, conflict, controls, fault, parseProtocols, parseQuery } from "./controls.js";

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

// startControls makes the form, filled from the page's own query, and returns a function
// that gives the target of a connection as the form stands. connect is called with one.
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
    const faults = [];
    for (const control of controls) {
      const input = inputOf(control);
      const value = control.value ? (input.checked ? control.value : "") : input.value.trim();
      const wrong = value && fault(control, value);
      input.setAttribute("aria-invalid", String(Boolean(wrong)));
      if (wrong) faults.push(wrong);
      values[control.name] = value;
    }
    if (conflict(values)) faults.push(conflict(values));
    let url = "";
    let plain = "";
    let protocols = [];
    try {
      protocols = parseProtocols(byId("protocols").value);
      url = buildURL(location.href, byId("path").value.trim(), values);
      plain = buildURL(location.href, byId("path").value.trim());
    } catch (error) {
      faults.push(error.message);
    }
    byId("url").value = url;
    setText(byId("controls-error"), faults.join("; "));
    return { url, plain, protocols, faults };
  };

  const form = byId("controls");
  form.oninput = read;
  form.onreset = () => setTimeout(read); // when the fields have their values back
  form.onsubmit = (event) => {
    event.preventDefault();
    const target = read();
    if (!target.faults.length) connect(target);
  };
  byId("copy").onclick = async () => {
    const output = byId("url");
    output.select();
    // The clipboard's own interface is there over https and on localhost alone.
    const copied = navigator.clipboard ? await navigator.clipboard.writeText(output.value).then(() => true, () => false) : document.execCommand("copy");
    setText(byId("copied"), copied ? "Copied." : "Not allowed to copy; the URL is selected.");
  };
  read();
  return read;
}
