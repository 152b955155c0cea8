// A question with its choices: chips that are radio buttons, for mouse and keyboard.
//
// The picture has `question`, `choices`, `said` (an index or null) and `answer` ("" before it is
// known). What is chosen is asked of the kernel as `say`; the picture that comes back shows it.

const UNHEARD = "The kernel has not heard that yet. If it stays so, run this cell again.";
const AGAIN = "Run this cell again to predict anew.";

function make(tag, className, text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

function render({ model, el }) {
  const group = `sbq-${Math.random().toString(36).slice(2)}`; // each view loads this module anew
  const box = make("fieldset", "sbq");
  // Arrow keys and space are ours here: no shortcut of JupyterLab's, no way back to a cell's editor.
  box.setAttribute("data-lm-suppress-shortcuts", "true");
  box.onkeydown = (event) => event.stopPropagation();
  const chips = make("div", "sbq-chips");
  const said = make("p", "sbq-said");
  said.setAttribute("aria-live", "polite");

  const { ask, close } = connection(model, {
    onWaiting: (waits) => (waits ? (said.textContent = UNHEARD) : draw()),
  });

  function chip(text, index) {
    const label = make("label", "sbq-chip");
    const input = make("input", "");
    input.type = "radio";
    input.name = group;
    input.onchange = () =>
      ask("say", { index }).catch((error) => {
        draw();
        said.textContent = error.message;
      });
    label.append(input, make("span", "", text));
    return label;
  }

  function draw() {
    const { said: index, choices, answer } = model.get("picture");
    [...chips.querySelectorAll("input")].forEach((input, at) => {
      input.checked = at === index;
      input.disabled = Boolean(answer);
    });
    const chosen = choices[index] === undefined ? "" : `You said ${choices[index]}.`;
    said.textContent = answer ? `${answer} ${AGAIN}` : chosen;
  }

  const { question, choices } = model.get("picture");
  chips.append(...choices.map(chip));
  box.append(make("legend", "sbq-question", question), chips, said);
  model.on("change:picture", draw);
  draw();
  el.append(box);
  return () => {
    model.off("change:picture", draw);
    close();
  };
}

export default { render };
