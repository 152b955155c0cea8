// The live view of a queue. The kernel sends a picture of plain values (`picture.py`) whenever
// something happened; everything between two pictures, the seconds that run down and the cards that
// move, is done here. `connection` comes from `asking.js`, `steady` from `steady.js`, `PlannedFaults`
// from `planned.js`; all stand before this.
//
// Whatever is shown of a message is text that somebody sent: it goes into the page as text only.

const SVG = "http://www.w3.org/2000/svg";
const MOVE_MS = 200;
const TICK_MS = 250;
const ROOM_FOR_TWO_PIXELS = 880; // a notebook and a view, each wide enough to read
const LANES = {
  scheduled: { sign: "◷", empty: "none" },
  ready: { sign: "▸", empty: "none" },
  locked: { sign: "◔", empty: "none" },
  deferred: { sign: "‖", empty: "none" },
  done: { sign: "✓", empty: "none yet" },
  dead: { sign: "✗", empty: "none" },
};
const STATES = {
  live: "● live",
  gone: "○ the broker is gone",
  missing: "○ not there",
  ended: "○ the kernel has ended",
  waiting: "◌ waits for the cell above",
};
const ENDED = "The kernel has ended, and this view with it. Run the cell again.";
const DEAD_KERNELS = ["restarting", "autorestarting", "terminating", "dead"];

const element = (tag, className = "", ...children) => {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
};

const setText = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

const plural = (count, one, many) => `${count} ${count === 1 ? one : many}`;

const inWords = (seconds) => {
  if (seconds <= 0) return "over";
  if (seconds < 120) return `${Math.ceil(seconds)} s`;
  if (seconds < 7200) return `${Math.ceil(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.ceil(seconds / 3600)} h`;
  return `${Math.ceil(seconds / 86400)} d`;
};

