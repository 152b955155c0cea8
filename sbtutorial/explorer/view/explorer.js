// The Explorer: a tree, a list, and one message or form. What it shows and does is asked of the
// kernel, which answers with plain values and with the line of Python that says the same
// (`actions.py`). `connection` comes from `asking.js`, `steady` from `steady.js`, the parts of a page
// from `parts.js`; all stand before this.
//
// Whatever is shown of a message is text that somebody sent: it goes into the page as text only.

const PAGE = 20;
const LOOK_AT_LOADS_MS = 1000;
const DEAD = "/$DeadLetterQueue";
const ENDED = "The kernel has ended, and this view with it. Run the cell again.";
const DEAD_KERNELS = ["restarting", "autorestarting", "terminating", "dead"];

// --- The view -------------------------------------------------------------------------------------

class View {
  constructor(model, el) {
    this.model = model;
    this.selected = null;
    this.trail = [];
    this.connection = connection(model, { onWaiting: (waits) => this.showWaiting(waits) });
    this.build();
    el.append(this.root);
    this.drawTree();
    this.onPicture = steady(this.tree, () => this.drawTree());
    model.on("change:picture", this.onPicture);
    this.onNews = (news) => news.progress && this.tell(news.progress);
    model.on("msg:custom", this.onNews);
    this.followKernel();
    this.showWelcome();
  }

  build() {
    this.namespace = element("h2", "sbx-namespace");
    this.state = element("span", "sbx-state");
    const files = element("details", "sbx-files", element("summary", "", "files"));
    files.append(
      button("entities to a file", () => this.exportEntities()),
      button("… for the emulator", () => this.exportEntities("emulator")),
      this.filePicker("entities from a file", (source) => this.importEntities(source)),
    );
    const head = element("div", "sbx-head", this.namespace, this.state);
    head.append(button("refresh", () => this.refresh(), { name: "look at the tree again" }), files);

    this.tree = element("ul", "sbx-tree");
    const news = element("div", "sbx-row");
    news.append(
      button("new queue", () => this.showCreate("queue")),
      button("new topic", () => this.showCreate("topic")),
    );
    const treePane = element("nav", "sbx-pane sbx-tree-pane", this.tree, news);
    treePane.setAttribute("aria-label", "queues, topics and subscriptions");

    this.listPane = element("section", "sbx-pane sbx-list-pane");
    this.listPane.setAttribute("aria-label", "what is in it");
    this.drawPage = steady(this.listPane, (...page) => this.showPage(...page));
    this.detailPane = element("section", "sbx-pane sbx-detail-pane");
    this.detailPane.setAttribute("aria-label", "one message, or a form");

    this.last = element("p", "sbx-last");
    this.last.setAttribute("role", "status");
    this.last.setAttribute("aria-live", "polite");
    this.line = element("code", "sbx-line", "explorer = lab.explorer()");
    const copy = button("copy", () => this.copyLine(), { name: "copy the line of Python" });
    const earlier = element("details", "", element("summary", "", "earlier lines"));
    this.earlier = element("pre", "sbx-earlier");
    earlier.append(this.earlier);
    const python = element("div", "sbx-python", element("span", "", "in Python:"), this.line, copy);

    const panes = element("div", "sbx-panes", treePane, this.listPane, this.detailPane);
    const foot = element("div", "sbx-foot", this.last, python);
    this.root = element("div", "sbx", head, panes, foot, earlier);
    this.root.setAttribute("data-lm-suppress-shortcuts", "true"); // keys here are not the notebook's
    this.root.addEventListener("keydown", (event) => this.onKey(event));
  }

  close() {
    this.model.off("change:picture", this.onPicture);
    this.model.off("msg:custom", this.onNews);
    clearInterval(this.loadTimer);
    this.stopFollowing?.();
    this.connection.close();
  }

  // --- Talking with the kernel ---

  // What is to stand in the last pane; an answer that comes after something newer is dropped.
  async askForDetail(name, asked, options) {
    const turn = {};
    this.turn = turn;
    const answer = await this.ask(name, asked, options);
    return turn === this.turn ? answer : null;
  }

  async ask(name, asked = {}, { quiet = false, done = "" } = {}) {
    if (!quiet) {
      this.root.setAttribute("aria-busy", "true");
      this.tell("working …");
    }
    try {
      const answer = await this.connection.ask(name, asked);
      if (!quiet) {
        this.writeLine(answer.line);
        this.tell(done || answer.said || "done");
      }
      return answer;
    } catch (error) {
      this.tell(error.message, true);
      return null;
    } finally {
      if (!quiet) this.root.removeAttribute("aria-busy");
    }
  }

