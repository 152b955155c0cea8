// The browser's half of `sbtutorial.views.widget`: it stands before the script of every live view.
//
// `connection(model, {onWaiting})` gives `ask(name, arguments)`, a promise of the kernel's answer.
// The kernel says at once that a request has arrived. When it does not, a cell keeps it busy and
// this page has no second way to it: `onWaiting(true)` is called, and `onWaiting(false)` afterwards.

// A way beside the cell may have come up by then, so the request is sent again, a few times; the
// kernel does it once.

const PATIENCE_MS = 700;
const SENT_AT_MOST = 6;

function connection(model, { onWaiting = () => {} } = {}) {
  const pending = new Map();
  const page = Math.random().toString(36).slice(2); // others may ask on the same model
  let last = 0;

  function settleWaiting() {
    onWaiting([...pending.values()].some((request) => request.isLate));
  }

  function onMessage(message) {
    const request = pending.get(message.taken ?? message.answer);
    if (!request) return;
    clearTimeout(request.timer);
    request.isLate = false;
    if ("answer" in message) {
      pending.delete(message.answer);
      if ("error" in message) request.reject(new Error(message.error));
      else request.resolve(message.result);
    }
    settleWaiting();
  }

  function ask(name, args = {}) {
    const number = `${page} ${++last}`;
    return new Promise((resolve, reject) => {
      const request = { resolve, reject, isLate: false, sent: 0 };
      const send = () => {
        model.send({ request: number, name, arguments: args });
        request.sent += 1;
        request.timer = setTimeout(() => {
          request.isLate = true;
          settleWaiting();
          if (request.sent < SENT_AT_MOST) send();
        }, PATIENCE_MS * request.sent);
      };
      pending.set(number, request);
      send();
    });
  }

  function close() {
    model.off("msg:custom", onMessage);
    for (const request of pending.values()) clearTimeout(request.timer);
    pending.clear();
  }

  model.on("msg:custom", onMessage);
  return { ask, close };
}