// A line of Python in pieces: where it must be broken, then not within a name.
const breakable = (line) => line.split(/(?<=[(.,])/).flatMap((part) => [part, element("wbr")]);

const isCalm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

// --- Time: the broker's, carried on by this page --------------------------------------------------

class BrokerClock {
  constructor() {
    this.countdowns = new Map();
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.runs = true;
  }

  // What the broker's clock said when the picture was made, which is as good as now.
  set(instant) {
    if (this.instant === instant) return;
    this.instant = instant;
    this.arrival = performance.now();
  }

  get now() {
    return this.instant + (performance.now() - this.arrival) / 1000;
  }

  // Have `show(secondsLeft)` called now and again until the node is counted down no more.
  count(node, until, show) {
    if (until === null || until === undefined) {
      this.countdowns.delete(node);
      return;
    }
    this.countdowns.set(node, { until, show });
    show(Math.max(until - this.now, 0));
  }

  tick() {
    if (!this.runs || document.hidden) return;
    for (const [node, { until, show }] of this.countdowns) {
      if (node.isConnected) show(Math.max(until - this.now, 0));
      else this.countdowns.delete(node);
    }
  }

  close() {
    clearInterval(this.timer);
    this.countdowns.clear();
  }
}

// A ring that runs down, and the seconds beside it in words.
class Ring {
  constructor() {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 16 16");
    svg.setAttribute("class", "sbw-ring");
    svg.setAttribute("aria-hidden", "true");
    const circles = ["sbw-ring-track", "sbw-ring-left"].map((name) => {
      const circle = document.createElementNS(SVG, "circle");
      for (const [key, value] of Object.entries({ cx: 8, cy: 8, r: 6, pathLength: 1 })) {
        circle.setAttribute(key, value);
      }
      circle.setAttribute("class", name);
      svg.append(circle);
      return circle;
    });
    this.arc = circles[1];
    this.words = element("span", "sbw-left");
    this.node = element("span", "sbw-clock", svg, this.words);
  }

  show(secondsLeft, whole, ofWhat = "left") {
    const share = Math.min(secondsLeft / (whole || 1), 1);
    this.arc.style.strokeDashoffset = String(1 - share);
    setText(this.words, `${inWords(secondsLeft)} ${ofWhat}`);
  }
}

// --- Cards ----------------------------------------------------------------------------------------

class Card {
  constructor(view, key) {
    this.view = view;
    this.key = key;
    this.number = element("span", "sbw-number");
    this.text = element("span", "sbw-text");
    this.pips = element("span", "sbw-pips");
    this.pips.setAttribute("role", "img");
    this.opener = element("button", "sbw-open", this.number, " ", this.text, this.pips);
    this.opener.type = "button";
    this.opener.onclick = () => view.open(this.facts, this.opener);
    this.ring = new Ring();
    this.holder = element("span", "sbw-holder");
    this.remark = element("span", "sbw-remark");
    this.act = element("button", "sbw-act");
    this.act.type = "button";
    this.more = element("div", "sbw-more");
    this.node = element("li", "sbw-card", this.opener, this.more);
    this.failed = 0;
  }

  fill(facts) {
    this.facts = facts;
    const { state } = facts;
    this.node.dataset.state = state;
    this.node.dataset.number = facts.number;
    setText(this.number, String(facts.number));
    setText(this.text, facts.text ?? "not text");
    this.text.classList.toggle("sbw-is-no-text", facts.text === null);
    this.opener.title = facts.text ?? "";
    this.showPips(facts.failed ?? 0);
    this.fillMore(facts);
    const { clock } = this.view;
    if (state === "locked") {
      clock.count(this.node, facts.until, (left) => this.ring.show(left, this.view.lockSeconds));
    } else if (state === "scheduled") {
      clock.count(this.node, facts.until, (left) => setText(this.remark, `in ${inWords(left)}`));
    } else if (state === "ready") {
      clock.count(this.node, facts.expires, (left) => this.showLife(left));
    } else {
      clock.count(this.node, null);
    }
  }

  // Its time to live; the whole of it is what was left when it was first seen.
  showLife(left) {
    this.life = Math.max(this.life ?? 0, left);
    this.ring.show(left, this.life, "to live");
  }

  showPips(failed) {
    const many = failed > 5 ? `●×${failed}` : "●".repeat(failed);
    setText(this.pips, many);
    this.pips.hidden = failed === 0;
    this.pips.setAttribute("aria-label", plural(failed, "failed delivery", "failed deliveries"));
    if (failed > this.failed && this.hasBeenSeen && !isCalm()) {
      this.pips.animate([{ transform: "scale(2)" }, { transform: "none" }], 2 * MOVE_MS);
    }
    this.failed = failed;
    this.hasBeenSeen = true;
  }

  fillMore(facts) {
    const parts = [];
    if (facts.state === "locked" && this.view.picture.has_sessions) {
      // Its lock is the session's, which says all of it.
    } else if (facts.state === "locked") {
      const point = facts.is_gone ? "✗ gone" : facts.checkpoint && `at “${facts.checkpoint}”`;
      setText(this.holder, facts.holder);
      this.holder.classList.toggle("sbw-is-gone", facts.is_gone);
      setText(this.remark, point || "");
      parts.push(this.ring.node, this.holder, ...(point ? [this.remark] : []));
      parts.push(this.action("expire", "expire this lock"));
    } else if (facts.state === "ready" && facts.expires !== null) {
      parts.push(this.ring.node);
    } else if (facts.state === "scheduled") {
      parts.push(this.remark);
    } else if (facts.state === "dead") {
      setText(this.remark, facts.reason ?? "no reason given");
      parts.push(this.remark, this.action("resubmit", "↻ resubmit"));
    } else if (facts.how) {
      setText(this.remark, facts.how);
      parts.push(this.remark);
    }
    const kept = [...this.more.childNodes];
    if (kept.length !== parts.length || kept.some((node, index) => node !== parts[index])) {
      this.more.replaceChildren(...parts);
    }
    this.more.hidden = parts.length === 0;
  }

  action(name, label) {
    setText(this.act, label);
    this.act.setAttribute("aria-label", `${label.replace("↻ ", "")}: message ${this.facts.number}`);
    this.act.onclick = () => this.view.press(this.act, name, { number: this.facts.number });
    return this.act;
  }
}

// --- The view -------------------------------------------------------------------------------------

class QueueView {
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.cards = new Map();
    this.lanes = new Map();
    this.clock = new BrokerClock();
    this.isWaiting = false;
    this.hasEnded = false;
    this.pressed = 0; // how often
    this.shown = 0; // the lines of which of these presses stand there
    this.way = connection(model, { onWaiting: (waits) => this.wait(waits) });
    this.build();
    this.onPicture = steady(root, () => this.draw(model.get("picture")));
    model.on("change:picture", this.onPicture);
    this.followKernel();
    this.onPicture();
    this.way.ask("refresh").catch(() => {});
  }

  close() {
    this.clock.close();
    this.way.close();
    this.model.off("change:picture", this.onPicture);
    this.forgetKernel();
  }

  // Nobody looks any more: the kernel need not draw.
  leave() {
    this.way.ask("closed").catch(() => {});
  }

  // --- what it is made of

  build() {
    this.name = element("h2", "sbw-name");
    this.terms = element("span", "sbw-terms");
    this.state = element("span", "sbw-state");
    this.note = element("p", "sbw-note");
    this.note.setAttribute("role", "status");
    this.note.hidden = true;
    this.laneBox = element("div", "sbw-lanes");
    for (const name of Object.keys(LANES)) this.laneBox.append(this.buildLane(name));
    this.sessions = element("div", "sbw-sessions");
    this.laneBox.append(this.sessions);
    this.people = element("ul", "sbw-people");
    this.people.setAttribute("aria-label", "who takes part");
    this.planned = new PlannedFaults(this, () => this.faultsFold);
    this.last = element("p", "sbw-last");
    this.last.setAttribute("aria-live", "polite");
    this.detail = element("section", "sbw-detail");
    this.detail.setAttribute("role", "group");
    this.detail.hidden = true;
    this.root.append(
      element("header", "sbw-head", this.name, this.terms, this.state),
      this.note,
      this.laneBox,
      this.people,
      this.planned.node,
      this.buildControls(),
      this.last,
      this.buildProgram(),
      this.detail,
    );
  }

  buildLane(name) {
    const { sign, empty } = LANES[name];
    const count = element("span", "sbw-count");
    const mark = element("span", "sbw-sign", sign);
    mark.setAttribute("aria-hidden", "true");
    const list = element("ol", "sbw-cards");
    const more = element("p", "sbw-rest");
    const none = element("p", "sbw-none", empty);
    const head = element("h3", "sbw-lane-name", mark, ` ${name} `, count);
    const node = element("section", `sbw-lane sbw-${name}`, head, list, more, none);
    node.setAttribute("role", "group");
    node.setAttribute("aria-label", name);
    this.lanes.set(name, { node, list, more, none, count });
    return node;
  }

  buildControls() {
    const button = (label, name, args = () => ({})) => {
      const made = element("button", "sbw-button", label);
      made.type = "button";
      made.onclick = () => this.press(made, name, args());
      return made;
    };
    this.body = this.buildField("message to send", "coffee");
    this.session = this.buildField("its session", "table 1");
    const send = button("send", "send", () => ({
      body: this.body.value || this.body.placeholder,
      session: this.session.value || this.session.placeholder,
    }));
    this.body.onkeydown = (event) => {
      if (event.key === "Enter") send.click();
    };
    this.sender = element("span", "sbw-send", this.body, this.session, send);
    this.controls = element(
      "div",
      "sbw-controls",
      this.sender,
      button("receive one", "receive"),
      button("+10 s", "advance", () => ({ seconds: 10 })),
      button("to the next deadline", "deadline"),
      this.buildPurge(),
      this.buildFaults(button),
    );
    this.controls.setAttribute("role", "group");
    this.controls.setAttribute("aria-label", "what you can do");
    return this.controls;
  }

  // What goes wrong on purpose; nothing that one would press by chance.
  buildFaults(button) {
    const drop = button("drop the next acknowledgement", "drop_ack");
    const cut = button("cut all connections", "cut");
    const box = element("span", "sbw-faults", drop, cut);
    const fold = element("button", "sbw-button", "faults ▾");
    fold.type = "button";
    const turn = (isOpen) => {
      box.hidden = !isOpen;
      fold.setAttribute("aria-expanded", String(isOpen));
      setText(fold, isOpen ? "faults ▴" : "faults ▾");
    };
    fold.setAttribute("aria-label", "faults");
    fold.onclick = () => turn(box.hidden);
    turn(false);
    this.faultsFold = fold;
    return element("span", "sbw-purge", fold, box);
  }

  buildField(label, example) {
    const field = element("input", "sbw-field");
    field.type = "text";
    field.placeholder = example;
    field.setAttribute("aria-label", label);
    // JupyterLab listens to keys for commands of its own.
    field.setAttribute("data-lm-suppress-shortcuts", "true");
    return field;
  }

  buildPurge() {
    const ask = element("button", "sbw-button", "purge");
    const sure = element("button", "sbw-button sbw-is-grave", "delete all that is ready");
    const no = element("button", "sbw-button", "keep them");
    const box = element("span", "sbw-purge", ask, sure, no);
    const turn = (isAsking) => {
      ask.hidden = isAsking;
      sure.hidden = no.hidden = !isAsking;
    };
    for (const one of [ask, sure, no]) one.type = "button";
    ask.onclick = () => {
      turn(true);
      no.focus();
    };
    no.onclick = () => {
      turn(false);
      ask.focus();
    };
    sure.onclick = () => {
      turn(false);
      this.press(ask, "purge");
      ask.focus();
    };
    turn(false);
    return box;
  }

  buildProgram() {
    this.lines = element("code", "sbw-lines");
    const copy = element("button", "sbw-button sbw-copy", "copy");
    copy.type = "button";
    copy.onclick = async () => {
      try {
        await navigator.clipboard.writeText(this.lines.textContent);
        this.say("copied");
      } catch {
        window.getSelection().selectAllChildren(this.lines);
        this.say("selected, for you to copy");
      }
    };
    const pre = element("pre", "sbw-pre", this.lines);
    this.program = element("figure", "sbw-program", pre, copy);
    this.program.setAttribute("aria-label", "the same in Python");
    this.program.hidden = true;
    return this.program;
  }

  // --- what it shows

  draw(picture) {
    if (!picture || !picture.lanes) return;
    const begun = performance.now();
    this.picture = picture;
    this.lockSeconds = picture.lock_seconds;
    this.clock.set(picture.at);
    this.clock.runs = picture.condition === "live" && !this.hasEnded;
    const before = this.places();
    setText(this.name, picture.name);
    setText(this.terms, this.termsOf(picture));
    this.showState();
    this.drawLanes(picture);
    this.drawSessions(picture);
    this.drawPeople(picture.people);
    this.planned.fill(picture.faults);
    if (picture.last) this.say(picture.last);
    this.move(before);
    this.measure(picture, begun);
  }

  termsOf(picture) {
    const terms = [];
    if (picture.lock_seconds) terms.push(`lock ${inWords(picture.lock_seconds)}`);
    if (picture.tries) terms.push(plural(picture.tries, "try", "tries"));
    if (picture.advanced) terms.push(`clock +${inWords(picture.advanced)}`);
    return terms.join(" · ");
  }

  showState() {
    let state = this.picture?.condition ?? "live";
    if (this.isWaiting) state = "waiting";
    if (this.hasEnded) state = "ended";
    const note = this.hasEnded ? ENDED : this.picture?.note ?? "";
    this.root.dataset.state = state;
    setText(this.state, STATES[state]);
    setText(this.note, note);
    this.note.hidden = !note;
    for (const control of this.root.querySelectorAll(".sbw-button, .sbw-act")) {
      if (!control.dataset.isBusy) control.disabled = this.hasEnded;
    }
  }

  drawLanes(picture) {
    const shown = new Set();
    for (const lane of picture.lanes) {
      const isInSessions = picture.has_sessions && ["ready", "locked"].includes(lane.state);
      this.lanes.get(lane.state).node.hidden = isInSessions;
      if (!isInSessions) this.fillLane(lane.state, lane, shown);
    }
    const gone = Object.entries(picture.gone);
    const cards = picture.recent.map((one) => ({ ...one, state: "done", failed: 0 })).reverse();
    const count = gone.reduce((sum, [, number]) => sum + number, 0);
    this.fillLane("done", { count, cards, more: 0 }, shown);
    const { more } = this.lanes.get("done");
    setText(more, gone.map(([how, number]) => `${number} ${how}`).join(", "));
    more.hidden = gone.length === 0;
    if (picture.has_sessions) {
      for (const session of picture.sessions) for (const card of session.cards) shown.add(card.key);
    }
    for (const [key, card] of this.cards) {
      if (!shown.has(key)) {
        card.node.remove();
        this.cards.delete(key);
      }
    }
  }

  fillLane(name, { count, cards, more }, shown) {
    const lane = this.lanes.get(name);
    setText(lane.count, String(count));
    this.place(lane.list, cards, shown);
    setText(lane.more, more ? `and ${more} more` : "");
    lane.more.hidden = !more;
    lane.none.hidden = count > 0;
    lane.node.classList.toggle("sbw-is-empty", count === 0);
  }

  // Have these cards stand in a list, in this order; who stood elsewhere comes over.
  place(list, cards, shown) {
    let at = list.firstElementChild;
    for (const facts of cards) {
      if (shown.has(facts.key)) continue;
      shown.add(facts.key);
      let card = this.cards.get(facts.key);
      if (!card) {
        card = new Card(this, facts.key);
        this.cards.set(facts.key, card);
      }
      card.fill(facts);
      if (card.node === at) at = at.nextElementSibling;
      else list.insertBefore(card.node, at);
    }
    while (at) {
      const next = at.nextElementSibling;
      if (![...this.cards.values()].some((card) => card.node === at && shown.has(card.key))) {
        at.remove();
      }
      at = next;
    }
  }

  drawSessions(picture) {
    this.sessions.hidden = !picture.has_sessions;
    this.laneBox.classList.toggle("sbw-has-sessions", picture.has_sessions);
    this.session.hidden = !picture.has_sessions;
    if (!picture.has_sessions) return;
    this.sessionBoxes ??= new Map();
    const placed = new Set();
    picture.sessions.forEach((session, index) => {
      let box = this.sessionBoxes.get(session.id);
      if (!box) {
        box = new SessionLane(this, session.id);
        this.sessionBoxes.set(session.id, box);
      }
      box.fill(session, index);
      this.place(box.list, session.cards, placed);
      this.sessions.append(box.node);
    });
    const ids = new Set(picture.sessions.map((session) => session.id));
    for (const [id, box] of this.sessionBoxes) {
      if (!ids.has(id)) {
        box.node.remove();
        this.sessionBoxes.delete(id);
      }
    }
  }

  drawPeople(people) {
    const rows = people.map((one) => {
      const name = element("span", one.is_lost ? "sbw-person sbw-is-gone" : "sbw-person", one.name);
      const sign = one.is_lost ? "✗" : one.is_here ? "●" : one.is_sender ? "▸" : "○";
      const mark = element("span", "sbw-sign", sign);
      mark.setAttribute("aria-hidden", "true");
      const words = [one.state, one.did].filter(Boolean).join(", ");
      const row = element("li", "", mark, " ", name, " ", element("span", "sbw-deeds", words));
      row.dataset.name = one.name;
      const acts = [];
      if (one.is_worker && one.is_here) acts.push(["kill", { name: one.name }]);
      if (one.is_connected) acts.push(["cut", { who: one.name }]);
      for (const [name, args] of acts) {
        const act = element("button", "sbw-act", name);
        act.type = "button";
        act.setAttribute("aria-label", `${name} ${one.name}`);
        act.onclick = () => this.press(act, name, args);
        row.append(" ", act);
      }
      return row;
    });
    const focused = this.people.contains(document.activeElement)
      ? document.activeElement.getAttribute("aria-label")
      : null;
    this.people.replaceChildren(...rows);
    this.people.hidden = rows.length === 0;
    if (focused) this.people.querySelector(`[aria-label="${CSS.escape(focused)}"]`)?.focus();
  }

  // --- how it moves

  places() {
    const places = new Map();
    if (isCalm() || !this.root.isConnected) return places;
    for (const [key, card] of this.cards) places.set(key, card.node.getBoundingClientRect());
    return places;
  }

  move(before) {
    if (isCalm() || !before.size) return;
    for (const [key, card] of this.cards) {
      const from = before.get(key);
      if (!from) {
        card.node.animate([{ opacity: 0 }, { opacity: 1 }], MOVE_MS);
        continue;
      }
      const to = card.node.getBoundingClientRect();
      const x = from.left - to.left;
      const y = from.top - to.top;
      if (Math.abs(x) < 1 && Math.abs(y) < 1) continue;
      const start = { transform: `translate(${x}px, ${y}px)` };
      card.node.animate([start, { transform: "none" }], { duration: MOVE_MS, easing: "ease-out" });
    }
  }

  // For who wants to know how quick it is: from the event to the page, and on the page.
  measure(picture, begun) {
    const now = Date.now() / 1000 + picture.advanced;
    this.root.dataset.drawMs = (performance.now() - begun).toFixed(1);
    if (picture.last_number !== this.lastNumber) {
      this.lastNumber = picture.last_number;
      this.root.dataset.event = picture.last_number;
      this.root.dataset.lagMs = ((now - picture.last_at) * 1000).toFixed(0);
    }
  }

  // --- what one can do

  async press(button, name, args = {}) {
    const number = ++this.pressed;
    button.dataset.isBusy = "true";
    button.disabled = true;
    try {
      const { program, printed } = await this.way.ask(name, args);
      this.showProgram(program, number);
      if (printed) this.say(printed);
    } catch (error) {
      this.say(error.message);
    } finally {
      delete button.dataset.isBusy;
      button.disabled = this.hasEnded;
    }
  }

  // An answer may come after that to a later press, whose lines then stay.
  showProgram(program, number) {
    if (!program || number < this.shown) return;
    this.shown = number;
    this.lines.replaceChildren(...breakable(program));
    this.program.hidden = false;
  }

  say(words) {
    setText(this.last, words);
  }

  wait(waits) {
    this.isWaiting = waits;
    this.showState();
  }

  async open(facts, opener) {
    if (facts.state === "done") {
      this.say(`message ${facts.number} is gone: it was ${facts.how}`);
      return;
    }
    try {
      const found = await this.way.ask("open", {
        number: facts.number,
        state: facts.state,
        session: facts.session,
      });
      new Detail(this, found, opener);
    } catch (error) {
      this.say(error.message);
    }
  }

  // --- the kernel's end

  followKernel() {
    this.kernel = this.model.widget_manager?.kernel;
    this.onKernel = (_kernel, status) => {
      if (DEAD_KERNELS.includes(status)) this.end();
    };
    this.onDisposed = () => this.end();
    this.kernel?.statusChanged?.connect(this.onKernel);
    this.kernel?.disposed?.connect(this.onDisposed);
  }

  forgetKernel() {
    this.kernel?.statusChanged?.disconnect(this.onKernel);
    this.kernel?.disposed?.disconnect(this.onDisposed);
  }

  end() {
    this.hasEnded = true;
    this.clock.runs = false;
    this.showState();
  }
}

