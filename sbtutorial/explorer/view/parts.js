// The parts of which the Explorer's page is made: buttons, fields, tables, forms for a message, a
// chart. Whatever they show goes into the page as text only.

const FIELDS = [
  ["subject", "subject"],
  ["message_id", "message id"],
  ["session_id", "session"],
  ["correlation_id", "correlation id"],
  ["content_type", "content type"],
  ["reply_to", "reply to"],
  ["to", "to"],
  ["time_to_live", "time to live", "as in 30 s or 5 min"],
  ["scheduled_in", "scheduled in", "as in 5 min; now when empty"],
];
const TYPES = ["text", "whole number", "number", "yes or no"];
const CHART_SECONDS = 60;

const element = (tag, className = "", ...children) => {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
};

// A name that may be broken between its words: after _ . / - and before a capital.
const breakable = (text) => {
  const parts = text.split(/(?<=[_./-])|(?<=[a-z])(?=[A-Z])/);
  return parts.flatMap((part, at) => (at ? [document.createElement("wbr"), part] : [part]));
};

const button = (text, onClick, { name = "", grave = false, className = "" } = {}) => {
  const made = element("button", `sbx-button ${grave ? "sbx-grave" : ""} ${className}`, text);
  made.type = "button";
  if (name) made.setAttribute("aria-label", name);
  made.addEventListener("click", onClick);
  return made;
};

let lastId = 0;

// A field with its label above it, and what stands beside it below.
const labelled = (text, input, hint = "") => {
  input.id = `sbx-${++lastId}`;
  const label = element("label", "", ...breakable(text));
  label.htmlFor = input.id;
  const small = hint ? element("small", "", hint) : null;
  if (small) {
    small.id = `${input.id}-hint`;
    input.setAttribute("aria-describedby", small.id);
  }
  return element("div", "sbx-field", label, input, small);
};

const textInput = (value = "", placeholder = "") => {
  const input = element("input");
  input.type = "text";
  input.value = value;
  input.placeholder = placeholder;
  input.autocomplete = "off";
  input.spellcheck = false;
  return input;
};

const textArea = (value = "", rows = 4) => {
  const area = element("textarea");
  area.value = value;
  area.rows = rows;
  area.spellcheck = false;
  return area;
};

const choice = (options, value) => {
  const select = element("select");
  for (const option of options) select.append(element("option", "", option));
  select.value = value;
  return select;
};

const plural = (count, one) => `${count} ${one}${count === 1 ? "" : "s"}`;

// A table of texts. With `onRow` the first cell of each row is a button.
const table = ({ caption = "", heads, rows }) => {
  const made = element("table", "sbx-table");
  if (caption) made.append(element("caption", "", caption));
  const head = element("tr");
  for (const word of heads) {
    const cell = element("th", "", word);
    cell.scope = "col";
    head.append(cell);
  }
  const body = element("tbody");
  for (const row of rows) {
    const line = element("tr");
    row.forEach((cell, at) => {
      const data = element("td", "", cell);
      data.dataset.head = heads[at];
      line.append(data);
    });
    body.append(line);
  }
  made.append(element("thead", "", head), body);
  return made;
};

// --- Names, values and their types ----------------------------------------------------------------

class OwnProperties {
  constructor(rows = []) {
    this.list = element("div", "sbx-own");
    const add = button("+ property", () => this.add().querySelector("input").focus());
    this.node = element("fieldset", "", element("legend", "", "application properties"));
    this.node.append(this.list, add);
    for (const row of rows) this.add(row);
  }

  add({ name = "", type = TYPES[0], value = "" } = {}) {
    const inputs = [textInput(name, "name"), choice(TYPES, type), textInput(value, "value")];
    const line = element("div", "sbx-own-row", ...inputs);
    ["name of a property", "its type", "its value"].forEach((label, at) => {
      inputs[at].setAttribute("aria-label", label);
    });
    line.append(button("×", () => line.remove(), { name: "remove this property" }));
    this.list.append(line);
    return line;
  }

  get rows() {
    return [...this.list.children].map((line) => {
      const [name, type, value] = line.querySelectorAll("input, select");
      return { name: name.value, type: type.value, value: value.value };
    });
  }
}

class MessageFields {
  constructor(values = {}) {
    this.inputs = {};
    const grid = element("div", "sbx-grid");
    for (const [name, label, hint] of FIELDS) {
      this.inputs[name] = textInput(values[name] ?? "", hint ?? "");
      grid.append(labelled(label, this.inputs[name]));
    }
    this.own = new OwnProperties();
    this.body = textArea("");
    const more = element("details", "", element("summary", "", "more properties"), grid);
    this.nodes = [labelled("body", this.body), this.own.node, more];
  }

  get values() {
    const said = Object.entries(this.inputs).filter(([, input]) => input.value);
    const fields = Object.fromEntries(said.map(([name, input]) => [name, input.value]));
    return { ...fields, body: this.body.value, own: this.own.rows };
  }
}

// Messages of each second as bars, the last minute of them.
function chart(rows) {
  const counts = new Map(rows);
  const last = Math.max(0, ...counts.keys());
  const first = Math.max(0, last - CHART_SECONDS + 1);
  const most = Math.max(1, ...counts.values());
  const made = element("div", "sbx-chart");
  made.setAttribute("role", "img");
  made.setAttribute("aria-label", `messages in each second: at most ${most}`);
  for (let second = first; second <= last; second += 1) {
    const bar = element("span");
    bar.style.height = `${(100 * (counts.get(second) ?? 0)) / most}%`;
    made.append(bar);
  }
  return made;
}
