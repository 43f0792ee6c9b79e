// Values of a plot: shown beside the pointer, and read by the arrow keys, which go to the nearest mark in their direction.
const NEAR = 14;

function showTip(text, x, y) {
  const tip = document.getElementById("tip");
  tip.textContent = text;
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const left = Math.min(Math.max(4, x + 14), innerWidth - box.width - 4);
  const above = y - box.height - 10;
  tip.style.left = `${left}px`;
  tip.style.top = `${above > 4 ? above : y + 18}px`;
}

function hideTip() {
  document.getElementById("tip").hidden = true;
}

function tell(text) {
  document.getElementById("told").textContent = text;
}

function readPlot(plot) {
  let marks = null;
  let at = null;
  const prepare = () => {
    if (marks) return;
    for (const node of plot.querySelectorAll(".paragrad-graph .node")) node.classList.add("mark");
    marks = [...plot.querySelectorAll(".mark")];
    for (const mark of marks) {
      const title = mark.querySelector("title");
      if (!title) continue;
      mark.dataset.tip = title.textContent;
      title.remove();  // the browser would show it a second time
    }
  };
  const centre = mark => {
    const box = mark.getBoundingClientRect();
    return [box.left + box.width / 2, box.top + box.height / 2];
  };
  const show = (mark, x, y) => {
    at?.classList.remove("at");
    at = mark;
    if (!mark) { hideTip(); return; }
    mark.classList.add("at");
    showTip(mark.dataset.tip, x, y);
  };
  const nearest = (x, y) => {
    let best = null;
    let least = NEAR;
    for (const mark of marks) {
      if (!mark.classList.contains("dot")) continue;
      const [a, b] = centre(mark);
      const far = Math.hypot(a - x, b - y);
      if (far < least) { least = far; best = mark; }
    }
    return best;
  };
  plot.addEventListener("pointerenter", prepare);
  plot.addEventListener("pointermove", event => {
    prepare();
    const mark = event.target.closest?.(".mark") ?? nearest(event.clientX, event.clientY);
    show(mark, event.clientX, event.clientY);
  });
  plot.addEventListener("pointerleave", () => show(null));
  plot.addEventListener("blur", () => show(null));
  plot.addEventListener("click", event => follow(event.target.closest?.(".mark")));
  plot.addEventListener("keydown", event => {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    prepare();
    if (event.key === "Escape") { show(null); return; }
    if (event.key === "Enter") { follow(at); return; }
    let next = null;
    if (event.key === "Home" || (event.key in ways && !at)) next = marks[0];
    else if (event.key === "End") next = marks.at(-1);
    else if (event.key in ways) next = towards(marks, at, ways[event.key], centre);
    else return;
    event.preventDefault();
    if (!next) return;
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
    show(next, ...centre(next));
    tell(next.dataset.tip);
  });
}

function follow(mark) {
  if (mark?.dataset.to) location.hash = mark.dataset.to;
}

// The nearest mark that lies in a direction, what is aside counting threefold.
function towards(marks, from, [dx, dy], centre) {
  const [x, y] = centre(from);
  let best = null;
  let least = Infinity;
  for (const mark of marks) {
    if (mark === from) continue;
    const [a, b] = centre(mark);
    const along = (a - x) * dx + (b - y) * dy;
    const aside = Math.abs((a - x) * dy) + Math.abs((b - y) * dx);
    if (along > 0.5 && along + 3 * aside < least) { least = along + 3 * aside; best = mark; }
  }
  return best;
}