class SessionLane {
  constructor(view, id) {
    this.view = view;
    this.ring = new Ring();
    this.holder = element("span", "sbw-holder");
    this.kept = element("span", "sbw-kept");
    this.list = element("ol", "sbw-cards sbw-in-a-row");
    this.more = element("span", "sbw-rest");
    this.act = element("button", "sbw-act", "expire this lock");
    this.act.type = "button";
    this.act.setAttribute("aria-label", `expire this lock: session ${id}`);
    this.act.onclick = () => view.press(this.act, "expire", { session: id });
    const name = element("h3", "sbw-lane-name", element("span", "sbw-swatch"), ` ${id}`);
    this.facts = element("div", "sbw-more", this.ring.node, this.holder, this.act, this.kept);
    this.node = element("section", "sbw-lane sbw-session", name, this.facts, this.list, this.more);
    this.node.setAttribute("role", "group");
    this.node.setAttribute("aria-label", `session ${id}`);
  }

  fill(session, index) {
    this.node.dataset.colour = String(index % 7);
    const isHeld = session.holder !== null;
    this.ring.node.hidden = this.act.hidden = !isHeld;
    setText(this.holder, isHeld ? session.holder : "free");
    this.holder.classList.toggle("sbw-is-gone", session.is_gone);
    let kept = session.kept === null ? "" : `keeps “${session.kept}”`;
    if (!kept && session.kept_bytes !== null) kept = `keeps ${session.kept_bytes} bytes`;
    setText(this.kept, kept);
    this.view.clock.count(this.node, session.until, (left) =>
      this.ring.show(left, this.view.lockSeconds),
    );
    setText(this.more, session.more ? `and ${session.more} more` : "");
    this.more.hidden = !session.more;
  }
}

