// Sorts and filters the table. Everything can be read without this script: it only moves and hides rows.
(() => {
  "use strict";
  const element = (id) => document.getElementById(id);
  const table = element("ranking");
  const rows = Array.from(table.tBodies, (body) => ({
    body,
    cells: body.rows[0].cells,
    text: [1, 2].map((column) => body.rows[0].cells[column].textContent).join(" ").toLowerCase(),
    shop: body.rows[0].cells[2].textContent,
    type: body.querySelector("small > span").textContent,
  }));
  const [words, shop, type] = ["find", "shop", "type"].map(element);
  const order = new Intl.Collator("en", { numeric: true });
  let sorted = "";

  const number = (text) => parseFloat(text.replace(/,/g, ""));
  // Prices are compared within their currency only; rows without a value come last either way.
  const keys = {
    number: (cell) => ["", number(cell.textContent), ""],
    text: (cell) => ["", 0, (cell.querySelector("bdi") || cell).textContent],
    price: (cell) => [(cell.textContent.match(/[A-Z]{3}$/) || [""])[0], number(cell.textContent), ""],
  };
  const compare = (a, b, sign) => {
    if (Number.isNaN(a[1]) !== Number.isNaN(b[1])) return Number.isNaN(a[1]) ? 1 : -1;
    if (a[0] !== b[0]) return a[0] < b[0] ? -1 : 1;
    return sign * (a[1] - b[1] || order.compare(a[2], b[2]));
  };

  const tell = () => {
    const n = rows.filter((row) => !row.body.hidden).length;
    const all = n === 1 ? "The one product of the list" : `All ${n} products of the list`;
    const count = n === rows.length ? all : `${n} of ${rows.length} products shown`;
    element("shown").textContent = count + sorted + ".";
  };

  const sort = (header, column) => {
    const isDown = header.getAttribute("aria-sort")
      ? header.getAttribute("aria-sort") === "ascending"
      : "down" in header.dataset;
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", isDown ? "descending" : "ascending");
    const key = keys[header.dataset.kind];
    const sign = isDown ? -1 : 1;
    rows
      .map((row, index) => ({ row, index, key: key(row.cells[column]) }))
      .sort((a, b) => compare(a.key, b.key, sign) || a.index - b.index)
      .forEach((it) => table.append(it.row.body));
    sorted = `, sorted by ${header.textContent.trim().toLowerCase()}, ${isDown ? "descending" : "ascending"}`;
    tell();
  };

  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      row.body.hidden = !(
        wanted.every((word) => row.text.includes(word)) &&
        (shop.value === "" || shop.value === row.shop) &&
        (type.value === "" || type.value === row.type)
      );
    }
    tell();
  };

  const offer = (select, values) => {
    const names = Array.from(new Set(values)).filter(Boolean).sort(order.compare);
    for (const name of names) select.append(new Option(name, name));
    select.closest("label").hidden = names.length < 2;
  };

  const clear = () => {
    words.value = shop.value = type.value = "";
    filter();
  };

  // A link into the table shows its row, whatever is filtered, and opens the reasons.
  const show = () => {
    const target = location.hash.startsWith("#p") && element(location.hash.slice(1));
    if (!target || target.parentNode !== table) return;
    if (target.hidden) clear();
    target.querySelector("details").open = true;
    target.scrollIntoView();
  };

  Array.from(table.tHead.rows[0].cells).forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    button.addEventListener("click", () => sort(header, column));
    header.replaceChildren(button);
  });
  table.tHead.rows[0].cells[0].setAttribute("aria-sort", "ascending");
  offer(shop, rows.map((row) => row.shop));
  offer(type, rows.map((row) => row.type));
  words.addEventListener("input", filter);
  shop.addEventListener("change", filter);
  type.addEventListener("change", filter);
  element("clear").addEventListener("click", clear);
  window.addEventListener("hashchange", show);
  element("controls").hidden = false;
  show();
})();
