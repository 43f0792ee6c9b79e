// Rows that came as data; as text only, for words may come from anywhere.
function fillRows(block) {
  const packed = block.querySelector("script.rows");
  if (!packed) return;
  const { ids, rows } = JSON.parse(packed.textContent);
  const made = rows.map((cells, k) => {
    const row = document.createElement("tr");
    if (ids[k]) row.id = ids[k];
    row.append(...cells.map((words, j) => {
      const cell = document.createElement(j ? "td" : "th");
      if (!j) cell.scope = "row";
      if (words.length > 48) cell.className = "long";
      cell.textContent = words;
      return cell;
    }));
    return row;
  });
  block.querySelector("tbody").replaceChildren(...made);
}

// Heads become buttons that sort; filters keep the rows in which all words occur.
function offerTable(block) {
  const heads = [...block.querySelectorAll("thead tr:last-child th")];
  const body = block.querySelector("tbody");
  const rows = [...body.rows];
  if (rows.length > 1) heads.forEach((head, column) => {
    if (!head.textContent) return;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => sortBy(heads, body, rows, column));
  });
  const filters = block.querySelector(".filters");
  if (!filters) return;
  filters.hidden = false;
  const words = filters.querySelector(".words");
  const menus = [...filters.querySelectorAll("select")];
  const shown = filters.querySelector(".shown");
  const apply = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const keep = wanted.every(word => text.includes(word))
        && menus.every(menu => !menu.value || row.cells[menu.dataset.column].textContent === menu.value);
      row.hidden = !keep;
      count += keep;
    }
    shown.textContent = `${count} of ${rows.length} rows`;
  };
  words.addEventListener("input", apply);
  for (const menu of menus) menu.addEventListener("change", apply);
}

function sortBy(heads, body, rows, column) {
  const head = heads[column];
  const numeric = head.classList.contains("n");
  const before = head.getAttribute("aria-sort");
  // The first click shows what matters: the largest number, the first name.
  const up = before ? before === "descending" : !numeric;
  for (const other of heads) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
  const key = row => {
    const cell = row.cells[column];
    return numeric ? parseFloat(cell.dataset.v ?? cell.textContent.replaceAll(",", "")) : cell.textContent;
  };
  const keyed = rows.map(row => [key(row), row]);
  const empty = value => numeric ? Number.isNaN(value) : value === "";
  const order = new Intl.Collator("en", { numeric: true });
  keyed.sort(([a], [b]) => {
    if (empty(a) || empty(b)) return empty(a) - empty(b);
    return (numeric ? a - b : order.compare(a, b)) * (up ? 1 : -1);
  });
  body.append(...keyed.map(([, row]) => row));
}
