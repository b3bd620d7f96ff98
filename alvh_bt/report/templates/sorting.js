// Tables that sort at a click on a heading; what is unknown comes last either way.
function cellValue(text) {
  const part = text.match(/^(\d+) of (\d+)$/);
  if (part) return Number(part[1]) / Number(part[2]);
  if (text === "n/a" || text === "") return NaN;
  const plain = text.replaceAll(",", "").replace(/%$/, "");
  return plain !== "" && Number.isFinite(Number(plain)) ? Number(plain) : text;
}

function compared(left, right, sign) {
  const unknown = (value) => typeof value === "number" && Number.isNaN(value);
  if (unknown(left) || unknown(right)) return unknown(left) - unknown(right);
  if (typeof left === "number" && typeof right === "number") return sign * (left - right);
  return sign * String(left).localeCompare(String(right), "en", { numeric: true });
}

function sortable(table) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, place) => {
    const button = element("button", { type: "button" }, head.textContent);
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((each) => each.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows].map((row, at) => [cellValue(row.cells[place].textContent.trim()), at, row]);
      rows.sort((a, b) => compared(a[0], b[0], down ? -1 : 1) || a[1] - b[1]);
      body.append(...rows.map((row) => row[2]));
    });
  });
}
