// The form that builds a URL with controls, connects to it, or copies it.
import { copy } from "./clipboard.js";
import { byId, element, setError, setText } from "./dom.js";
import { buildLink, buildURL, conflicts, controls, parseForm, parseProtocols, validate } from "./controls.js";
import { startScenarios } from "./scenarioform.js";

function field(control) {
  const id = `control-${control.name}`;
  const help = element("small", { id: `${id}-help` }, control.help);
  const error = element("small", { id: `${id}-error`, className: "error" });
  error.setAttribute("aria-live", "polite");
  const input = control.value
    ? element("input", { type: "checkbox", id, value: control.value })
    : element("input", { id, placeholder: control.example, autocomplete: "off", spellcheck: false });
  input.setAttribute("aria-describedby", `${help.id} ${error.id}`);
  const label = element("label", { htmlFor: id }, control.value ? `${control.name}=${control.value}` : control.name);
  if (control.value) return element("div", { className: "tick" }, input, label, help, error);
  return element("div", { className: "field" }, label, input, help, error);
}

const inputOf = ({ name }) => byId(`control-${name}`);
const valueOf = (control) => (control.value ? (inputOf(control).checked ? control.value : "") : inputOf(control).value.trim());
const valuesNow = () => Object.fromEntries(controls.map((control) => [control.name, valueOf(control)]));

// fill puts values into the form.
function fill(values) {
  for (const control of controls) {
    const value = values[control.name] ?? "";
    if (control.value) inputOf(control).checked = value === control.value;
    else inputOf(control).value = value;
  }
}

// read validates the form and returns the target that it describes. url is empty if a field is wrong.
function read() {
  const values = valuesNow();
  const clash = conflicts(values);
  let wrong = false;
  const judge = (input, text) => {
    setError(input, text);
    wrong ||= Boolean(text);
  };
  for (const control of controls) {
    const value = values[control.name];
    judge(inputOf(control), (value && validate(control, value)) || clash[control.name] || "");
  }
  const attempt = (input, parse) => {
    try {
      const parsed = parse();
      judge(input, "");
      return parsed;
    } catch (error) {
      judge(input, error.message);
      return undefined;
    }
  };
  const path = byId("path").value.trim();
  const protocols = attempt(byId("protocols"), () => parseProtocols(byId("protocols").value));
  const [url, plain] = attempt(byId("path"), () => [buildURL(location.href, path, values), buildURL(location.href, path)]) ?? ["", ""];
  byId("url").value = url;
  return { url: wrong ? "" : url, plain, protocols, refuses: values.refuse };
}

// startControls builds the form, fills it from the page's own address, and returns a function that
// returns the target the form describes. Submitting the form calls connect with the target.
export function startControls(connect) {
  for (const control of controls) byId(control.value ? "control-ticks" : "control-fields").append(field(control));
  const fromAddress = () => {
    const { path, protocols, values } = parseForm(location);
    byId("path").value = path;
    byId("protocols").value = protocols;
    fill({ greet: "1", ...values });
  };
  const scenarios = startScenarios((values) => {
    fill({ greet: "1", ...values });
    return update();
  });
  const update = () => {
    const target = read();
    scenarios.show(valuesNow());
    return target;
  };
  const submit = () => {
    const target = update();
    if (target.url) connect(target);
    else document.querySelector("#controls [aria-invalid=true]")?.focus();
  };

  const form = byId("controls");
  form.oninput = update;
  form.onsubmit = (event) => {
    event.preventDefault();
    submit();
  };
  byId("reset").onclick = () => {
    byId("path").value = byId("protocols").value = "";
    fill({ greet: "1" });
    update();
  };
  window.onhashchange = () => {
    fromAddress();
    submit();
  };
  const onCopy = (id, text, what) => byId(id).onclick = async () => {
    setText(byId("copied"), await copy(text()) ? `${what} copied.` : `The browser does not allow copying: ${text()}`);
  };
  onCopy("copy", () => byId("url").value, "URL");
  onCopy("copy-link", () => buildLink(location.href, { path: byId("path").value.trim(), protocols: byId("protocols").value.trim(), values: valuesNow() }), "Link to this form");
  fromAddress();
  update();
  return update;
}