  tell(text, isRefusal = false) {
    this.last.classList.toggle("sbx-refused", isRefusal);
    this.last.textContent = text;
    // In one column the foot is far away: a form says itself why it was refused.
    this.detailPane.querySelector(".sbx-in-form")?.remove();
    const form = isRefusal && this.detailPane.querySelector("form");
    if (form) form.append(element("p", "sbx-refused sbx-in-form", text));
  }

  writeLine(line) {
    if (!line) return;
    this.trail.push(line);
    this.line.textContent = line;
    this.earlier.textContent = this.trail.slice(0, -1).slice(-50).join("\n");
  }

  async copyLine() {
    await navigator.clipboard?.writeText(this.line.textContent);
    this.tell("copied");
  }

  showWaiting(waits) {
    this.state.textContent = waits ? "◌ waits for the cell above" : "";
  }

  followKernel() {
    const kernel = this.model.widget_manager?.kernel;
    if (!kernel?.statusChanged) return;
    const onStatus = (_kernel, status) => {
      if (DEAD_KERNELS.includes(status)) this.tell(ENDED, true);
    };
    kernel.statusChanged.connect(onStatus);
    this.stopFollowing = () => kernel.statusChanged.disconnect(onStatus);
  }

  // --- The tree ---

  get picture() {
    return this.model.get("picture");
  }

  refresh() {
    this.ask("tree", {}, { done: "looked again" });
  }

  drawTree() {
    const { namespace, nodes = [], trouble } = this.picture;
    if (trouble) this.tell(trouble, true);
    if (namespace) this.namespace.textContent = `namespace ${namespace}`;
    const focused = this.root.contains(document.activeElement) && document.activeElement.dataset.path;
    const none = element("li", "sbx-quiet", trouble ? "" : "no queue and no topic yet");
    this.tree.replaceChildren(...(nodes.length ? nodes.map((node) => this.treeItem(node)) : [none]));
    if (focused) this.tree.querySelector(`[data-path="${CSS.escape(focused)}"]`)?.focus();
    this.followSelected();
  }

  treeItem(node) {
    const counts = [
      [node.active, "active"],
      [node.scheduled, "scheduled"],
    ].filter(([count]) => count !== null && count !== undefined);
    const shown = counts.filter(([count], at) => count || at === 0);
    const words = shown.map(([count, word]) => `${count} ${word}`).join(", ");
    const entity = this.treeButton(node.name, node.kind, [
      element("span", "sbx-kind", node.kind === "subscription" ? "sub" : node.kind),
      element("span", "sbx-label", node.label),
      element("span", "sbx-count", words),
    ]);
    const item = element("li", "", entity);
    const below = element("ul", "sbx-below");
    if (node.dead !== null && node.dead !== undefined) {
      const dead = this.treeButton(node.name + DEAD, "dead", [
        element("span", "sbx-label", "dead letters"),
        element("span", `sbx-count ${node.dead ? "sbx-dead" : ""}`, String(node.dead)),
      ]);
      below.append(element("li", "", dead));
    }
    for (const child of node.children) below.append(this.treeItem(child));
    if (below.children.length) item.append(below);
    return item;
  }

  treeButton(path, kind, parts) {
    const made = button("", () => this.select(path, kind), { className: "sbx-node" });
    made.append(...parts);
    made.dataset.path = path;
    made.dataset.kind = kind;
    if (path === this.selected?.path) made.setAttribute("aria-current", "true");
    return made;
  }

  // Its counts have changed: the list is another, and so it is fetched again.
  followSelected() {
    if (!this.selected) return;
    const found = this.nodeOf(this.selected.path);
    const counts = JSON.stringify(found && [found.active, found.scheduled, found.dead]);
    if (!found) {
      if (this.selected.wasThere) this.leave();
      return;
    }
    if (this.selected.wasThere && counts !== this.selected.counts) this.reload();
    Object.assign(this.selected, { counts, wasThere: true });
  }

  nodeOf(path) {
    const name = path.endsWith(DEAD) ? path.slice(0, -DEAD.length) : path;
    const all = (this.picture.nodes ?? []).flatMap((node) => [node, ...node.children]);
    return all.find((node) => node.name === name);
  }

  leave() {
    this.selected = null;
    this.showWelcome();
  }

