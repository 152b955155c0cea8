// What is to fail in a live view because somebody asked for it: each fault in words, with its line
// of Python, and a button that takes it back. Stands before `watch.js`, which has `element`,
// `setText` and `inWords`.

class PlannedFaults {
  // `elsewhere` gives the control that is next to be used when the one in use is gone.
  constructor(view, elsewhere) {
    this.view = view;
    this.elsewhere = elsewhere;
    this.rows = new Map();
    this.node = element("ul", "sbw-planned");
    this.node.setAttribute("aria-label", "what is to fail");
  }

  fill(faults) {
    const numbers = new Set(faults.map((fault) => fault.number));
    for (const [number, row] of this.rows) if (!numbers.has(number)) this.remove(number, row);
    for (const fault of faults) {
      let row = this.rows.get(fault.number);
      if (!row) {
        row = this.build(fault);
        this.rows.set(fault.number, row);
        this.node.append(row.node);
      }
      setText(row.words, fault.words);
      this.view.clock.count(row.node, fault.until, (left) => this.countDown(row, left));
    }
    this.node.hidden = faults.length === 0;
  }

  build(fault) {
    const sign = element("span", "sbw-sign", "↯");
    sign.setAttribute("aria-hidden", "true");
    const words = element("span");
    const left = element("span", "sbw-left");
    const act = element("button", "sbw-act", "take back");
    act.type = "button";
    act.setAttribute("aria-label", `take back: ${fault.words}`);
    act.onclick = () => this.takeBack(fault.number, act);
    const line = element("code", "sbw-line", ...breakable(fault.line));
    const said = element("div", "sbw-fault", words, " ", left, " ", line);
    return { node: element("li", "", sign, said, act), words, left };
  }

  // An outage is over by itself, and nobody tells.
  countDown(row, left) {
    setText(row.left, `${inWords(left)} left`);
    row.node.hidden = left <= 0;
  }

  async takeBack(number, act) {
    await this.view.press(act, "take_back", { number });
    if (document.activeElement !== document.body) return; // who went on elsewhere, stays there
    (this.rows.has(number) ? act : this.elsewhere()).focus();
  }

  remove(number, row) {
    const isInUse = row.node.contains(document.activeElement);
    row.node.remove();
    this.rows.delete(number);
    if (isInUse) this.elsewhere().focus();
  }
}
