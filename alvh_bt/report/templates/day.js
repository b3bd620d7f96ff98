// The book on one day: its profile under instant moves of the index, its payoff at expiry, its positions.
const GREEKS = [["delta", "Delta, USD a point", 2], ["gamma", "Gamma, USD a point squared", 4], ["vega", "Vega, USD a vol point", 0], ["theta", "Theta, USD a day", 0]];
const BOOKS = [["condor", "#E69F00", "dash", 1.8], ["hedge", "#0072B2", "dot", 1.8], ["both", null, "solid", 2.6]];

// The row of a session in a list of sessions held, or -1.
function rowOf(held, session) {
  let low = 0, high = held.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (held[middle] === session) return middle;
    if (held[middle] < session) low = middle + 1; else high = middle - 1;
  }
  return -1;
}

function profileOf(profile, quantity, session) {
  const count = profile.moves.length, found = { both: new Array(count).fill(0) };
  for (const [book, held] of Object.entries(profile.books)) {
    const row = rowOf(held.held, session), packed = held[quantity];
    found[book] = Array.from({ length: count }, (_, i) => row < 0 ? 0 : packed.steps[row * count + i] * packed.step[row]);
    found[book].forEach((value, i) => { found.both[i] += value; });
  }
  return found;
}

function bookTraces(profile, quantity, session, digits, place, legend) {
  const found = profileOf(profile, quantity, session), x = profile.moves.map((move) => 100 * move);
  return BOOKS.filter(([book]) => found[book]).map(([book, colour, dash, width]) => ({
    type: "scatter", mode: "lines+markers", marker: { size: 4 }, x, y: found[book], name: book, legendgroup: book, showlegend: legend, ...place,
    line: { color: colour === "#0072B2" && style().dark ? "#4aa3e0" : colour || style().ink, dash, width },
    hovertemplate: `%{fullData.name} at %{x:+.0f}%: %{y:,.${digits}f}<extra></extra>`,
  }));
}

function positions(spells, session) {
  const found = [];
  for (let i = 0; i < spells.first.length && spells.first[i] <= session; i++) {
    if (spells.after[i] <= session) continue;
    const word = (name) => spells[name].words[spells[name].codes[i]];
    found.push({ book: word("book"), layer: word("layer"), root: word("root"), right: word("right"), strike: spells.strike[i], expiry: spells.expiry[i],
      contracts: spells.contracts[i], multiplier: spells.contract_multiplier[i], price: spells.price[i] });
  }
  return found.sort((a, b) => a.book.localeCompare(b.book) || a.layer.localeCompare(b.layer));
}

// Points of the S&P 500 for one of an option's own index: XSP is written on a tenth of it.
const indexPoints = (root) => root === "XSP" ? 10 : 1;

// The P&L at expiry of options on the S&P 500, in USD; `level` is that of the S&P 500 itself.
function payoffAt(legs, level) {
  return legs.reduce((sum, leg) => {
    const own = level / indexPoints(leg.root);
    return sum + leg.contracts * leg.multiplier * (Math.max(0, leg.right === "P" ? leg.strike - own : own - leg.strike) - leg.price);
  }, 0);
}

function drawPayoff(held, spot) {
  const legs = held.filter((each) => each.book === "condor" && each.right);
  const layout = { height: 340, margin: { l: 64, r: 12, t: 34, b: 44 }, showlegend: false, xaxis: { title: { text: "S&P 500 at expiry" }, tickformat: ",.0f" }, yaxis: { title: { text: "USD" }, tickformat: ",.0f" } };
  if (!legs.length) return show("chart-payoff", [{ type: "scatter", x: [], y: [], name: "condor" }], { ...layout, annotations: [{ text: "No condor is held at this close.", showarrow: false, xref: "paper", yref: "paper", x: 0.5, y: 0.5 }] });
  const strikes = legs.map((leg) => leg.strike * indexPoints(leg.root)), from = 0.96 * Math.min(...strikes, spot || Infinity), to = 1.04 * Math.max(...strikes, spot || 0);
  const x = [from, ...strikes.sort((a, b) => a - b), to];
  const trace = { type: "scatter", mode: "lines", x, y: x.map((level) => payoffAt(legs, level)), line: { color: style().dark ? "#f5b942" : "#B87400", width: 2.4 }, name: "condor", hovertemplate: "index %{x:,.0f}: %{y:,.0f} USD<extra></extra>" };
  const today = spot ? [{ type: "line", x0: spot, x1: spot, yref: "paper", y0: 0, y1: 1, line: { color: style().soft, dash: "dot" } }] : [];
  const label = spot ? [{ x: spot, yref: "paper", y: 1, text: "close " + usd(spot), showarrow: false, yanchor: "bottom", font: { color: style().soft } }] : [];
  return show("chart-payoff", [trace], { ...layout, shapes: today, annotations: label });
}