  // `quiet` when something else was done that is told of.
  select(path, kind, { quiet = false } = {}) {
    this.selected = { path, kind, start: 0, text: "", where: "" };
    this.followSelected();
    for (const node of this.tree.querySelectorAll("[aria-current]")) {
      node.removeAttribute("aria-current");
    }
    const chosen = this.tree.querySelector(`[data-path="${CSS.escape(path)}"]`);
    chosen?.setAttribute("aria-current", "true");
    this.turn = null;
    this.detailPane.replaceChildren();
    this.drawList();
    if (kind === "topic") this.showEntity({ quiet });
    else this.load({ quiet });
    if (this.isOneColumn) this.listPane.scrollIntoView({ block: "nearest" });
  }

  get isOneColumn() {
    return this.listPane.offsetLeft === this.tree.parentElement.offsetLeft;
  }

  // --- The list ---

  showWelcome() {
    this.listPane.replaceChildren(
      element("p", "sbx-quiet", "Choose a queue, a topic or a subscription."),
    );
    this.detailPane.replaceChildren();
  }

  drawList() {
    const { path, kind } = this.selected;
    const title = element("h3", "", ...breakable(path));
    title.tabIndex = -1;
    this.messages = element("ol", "sbx-messages");
    this.messages.addEventListener("keydown", (event) => this.onListKey(event));
    this.under = element("div", "sbx-under");
    this.listPane.replaceChildren(title, this.tools(kind));
    if (kind !== "topic") this.listPane.append(this.filterForm(), this.messages);
    this.listPane.append(this.under);
  }

  tools(kind) {
    const tools = {
      send: ["send", () => this.showSend()],
      receive: ["receive", () => this.showReceive()],
      properties: ["properties", () => this.showEntity()],
      sessions: ["sessions", () => this.showSessions()],
      rules: ["rules", () => this.showRules()],
      tester: ["who gets it?", () => this.showTester()],
      scheduled: ["scheduled", () => this.showScheduled()],
      subscription: ["new subscription", () => this.showCreate("subscription")],
      load: ["load", () => this.showLoad()],
      reasons: ["by reason", () => this.showReasons()],
      resubmit: ["resubmit all", () => this.confirmResubmitAll()],
      save: ["to a file", () => this.exportMessages()],
      purge: ["purge", () => this.confirmPurge(), true],
      delete: ["delete", () => this.confirmDelete(), true],
    };
    const known = {
      queue: ["send", "receive", "properties", "sessions", "load", "save", "purge", "delete"],
      topic: ["send", "tester", "scheduled", "properties", "subscription", "load", "delete"],
      subscription: ["receive", "rules", "properties", "sessions", "load", "save", "purge", "delete"],
      dead: ["reasons", "resubmit", "receive", "save", "purge"],
    };
    const row = element("div", "sbx-row");
    row.setAttribute("role", "toolbar");
    row.setAttribute("aria-label", "what can be done here");
    for (const name of known[kind]) {
      const [text, onClick, grave] = tools[name];
      row.append(button(text, onClick, { grave }));
    }
    return row;
  }

  filterForm() {
    const text = textInput("", "any text");
    const where = textInput("", "color = 'blue'");
    const form = element("form", "sbx-filter");
    form.append(labelled("contains", text), labelled("where", where), this.submit("filter"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      Object.assign(this.selected, { text: text.value, where: where.value });
      this.load({ quiet: false });
    });
    return form;
  }

  submit(text, grave = false) {
    const made = button(text, () => {}, { grave });
    made.type = "submit";
    return made;
  }

  browseAsked(start) {
    const { path, text, where } = this.selected;
    return { name: path, start, count: PAGE, text, where };
  }

  async load({ quiet = false, start = 0 } = {}) {
    const { path } = this.selected;
    const page = await this.ask("browse", this.browseAsked(start), { quiet });
    if (page) this.drawPage(path, page, start > 0);
  }

  // The same again, as it is now: nobody has asked for it.
  async reload() {
    if (this.selected.kind === "topic") return;
    await this.load({ quiet: true });
  }

  showPage(path, page, isFurther) {
    if (this.selected?.path !== path) return;
    const rows = page.messages.map((message) => this.messageItem(message, page.heldNumbers));
    if (isFurther) this.messages.append(...rows);
    else this.keepFocus(this.messages, () => this.messages.replaceChildren(...rows));
    this.under.replaceChildren(element("p", "sbx-quiet", page.said));
    if (page.next) {
      const more = () => this.load({ start: page.next });
      this.under.append(button("next page", more, { name: `next page, from message ${page.next}` }));
    }
    this.markOpen();
  }

  keepFocus(node, change) {
    const focused = node.contains(document.activeElement) && document.activeElement.dataset.number;
    change();
    if (focused) node.querySelector(`[data-number="${focused}"]`)?.focus();
  }

