// The journal: every row of it, sorted and filtered here, shown a page at a time.
const PER_PAGE = 50;
const COLUMNS = [
  { key: "date", label: "date" }, { key: "variant", label: "variant", word: true }, { key: "layer", label: "layer", word: true },
  { key: "event", label: "event", word: true }, { key: "reason", label: "reason", word: true, long: true }, { key: "contracts", label: "contracts", digits: 2 },
  { key: "price", label: "price, points", digits: 2 }, { key: "cost_usd", label: "cost, USD", digits: 0 },
  { key: "irr_without", label: "IRR without", irr: true }, { key: "irr_with", label: "IRR with", irr: true },
];

// A few days' gain compounded over a year is told as a bound.
const irr = (value) => (value > 10 ? "over 1,000%" : percent(value, 1));

// Rank of each word in the alphabet, so that words are compared as numbers.
function ranks(column) {
  const order = column.words.map((word, code) => [word, code]).sort((a, b) => a[0].localeCompare(b[0], "en", { numeric: true }));
  const rank = new Uint32Array(order.length);
  order.forEach(([, code], place) => { rank[code] = place; });
  return Float64Array.from(column.codes, (code) => rank[code]);
}

function journalTable(data) {
  const log = data.journal, table = $("journal-table");
  if (!table || !log.rows) return;
  const word = (key, row) => log[key].words[log[key].codes[row]];
  const values = Object.fromEntries(COLUMNS.map(({ key, word: isWord }) => [key, isWord ? ranks(log[key]) : log[key]]));
  const sought = (key) => log[key].words.map((text) => text.toLowerCase());
  const words = Object.fromEntries(["variant", "layer", "event", "reason", "signals"].map((key) => [key, sought(key)]));
  const condor = log.book.words.indexOf("condor"), hedged = log.book.codes.some((code) => code !== condor);
  const state = { sort: "date", down: false, page: 0, rows: [] };
  for (const key of ["variant", "layer", "event"]) fillSelect($("journal-" + key), [["", "all"], ...[...log[key].words].sort()], "");
  $("journal-condor").checked = !hedged;

  function chosen() {
    const text = $("journal-text").value.trim().toLowerCase(), both = $("journal-condor").checked;
    const only = ["variant", "layer", "event"].map((key) => [log[key].codes, log[key].words.indexOf($("journal-" + key).value), $("journal-" + key).value === ""]);
    const hit = text && Object.fromEntries(Object.entries(words).map(([key, all]) => [key, all.map((each) => each.includes(text))]));
    const rows = [];
    for (let row = 0; row < log.rows; row++) {
      if (!both && log.book.codes[row] === condor) continue;
      if (only.some(([codes, wanted, any]) => !any && codes[row] !== wanted)) continue;
      if (text && !Object.keys(hit).some((key) => hit[key][log[key].codes[row]]) && !dayText(log.date[row]).startsWith(text)) continue;
      rows.push(row);
    }
    return rows;
  }

  // What is unknown comes last, whichever way the rest is sorted; equal rows keep their order.
  function sorted(rows) {
    const value = values[state.sort], sign = state.down ? -1 : 1;
    return rows.sort((a, b) => {
      const left = value[a], right = value[b];
      if (left !== left || right !== right) return (left !== left) - (right !== right) || a - b;
      return sign * (left - right) || a - b;
    });
  }

  function cell(column, row) {
    if (column.key === "date") return element("td", { class: "word" }, dayText(log.date[row]));
    if (column.word) return element("td", { class: column.long ? "word long" : "word" }, word(column.key, row));
    const value = log[column.key][row];
    return element("td", {}, value !== value ? "" : column.irr ? irr(value) : number(value, column.digits));
  }

  function signalsCell(row) {
    const text = word("signals", row);
    if (!text || text === "{}") return element("td", { class: "word" });
    const fold = element("details", {}, element("summary", {}, "signals"));
    fold.addEventListener("toggle", () => {
      if (fold.children.length > 1) return;
      const list = Object.entries(JSON.parse(text)).map(([name, value]) => `${name} ${value}`).join(", ");
      fold.append(element("div", {}, list));
    });
    return element("td", { class: "word long" }, fold);
  }

  function paint() {
    const pages = Math.max(1, Math.ceil(state.rows.length / PER_PAGE));
    state.page = Math.min(state.page, pages - 1);
    const from = state.page * PER_PAGE, shown = state.rows.slice(from, from + PER_PAGE);
    table.tBodies[0].replaceChildren(...shown.map((row) => element("tr", {}, ...COLUMNS.map((column) => cell(column, row)), signalsCell(row))));
    const count = state.rows.length.toLocaleString("en-US"), all = log.rows.toLocaleString("en-US");
    $("journal-status").textContent = shown.length ? `Rows ${(from + 1).toLocaleString("en-US")} to ${(from + shown.length).toLocaleString("en-US")} of ${count} chosen; the journal has ${all}.` : `No row of the ${all} in the journal is like that.`;
    $("journal-first").disabled = $("journal-back").disabled = state.page === 0;
    $("journal-next").disabled = $("journal-last").disabled = state.page === pages - 1;
  }

  function refresh() {
    state.rows = sorted(chosen());
    state.page = 0;
    paint();
  }

  const head = element("tr");
  for (const column of COLUMNS) {
    const button = element("button", { type: "button" }, column.label);
    const th = element("th", { scope: "col", class: column.word || column.key === "date" ? "word" : "", "aria-sort": column.key === "date" ? "ascending" : "none", "data-key": column.key }, button);
    button.addEventListener("click", () => {
      state.down = state.sort === column.key && !state.down;
      state.sort = column.key;
      for (const each of head.children) if (each.dataset.key) each.setAttribute("aria-sort", each === th ? (state.down ? "descending" : "ascending") : "none");
      refresh();
    });
    head.append(th);
  }
  head.append(element("th", { scope: "col", class: "word" }, "signals"));
  table.tHead.replaceChildren(head);
  for (const key of ["variant", "layer", "event", "condor"]) $("journal-" + key).addEventListener("change", refresh);
  $("journal-text").addEventListener("input", refresh);
  const turn = (id, to) => $(id).addEventListener("click", () => { state.page = to(state.page); paint(); });
  turn("journal-first", () => 0);
  turn("journal-back", (page) => Math.max(0, page - 1));
  turn("journal-next", (page) => page + 1);
  turn("journal-last", () => Infinity);
  refresh();
}