function drawProfile(profile, session) {
  if (!profile || !$("chart-profile")) return;
  const axis = { title: { text: "instant move of the index, %" }, ticksuffix: "%" };
  show("chart-profile", bookTraces(profile, "pnl", session, 0, {}, true), { height: 340, margin: { l: 64, r: 12, t: 34, b: 44 }, xaxis: axis, yaxis: { title: { text: "USD" }, tickformat: ",.0f" } });
  const narrow = $("chart-greeks").clientWidth < 560, traces = [], layout = { height: narrow ? 900 : 520, margin: { l: 56, r: 12, t: 46, b: 40 } };
  layout.annotations = [];
  GREEKS.forEach(([quantity, title, digits], rank) => {
    const suffix = rank ? String(rank + 1) : "", column = narrow ? 0 : rank % 2, row = narrow ? rank : Math.floor(rank / 2), rows = narrow ? 4 : 2;
    const x = narrow ? [0, 1] : [column * 0.55, column * 0.55 + 0.45], tall = 1 / rows, top = 1 - row * tall, y = [top - tall * 0.74, top - tall * 0.08];
    traces.push(...bookTraces(profile, quantity, session, digits, { xaxis: "x" + suffix, yaxis: "y" + suffix }, rank === 0));
    layout["xaxis" + suffix] = { domain: x, anchor: "y" + suffix, ticksuffix: "%" };
    layout["yaxis" + suffix] = { domain: y, anchor: "x" + suffix, tickformat: ".4~g" };
    layout.annotations.push({ text: title, showarrow: false, xref: "paper", yref: "paper", x: x[0], y: y[1], xanchor: "left", yanchor: "bottom" });
  });
  show("chart-greeks", traces, layout);
}

function profileTable(profile, session) {
  const all = [["pnl", "P&L, USD", 0], ...GREEKS].map(([quantity, title, digits]) => [title, digits, profileOf(profile, quantity, session)]);
  const head = element("tr", {}, element("th", { scope: "col", class: "word" }, "Index moves by"), ...all.flatMap(([title]) => BOOKS.map(([book]) => element("th", { scope: "col" }, `${title}: ${book}`))));
  const rows = profile.moves.map((move, i) => element("tr", {}, element("td", { class: "word" }, signed(100 * move) + "%"),
    ...all.flatMap(([, digits, found]) => BOOKS.map(([book]) => element("td", {}, number((found[book] || [])[i] ?? 0, digits))))));
  $("profile-numbers").replaceChildren(element("thead", {}, head), element("tbody", {}, ...rows));
}

function positionTable(held) {
  $("positions-body").replaceChildren(...(held.length ? held : [null]).map((each) => each === null
    ? element("tr", {}, element("td", { colspan: 7, class: "word" }, "Nothing is held at this close."))
    : element("tr", {}, ...[each.book, each.layer, [each.root, each.right].filter(Boolean).join(" ")].map((text) => element("td", { class: "word" }, text)),
      ...[each.right ? number(each.strike, each.strike % 1 ? 2 : 0) : "", each.expiry < 0 ? "" : dayText(each.expiry), signed(each.contracts, 2), number(each.price, 2)].map((text) => element("td", {}, text)))));
}

function nearest(dates, day) {
  let low = 0, high = dates.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (dates[middle] < day) low = middle + 1; else high = middle;
  }
  return low && day - dates[low - 1] <= dates[low] - day ? low - 1 : low;
}

function dayPicker(data) {
  const select = $("day-variant"), date = $("day-date"), slide = $("day-slide"), last = data.dates.length - 1;
  if (!select) return;
  fillSelect(select, data.variants.map((each) => each.name), data.focus);
  let session = worstSession(data), waiting = false;
  Object.assign(slide, { min: 0, max: last, value: session });
  Object.assign(date, { min: data.texts[0], max: data.texts[last] });
  const draw = () => {
    waiting = false;
    const variant = data.variants.find((each) => each.name === select.value), at = session - variant.first;
    const held = positions(data.spells[select.value], session), spot = data.spx[session];
    date.value = data.texts[session];
    slide.value = session;
    slide.setAttribute("aria-valuetext", data.texts[session]);
    $("day-earlier").disabled = session === 0;
    $("day-later").disabled = session === last;
    const nav = at >= 0 && at < variant.nav.length ? `NAV ${usd(variant.nav[at])} USD, drawdown ${percent(variant.drawdown[at], 1)}` : "no run on that day";
    $("day-status").textContent = `Close of ${data.texts[session]}: S&P 500 ${number(spot, 2)}, VIX ${number(data.vix[session], 2)}; ${select.value}: ${nav}; ${held.length} positions.`;
    const profile = data.profile[select.value];
    for (const each of document.querySelectorAll(".profile-part")) each.hidden = !profile;
    drawProfile(profile, session);
    if (profile) profileTable(profile, session);
    positionTable(held);
    return drawPayoff(held, spot);
  };
  const go = (to) => {
    session = Math.max(0, Math.min(last, to));
    if (!waiting) { waiting = true; requestAnimationFrame(draw); }
  };
  slide.addEventListener("input", () => go(Number(slide.value)));
  date.addEventListener("change", () => { if (date.value) go(nearest(data.dates, Date.parse(date.value) / DAY)); });
  select.addEventListener("change", () => go(session));
  $("day-earlier").addEventListener("click", () => go(session - 1));
  $("day-later").addEventListener("click", () => go(session + 1));
  chart("chart-payoff", draw);
}

// The first day shown: the last one before VIX's highest close on which the focus held something.
function worstSession(data) {
  let peak = 0;
  data.vix.forEach((level, i) => { if (level > data.vix[peak] || !(data.vix[peak] > 0)) peak = i; });
  for (let i = peak; i >= 0; i--) if (positions(data.spells[data.focus], i).length) return i;
  return peak;
}