  messageItem(message, held = []) {
    const marks = [
      held.includes(message.number) ? "held by you" : message.state === "dead" ? "" : message.state,
      message.session && `session ${message.session}`,
      message.failed && message.state !== "dead" ? `${message.failed}× failed` : "",
      message.reason,
    ].filter(Boolean);
    const made = button("", () => this.open(message.number), { className: "sbx-message" });
    made.dataset.number = message.number;
    made.append(
      element("span", "sbx-number", String(message.number)),
      element("span", "sbx-first", message.first || "(empty)"),
      element("span", "sbx-marks", marks.join(" · ")),
    );
    return element("li", "", made);
  }

  onListKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const all = [...this.messages.querySelectorAll("button")];
    const at = all.indexOf(document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    all[Math.min(Math.max(at + step, 0), all.length - 1)].focus();
  }

  onKey(event) {
    // JupyterLab keeps the line break of an Enter from a field, and with it the form's submission.
    if (event.key === "Enter" && event.target.matches("input[type=text]")) {
      event.preventDefault();
      event.target.form?.requestSubmit();
    }
    if (event.key === "Escape" && this.cancel) {
      event.preventDefault();
      this.cancel();
    }
  }

  markOpen() {
    for (const each of this.messages?.querySelectorAll("button") ?? []) {
      const isOpen = Number(each.dataset.number) === this.opened;
      if (isOpen) each.setAttribute("aria-current", "true");
      else each.removeAttribute("aria-current");
    }
  }

  // --- One message ---

  showDetail(title, ...nodes) {
    this.cancel = null;
    this.turn = null;
    clearInterval(this.loadTimer);
    const heading = element("h3", "", ...breakable(title));
    heading.tabIndex = -1;
    this.detailPane.replaceChildren(heading, ...nodes.filter(Boolean));
    heading.focus({ preventScroll: !this.isOneColumn });
    return heading;
  }

  async open(number) {
    const { path } = this.selected;
    const done = `message ${number}`;
    const message = await this.askForDetail("message", { name: path, number }, { done });
    if (!message || this.selected?.path !== path) return;
    this.opened = number;
    this.markOpen();
    this.showDetail(
      `message ${number}: ${message.state}`,
      message.reason ? element("p", "sbx-why", message.reason, message.why && ` – ${message.why}`) : null,
      this.deeds(message),
      this.bodies(message.bodies),
      this.sections(message.sections),
    );
  }

  deeds(message) {
    const { path, kind } = this.selected;
    const row = element("div", "sbx-row");
    if (kind === "dead") {
      row.append(button("repair and resubmit", () => this.showRepair(message)));
      row.append(
        button("delete", () => this.confirmDeleteOne(message.number), {
          grave: true,
          name: `delete message ${message.number}`,
        }),
      );
    } else if (message.isHeld) {
      row.append(...this.settlements(message.number));
    } else if (message.state === "deferred") {
      row.append(button("complete", () => this.settle(message.number, "complete")));
      row.append(button("dead-letter", () => this.showDeadLetter(message.number)));
    } else if (message.state === "scheduled") {
      const take = () => this.act("cancel_scheduled", { name: path, number: message.number });
      row.append(button("take back", take));
    }
    return row.children.length ? row : null;
  }

  settlements(number) {
    return [
      button("complete", () => this.settle(number, "complete")),
      button("abandon", () => this.settle(number, "abandon")),
      button("defer", () => this.settle(number, "defer")),
      button("dead-letter", () => this.showDeadLetter(number)),
    ];
  }

  bodies(faces) {
    const names = Object.keys(faces);
    const shown = element("pre", "sbx-body", faces[names[0]]);
    shown.tabIndex = 0;
    shown.setAttribute("role", "group");
    shown.setAttribute("aria-label", "body");
    const row = element("div", "sbx-row");
    row.setAttribute("role", "group");
    row.setAttribute("aria-label", "the body as");
    const buttons = names.map((name, at) => {
      const made = button(name, () => {
        shown.textContent = faces[name];
        buttons.forEach((each) => each.setAttribute("aria-pressed", String(each === made)));
      });
      made.setAttribute("aria-pressed", String(at === 0));
      return made;
    });
    row.append(...buttons);
    return element("div", "sbx-bodies", element("h4", "", "body"), row, shown);
  }