// --- One message, opened --------------------------------------------------------------------------

class Detail {
  constructor(view, found, opener) {
    this.view = view;
    this.opener = opener;
    const close = element("button", "sbw-button", "close");
    close.type = "button";
    close.onclick = () => this.close();
    const title = element("h3", "sbw-lane-name", `message ${found.number}`);
    title.tabIndex = -1;
    view.detail.replaceChildren(
      element("header", "sbw-head", title, close),
      this.life(found.life),
      this.body(found.size, found.body),
      ...found.sections.map((one) => this.section(...one)),
    );
    view.detail.setAttribute("aria-label", `message ${found.number}`);
    view.detail.hidden = false;
    view.detail.onkeydown = (event) => {
      if (event.key === "Escape") this.close();
    };
    title.focus();
    view.detail.scrollIntoView({ block: "nearest" });
  }

  close() {
    this.view.detail.hidden = true;
    this.view.detail.replaceChildren();
    if (this.opener.isConnected) this.opener.focus();
  }

  life(spans) {
    const rows = spans.map(({ label, length, notes }) =>
      element("li", "", element("b", "", label), ` ${length}`, notes.length ? `: ${notes.join(", ")}` : ""),
    );
    return element("div", "", element("h4", "", "its life"), element("ol", "sbw-life", ...rows));
  }

