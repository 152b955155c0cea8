// What is pressed stays where it is: it stands before the script of every view that draws by itself.
//
// A click counts only if what was pressed is still there when it is let go. `steady(node, draw)`
// gives a function that draws now, or, as long as a button or a finger is down within `node`, when
// it is up again: then once, what it was to draw last.

function steady(node, draw) {
  let isDown = false;
  let isDue = false;
  let what = [];
  const ends = ["pointerup", "pointercancel"];
  const letGo = () => {
    for (const end of ends) document.removeEventListener(end, letGo, true);
    // Behind the click that comes of it.
    setTimeout(() => {
      isDown = false;
      if (isDue) redraw(...what);
    });
  };
  const redraw = (...now) => {
    what = now;
    isDue = isDown;
    if (!isDown) draw(...now);
  };
  node.addEventListener("pointerdown", ({ button }) => {
    // Another button may open a menu of the browser's own, which keeps its end to itself.
    if (isDown || button !== 0) return;
    isDown = true;
    for (const end of ends) document.addEventListener(end, letGo, true);
  });
  return redraw;
}