  sections(rows) {
    const made = element("div", "sbx-sections");
    let last = "";
    let list;
    for (const [section, name, value] of rows) {
      if (section !== last) {
        list = element("dl");
        made.append(element("h4", "", section), list);
      }
      list.append(element("dt", "", ...breakable(name)), element("dd", "", value));
      last = section;
    }
    return made;
  }

  // Does something, and looks at the list again.
  async act(name, asked, options) {
    const answer = await this.ask(name, asked, options);
    if (answer && this.selected && this.selected.kind !== "topic") await this.reload();
    return answer;
  }

  // What was shown for it goes away, unless something else has been opened there meanwhile.
  async finish(name, asked, options) {
    const shown = this.detailPane.firstChild;
    const answer = await this.act(name, asked, options);
    if (answer && this.detailPane.firstChild === shown) this.clearDetail();
  }

  async settle(number, how, why = {}) {
    const said = { complete: "done", abandon: "given back", defer: "set aside" };
    const done = `message ${number}: ${said[how] ?? "a dead letter now"}`;
    const asked = { name: this.selected.path, number, how, ...why };
    await this.finish("settle", asked, { done });
  }

  clearDetail() {
    this.turn = null;
    this.opened = null;
    this.cancel = null;
    this.detailPane.replaceChildren();
    this.listPane.querySelector("h3")?.focus({ preventScroll: true });
  }

  showDeadLetter(number) {
    const reason = textInput("", "in a word");
    const description = textInput("", "in a sentence");
    this.showForm(
      `make message ${number} a dead letter`,
      [labelled("reason", reason), labelled("description", description)],
      "dead-letter",
      () =>
        this.settle(number, "dead_letter", {
          reason: reason.value,
          description: description.value,
        }),
    );
    reason.focus();
  }