  body(size, faces) {
    const content = element("pre", "sbw-body");
    content.tabIndex = 0;
    content.setAttribute("aria-label", "body");
    const tabs = Object.keys(faces).map((way) => {
      const tab = element("button", "sbw-button", way);
      tab.type = "button";
      tab.onclick = () => show(way);
      return tab;
    });
    const show = (chosen) => {
      content.textContent = faces[chosen] || "(empty)";
      for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab.textContent === chosen));
    };
    const told = typeof size === "number" ? plural(size, "byte", "bytes") : size;
    show("text");
    const bar = element("div", "sbw-tabs", element("h4", "", `body, ${told}`), ...tabs);
    return element("div", "", bar, content);
  }

  section(name, rows) {
    const list = element("dl", "sbw-properties");
    for (const [key, value] of rows) list.append(element("dt", "", key), element("dd", "", value));
    return element("div", "", element("h4", "", name.toLowerCase()), list);
  }
}

// --- Where it stands ------------------------------------------------------------------------------

const hasRoomBeside = () => {
  const dock = document.querySelector("#jp-main-dock-panel");
  return dock !== null && dock.clientWidth >= ROOM_FOR_TWO_PIXELS;
};

// Nobody says so when a panel beside the notebook is closed: its page is simply there no more. One
// that is dragged elsewhere is back at once.
function whenClosed(el, act) {
  let missed = null;
  const timer = setInterval(() => {
    if (el.isConnected) missed = 0;
    else if (missed !== null && ++missed > 4) {
      clearInterval(timer);
      act();
    }
  }, TICK_MS);
  return timer;
}

function render({ model, el }) {
  let view = null;
  const open = () => {
    el.replaceChildren();
    const root = element("section", "sbw");
    root.setAttribute("aria-label", `live view of ${model.get("picture").name ?? "a queue"}`);
    el.append(root);
    view = new QueueView(model, root);
  };
  if (model.get("place") === "asks" && hasRoomBeside()) {
    // It opens beside the notebook as soon as the kernel hears of it; until then it is here.
    const way = connection(model, { onWaiting: (waits) => waits && !view && open() });
    way.ask("beside").catch(() => !view && open());
  } else {
    open();
  }
  const watch = model.get("place") === "beside" ? whenClosed(el, () => view.leave()) : null;
  return () => {
    clearInterval(watch);
    view?.close();
  };
}

export default { render };
