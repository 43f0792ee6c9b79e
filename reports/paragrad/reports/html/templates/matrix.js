// A matrix has too many cells for an element each: the place says which cell it is, and the data how often.
function readMatrix(plot) {
  const data = JSON.parse(document.getElementById(plot.dataset.matrix).textContent);
  const drawing = plot.querySelector("svg");
  const cursor = plot.querySelector(".cursor");
  const counts = data.counts.map(packed => {
    const row = new Map();
    for (let k = 0; k < packed.length; k += 2) row.set(packed[k], packed[k + 1]);
    return row;
  });
  let at = null;
  const show = (i, j) => {
    at = [i, j];
    for (const [name, value] of [
      ["x", data.left + data.wide * j - 1], ["y", data.top + data.high * i - 1],
      ["width", data.wide + 1], ["height", data.high + 1], ["visibility", "visible"],
    ]) cursor.setAttribute(name, value);
    const box = cursor.getBoundingClientRect();
    const text = `${data.rows[i]} ${data.words} ${data.columns[j]}: ${counts[i].get(j) || "never"}`;
    showTip(text, box.right, box.top);
    return text;
  };
  const hide = () => {
    cursor.setAttribute("visibility", "hidden");
    hideTip();
  };
  plot.addEventListener("pointermove", event => {
    const box = drawing.getBoundingClientRect();
    const scale = drawing.viewBox.baseVal.width / box.width;
    const j = Math.floor(((event.clientX - box.left) * scale - data.left) / data.wide);
    const i = Math.floor(((event.clientY - box.top) * scale - data.top) / data.high);
    if (i >= 0 && i < data.rows.length && j >= 0 && j < data.columns.length) show(i, j);
    else hide();
  });
  plot.addEventListener("pointerleave", hide);
  plot.addEventListener("blur", hide);
  plot.addEventListener("keydown", event => {
    const ways = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    if (event.key === "Escape") { hide(); return; }
    if (event.key !== "Home" && !(event.key in ways)) return;
    event.preventDefault();
    const [di, dj] = at && event.key in ways ? ways[event.key] : [0, 0];
    const [i, j] = at && event.key in ways ? at : [0, 0];
    const within = (k, n) => Math.min(Math.max(k, 0), n - 1);
    const text = show(within(i + di, data.rows.length), within(j + dj, data.columns.length));
    cursor.scrollIntoView({ block: "nearest", inline: "nearest" });
    tell(text);
  });
  if (data.words !== "→") return;
  const details = plot.closest("figure").querySelector("details.numbers");
  details.addEventListener("toggle", () => namePairs(details.querySelector("tbody"), data, counts), { once: true });
}

// The names of what each op's result was never used by, and was.
function namePairs(body, data, counts) {
  [...body.rows].forEach((row, i) => {
    row.cells[3].textContent = data.columns.filter((_, j) => !counts[i].get(j)).join(", ");
    row.cells[4].textContent = data.columns.flatMap((name, j) => counts[i].get(j) ? [`${name} ${counts[i].get(j)}`] : []).join(", ");
  });
}