  showForm(title, nodes, action, onSubmit, grave = false) {
    const form = element("form", "sbx-form", ...nodes.filter(Boolean));
    const row = element("div", "sbx-row", this.submit(action, grave));
    row.append(button("cancel", () => this.clearDetail()));
    form.append(row);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      onSubmit();
    });
    this.showDetail(title, form);
    this.cancel = () => this.clearDetail();
    return form;
  }

  // A question before something that cannot be undone.
  confirm(question, action, onYes) {
    const panel = element("div", "sbx-confirm", element("p", "", question));
    panel.setAttribute("role", "alertdialog");
    panel.setAttribute("aria-label", question);
    const no = button("no, keep it", () => this.clearDetail());
    const yes = button(action, onYes, { grave: true });
    panel.append(element("div", "sbx-row", yes, no));
    this.showDetail("Are you sure?", panel);
    this.cancel = () => this.clearDetail();
    no.focus();
  }

  // --- Dead letters ---

  showRepair(message) {
    const body = message.isData && !message.bodies.text.startsWith("00000000 ")
      ? textArea(message.bodies.text, 6)
      : null;
    const subject = textInput(message.fields.subject);
    const identity = textInput(message.proposedId, "as it was");
    const own = message.own ? new OwnProperties(message.own) : null;
    const to = this.targetInput();
    const before = JSON.stringify(own?.rows);
    const hint = message.proposedId
      ? "Duplicates are detected here: with its old id the copy might be dropped. {} is that id."
      : "{} stands for the id that it had";
    const asked = () => ({
      name: this.selected.path,
      numbers: [message.number],
      ...(body && body.value !== message.bodies.text ? { body: body.value } : {}),
      ...(subject.value !== message.fields.subject ? { subject: subject.value || null } : {}),
      ...(identity.value ? { message_id: identity.value } : {}),
      ...(own && JSON.stringify(own.rows) !== before ? { own: own.rows } : {}),
      ...(to.value ? { to: to.value } : {}),
    });
    this.showForm(
      `repair message ${message.number}`,
      [
        body ? labelled("body", body) : element("p", "sbx-quiet", "The body goes as it is."),
        labelled("subject", subject),
        own?.node,
        labelled("message id of the copy", identity, hint),
        labelled("send it to", to, this.targetHint()),
        element("p", "sbx-quiet", "The copy is sent first; then the dead letter is completed."),
      ],
      "resubmit",
      async () => {
        await this.finish("resubmit", asked());
      },
    );
    body?.focus();
  }

  // Where copies of the chosen dead letters go, if not where they would by themselves.
  targetInput() {
    return textInput("", this.targetByItself());
  }

  targetByItself() {
    const node = this.nodeOf(this.selected.path);
    if (node?.kind !== "subscription") return node?.name ?? "";
    return node.name.slice(0, -node.label.length - 1);
  }

  targetHint() {
    const isOfTopic = this.nodeOf(this.selected.path)?.kind === "subscription";
    return isOfTopic ? "By the topic its other subscriptions get them, too." : "";
  }

  async showReasons() {
    const { path } = this.selected;
    const done = "dead letters by reason";
    const answer = await this.askForDetail("dead_letters", { name: path }, { done });
    if (!answer) return;
    const list = element("ul", "sbx-reasons", ...answer.groups.map((group) => this.reasonItem(group)));
    this.showDetail(done, answer.groups.length ? list : element("p", "", answer.said));
  }

  reasonItem({ reason, numbers, description }) {
    const count = element("span", "sbx-quiet", plural(numbers.length, "message"));
    const shown = numbers.slice(0, 10).join(", ") + (numbers.length > 10 ? ", …" : "");
    const again = button("resubmit", () => this.confirmResubmit({ numbers }, numbers.length, reason), {
      name: `resubmit ${plural(numbers.length, "dead letter")}: ${reason}`,
    });
    const head = element("div", "sbx-reason", element("strong", "", reason), count, again);
    const words = element("p", "sbx-quiet", `${shown}${description ? ` – ${description}` : ""}`);
    return element("li", "", head, words);
  }

  confirmResubmitAll() {
    this.confirmResubmit({}, this.nodeOf(this.selected.path)?.dead ?? 0, "");
  }

  confirmResubmit(which, count, reason) {
    const identity = textInput("", "as they were");
    const to = this.targetInput();
    this.showForm(
      `resubmit ${plural(Number(count), "dead letter")}${reason ? `: ${reason}` : ""}`,
      [
        labelled("message ids of the copies", identity, "{}-again makes new ids of the old ones"),
        labelled("send them to", to, this.targetHint()),
      ],
      "resubmit",
      async () => {
        const ids = identity.value ? { message_id: identity.value } : {};
        const target = to.value ? { to: to.value } : {};
        const asked = { name: this.selected.path, ...which, ...ids, ...target };
        await this.finish("resubmit", asked);
      },
    );
  }

  confirmDeleteOne(number) {
    const question = `Delete message ${number} of ${this.selected.path} for good?`;
    this.confirm(question, "yes, delete it", () => this.settle(number, "complete"));
  }

  confirmPurge() {
    const { path, kind } = this.selected;
    const node = this.nodeOf(path);
    const count = kind === "dead" ? node.dead : node.active;
    this.confirm(
      `Delete ${plural(count, "message")} of ${path} for good${kind === "dead" ? "" : ", and deferred ones"}?`,
      "yes, delete them",
      async () => {
        await this.finish("purge", { name: path });
      },
    );
  }

  confirmDelete() {
    const { path, kind } = this.selected;
    this.confirm(`Delete the ${kind} ${path} with all that is in it?`, "yes, delete it", async () => {
      if (await this.ask("delete", { name: path })) this.leave();
    });
  }

  // --- Sending and receiving ---

  showSend() {
    const { path } = this.selected;
    const fields = new MessageFields();
    const repeat = textInput("1");
    const file = this.filePicker("or messages from a file", (source) =>
      this.act("import_messages", { name: path, source }),
    );
    const send = () => this.act("send", { name: path, ...fields.values, repeat: repeat.value });
    this.showForm(`send to ${path}`, [...fields.nodes, labelled("how many", repeat)], "send", send);
    this.detailPane.append(file);
    fields.body.focus();
  }

  showReceive() {
    const { path } = this.selected;
    const count = textInput("1");
    const session = textInput("", "next: whichever waits");
    this.showForm(
      `receive from ${path}`,
      [labelled("how many", count), labelled("session", session, "only where there are sessions")],
      "receive",
      async () => {
        const asked = { name: path, count: count.value, session: session.value };
        const received = await this.act("receive", asked);
        if (received?.messages.length) this.open(received.messages[0].number);
      },
    );
  }

  async showSessions() {
    const { path } = this.selected;
    const sessions = await this.askForDetail("sessions", { name: path });
    if (!sessions) return;
    const shown = sessions.rows.length ? table(sessions) : element("p", "", sessions.said);
    const session = textInput("");
    const state = textInput("", "empty: cleared");
    const form = element("form", "sbx-form", labelled("session", session), labelled("state", state));
    form.append(this.submit("set its state"));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const asked = { name: path, session: session.value, state: state.value };
      if (await this.ask("set_session_state", asked)) this.showSessions();
    });
    this.showDetail(`sessions of ${path}`, shown, form);
  }

  // --- Entities ---

  async showCreate(kind) {
    const known = await this.askForDetail("properties", { kind }, { quiet: true });
    if (!known) return;
    const name = textInput("", kind === "subscription" ? "fans" : "orders");
    const before = kind === "subscription" ? `${this.selected.path}/` : "";
    const fields = this.propertyFields(known.fields, true);
    const more = element("details", "", element("summary", "", "properties"), ...fields.nodes);
    this.showForm(`new ${kind}`, [labelled("name", name), more], "create", async () => {
      const path = before + name.value;
      const asked = { kind, name: path, properties: fields.changed() };
      if (await this.ask("create", asked, { done: `${kind} ${path} created` })) {
        this.select(path, kind, { quiet: true });
      }
    });
    name.focus();
  }

  async showEntity({ quiet = false } = {}) {
    const { path } = this.selected;
    const entity = await this.askForDetail("show", { name: path }, { done: path, quiet });
    if (!entity) return;
    const fields = this.propertyFields(entity.fields, false);
    const title = `properties of ${path}`;
    this.showForm(title, fields.nodes, "change", async () => {
      const properties = fields.changed();
      if (!Object.keys(properties).length) {
        this.tell("nothing is changed");
        return;
      }
      const said = { done: `${path}: changed ${Object.keys(properties).join(", ")}` };
      if (await this.ask("edit", { name: path, properties }, said)) this.showEntity({ quiet: true });
    });
  }

  propertyFields(fields, isNew) {
    const inputs = new Map();
    const nodes = fields.map((field) => {
      const choices = field.type === "yes or no" ? ["yes", "no"] : field.choices;
      const input = choices.length ? choice(choices, field.value) : textInput(field.value);
      input.disabled = !isNew && !field.isChangeable;
      inputs.set(field, input);
      const unit = field.unit ? ` (${field.unit})` : "";
      const hints = [
        field.purpose,
        choices.length ? "" : field.limit,
        field.isChangeable ? "" : "fixed at creation",
      ];
      return labelled(field.name + unit, input, hints.filter(Boolean).join("; "));
    });
    const changed = () => {
      const all = [...inputs].filter(([field, input]) => input.value !== field.value);
      return Object.fromEntries(all.map(([field, input]) => [field.name, input.value]));
    };
    return { nodes, changed };
  }

  // --- Rules ---

  async showRules() {
    const { path } = this.selected;
    const found = await this.askForDetail("rules", { name: path }, { done: `rules of ${path}` });
    if (found) this.drawRules(path, found);
  }

  drawRules(path, found) {
    const list = element("ul", "sbx-rules");
    for (const rule of found.rules) {
      const text = element("span", "", element("strong", "", rule.name), ` ${rule.filter}`);
      if (rule.action) text.append(element("br"), `then ${rule.action}`);
      const remove = () =>
        this.confirm(`Delete the rule ${rule.name} of ${path}?`, "yes, delete it", async () => {
          const answer = await this.ask("delete_rule", { name: path, rule: rule.name });
          if (answer) this.drawRules(path, answer);
        });
      list.append(
        element("li", "", text, button("delete", remove, { grave: true, name: `delete rule ${rule.name}` })),
      );
    }
    const name = textInput("", "blue-things");
    const filter = textInput("", "color = 'blue' AND quantity > 10");
    const action = textInput("", "SET color = 'red'");
    const nodes = [
      found.rules.length ? list : element("p", "", found.said),
      element("h4", "", "a new rule"),
      labelled("name", name),
      labelled("filter", filter, "SQL on the message's properties"),
      labelled("action", action, "what to change on each copy; may be empty"),
    ];
    const form = this.showForm(`rules of ${path}`, nodes, "add the rule", async () => {
      const asked = { name: path, rule: name.value, filter: filter.value };
      const answer = await this.ask("create_rule", { ...asked, action: action.value || null });
      if (answer) this.drawRules(path, answer);
    });
    form.after(this.filterTrial(filter));
  }

  // The filter that is being written, tried on a message that is described here.
  filterTrial(filter) {
    const fields = new MessageFields();
    fields.own.add();
    const result = element("div", "sbx-result");
    const form = element("form", "sbx-form", fields.own.node, fields.nodes.at(-1));
    form.append(this.submit("try the filter"), result);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const said = await this.ask("test_filter", { filter: filter.value, ...fields.values });
      if (said) result.replaceChildren(table(said));
    });
    const summary = element("summary", "", "try the filter on a message");
    return element("details", "sbx-trial", summary, form);
  }

  async showScheduled() {
    const { path } = this.selected;
    const done = `scheduled to ${path}`;
    const found = await this.askForDetail("scheduled", { name: path }, { done });
    if (!found) return;
    const items = found.messages.map(({ number, first }) => {
      const takeBack = async () => {
        if (await this.ask("cancel_scheduled", { name: path, number })) this.showScheduled();
      };
      const name = `take message ${number} back`;
      return element("li", "", `${number} ${first}`, button("take back", takeBack, { name }));
    });
    const list = element("ul", "sbx-rules", ...items);
    this.showDetail(done, items.length ? list : element("p", "", found.said));
  }

  showTester() {
    const { path } = this.selected;
    const fields = new MessageFields();
    fields.own.add();
    const result = element("div", "sbx-result");
    const note = element("p", "sbx-quiet", "Nothing is sent: every rule is asked what it would say.");
    const nodes = [note, fields.own.node, fields.nodes.at(-1)]; // no rule looks at a body
    const form = this.showForm(`who gets it of ${path}?`, nodes, "ask the rules", async () => {
      const said = await this.ask("test_rules", { name: path, ...fields.values });
      if (!said) return;
      result.replaceChildren(
        said.rows.length ? table(said) : "",
        element("p", "sbx-said", said.said),
      );
    });
    form.after(result);
  }

  // --- Load ---

  showLoad() {
    const { path, kind } = this.selected;
    const running = element("div", "sbx-loads");
    const nodes = [running];
    if (kind === "queue" || kind === "topic") {
      const body = textInput("tea");
      const rate = textInput("5");
      const repeat = textInput("", "until it is stopped");
      const form = element("form", "sbx-form", element("h4", "", "a test sender"));
      form.append(
        labelled("body", body),
        labelled("messages a second", rate),
        labelled("how many", repeat),
        this.submit("start the sender"),
      );
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        const asked = { name: path, body: body.value };
        const more = { per_second: rate.value, repeat: repeat.value };
        await this.ask("start_sender", { ...asked, ...more }, { done: "a sender has started" });
      });
      nodes.push(form);
    }
    if (kind !== "topic") {
      const think = textInput("0.2");
      const form = element("form", "sbx-form", element("h4", "", "a test receiver"));
      form.append(labelled("seconds to think about each", think), this.submit("start the receiver"));
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        const asked = { name: path, think_seconds: think.value };
        await this.ask("start_receiver", asked, { done: "a receiver has started" });
      });
      nodes.push(form);
    }
    this.showDetail(`load on ${path}`, ...nodes);
    const draw = steady(running, (loads) => this.showLoads(running, loads));
    this.lookAtLoads(draw);
    this.loadTimer = setInterval(() => {
      if (running.isConnected && !document.hidden) this.lookAtLoads(draw);
    }, LOOK_AT_LOADS_MS);
  }

  async lookAtLoads(draw) {
    const answer = await this.ask("loads", {}, { quiet: true });
    if (answer) draw(answer.loads);
  }

  showLoads(place, loads) {
    const items = loads.map((load, at) => {
      const words = `${load.name} ${load.does}: ${plural(load.total, "message")}`;
      const state = load.failure || (load.isRunning ? "works" : "has ended");
      const item = element("div", "sbx-load", element("p", "", `${words}, ${state}`), chart(load.rows));
      const stop = () => this.ask("stop_load", { at }, { done: `${load.name} has ended` });
      if (load.isRunning) item.append(button("stop", stop, { name: `stop ${load.name}` }));
      return item;
    });
    if (!place.contains(document.activeElement)) place.replaceChildren(...items.reverse());
  }

  // --- Files ---

  filePicker(text, onText) {
    const input = element("input");
    input.type = "file";
    input.addEventListener("change", async () => {
      if (!input.files.length) return;
      onText(await input.files[0].text());
      input.value = "";
    });
    return labelled(text, input);
  }

  async exportEntities(format = "") {
    const answer = await this.ask("export_entities", { format }, { done: "entities exported" });
    if (answer) this.save(format ? "config.json" : "entities.json", answer.said);
  }

  async importEntities(source) {
    const answer = await this.ask("import_entities", { source });
    if (answer) this.showDetail("imported", answer.rows.length ? table(answer) : answer.said);
  }

  async exportMessages() {
    const { path } = this.selected;
    const answer = await this.ask("export_messages", { name: path }, { done: "messages exported" });
    if (answer) this.save(`${path.replaceAll(/[/$]+/g, "-")}.jsonl`, answer.said);
  }

  save(name, text) {
    const link = element("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  }
}

function render({ model, el }) {
  const view = new View(model, el);
  return () => view.close();
}

export default { render };
