// Only makes the page handier: it reads without.
(() => {
  "use strict";
  const words = (cell) => cell.dataset.order ?? cell.textContent.trim();
  const compare = (one, other) => {
    const [a, b] = [Number(one), Number(other)];
    return Number.isNaN(a) || Number.isNaN(b) ? one.localeCompare(other) : a - b;
  };
  const sort = (table, heads, column) => {
    const head = heads[column];
    const down = head.getAttribute("aria-sort") === "ascending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    const rows = [...body.rows].sort((a, b) => {
      const order = compare(words(a.cells[column]), words(b.cells[column]));
      return down ? -order : order;
    });
    body.append(...rows);
  };
  document.querySelectorAll("table.sortable").forEach((table) => {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(table, heads, column));
      head.append(button);
    });
    const rows = [...table.tBodies[0].rows];
    const label = document.createElement("label");
    const input = document.createElement("input");
    const told = document.createElement("output");
    input.type = "search";
    input.autocomplete = "off";
    label.className = "filter";
    label.append("Filter ", input, " ", told);
    const filter = () => {
      const wanted = input.value.toLowerCase().split(/\s+/);
      const shown = rows.filter((row) => {
        const text = row.textContent.toLowerCase();
        row.hidden = !wanted.every((word) => text.includes(word));
        return !row.hidden;
      });
      told.textContent = `${shown.length} of ${rows.length} shown`;
    };
    input.addEventListener("input", filter);
    filter();
    table.parentElement.before(label);
  });
})();
