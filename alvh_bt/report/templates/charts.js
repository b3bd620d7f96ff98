// Charts over the whole window. Each is drawn by a function of the data, again when the colours change.
const dark = matchMedia("(prefers-color-scheme: dark)");
// A finger that swipes over a chart means to scroll the page; zoom is in the bar above the chart there.
const touch = matchMedia("(pointer: coarse)").matches;
const DRAWN = [];
// Plotly reads a little HTML in names and labels: a name that a user gave must not be markup there.
const plainText = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const GOOD = "#009E73", BAD = "#D55E00", TOTAL = "#0072B2";

function style() {
  const own = getComputedStyle(document.documentElement);
  const read = (name) => own.getPropertyValue(name).trim();
  return { ink: read("--ink"), soft: read("--soft"), paper: read("--paper"), line: read("--line"), band: read("--band"), dark: dark.matches };
}

const lineOf = (data, name) => ({ color: data.lines[name][style().dark ? "dark" : "light"], dash: data.lines[name].dash });

function layoutOf(extra) {
  const { ink, paper, line, band } = style();
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true, fixedrange: false };
  const layout = {
    paper_bgcolor: paper, plot_bgcolor: paper, font: { color: ink, size: 12 }, margin: { l: 64, r: 12, t: 30, b: 36 },
    hoverlabel: { bgcolor: band, bordercolor: line, font: { color: ink } }, hovermode: "closest", dragmode: touch ? false : "zoom",
    legend: { orientation: "h", yanchor: "bottom", y: 1.02, x: 0 }, separators: ".,", ...extra,
  };
  const given = Object.keys(extra).filter((key) => /^[xy]axis\d*$/.test(key));
  for (const key of new Set([...given, "xaxis", "yaxis"])) layout[key] = { ...axis, ...(extra[key] || {}) };
  return layout;
}

function show(id, traces, layout) {
  // Without a pointer that hovers the bar is always there: only where there are years to zoom into.
  const barred = touch && ["chart-nav", "chart-vix"].includes(id);
  if (barred) Object.assign(layout, { margin: { ...layout.margin, t: 40 }, showlegend: false });
  // Plotly's own bar offers to send the chart to its maker's server: what a trader tests is nobody else's business.
  const config = { displayModeBar: touch ? barred : "hover", displaylogo: false, responsive: true, plotlyServerURL: "", showSendToCloud: false,
    modeBarButtons: [["toImage"], ["zoom2d", "pan2d"], ["zoomIn2d", "zoomOut2d", "resetScale2d"]] };
  return Plotly.react(id, traces, layoutOf(layout), config);
}

function chart(id, draw) {
  if ($(id)) DRAWN.push({ id, draw });
}

const sessions = (data, variant) => data.texts.slice(variant.first, variant.first + variant.nav.length);

function navTraces(data, hidden) {
  return data.variants.flatMap((variant) => {
    const x = sessions(data, variant);
    const line = { ...lineOf(data, variant.name), width: variant.name === data.focus ? 2.2 : 1.4 };
    const common = { type: "scatter", mode: "lines", x, line, name: plainText(variant.name), showlegend: false,
      visible: !hidden.has(variant.name), legendgroup: variant.name };
    return [
      { ...common, y: variant.nav, yaxis: "y", hovertemplate: "%{y:,.0f} USD" },
      { ...common, y: variant.drawdown, yaxis: "y2", hovertemplate: "%{y:.1%}" },
    ];
  });
}

function navChart(data) {
  const hidden = new Set();
  const draw = () => show("chart-nav", navTraces(data, hidden), {
    height: 540, hovermode: "x unified", hoversubplots: "axis", margin: { l: 70, r: 12, t: 10, b: 36 },
    xaxis: { type: "date", anchor: "y2" },
    yaxis: { domain: [0.42, 1], title: { text: "NAV, USD" }, tickformat: ",.0f" },
    yaxis2: { domain: [0, 0.36], title: { text: "Drawdown" }, tickformat: ".3~%" },
  });
  chart("chart-nav", draw);
  const box = $("nav-legend");
  data.variants.forEach((variant) => {
    const tick = element("input", { type: "checkbox", checked: "" });
    tick.addEventListener("change", () => {
      if (tick.checked) hidden.delete(variant.name); else hidden.add(variant.name);
      draw();
    });
    box.append(element("label", {}, tick, swatch(data.lines[variant.name]), variant.name + (variant.stopped ? " (stopped early)" : "")));
  });
}

function swatch(line) {
  const dashes = { solid: "none", dash: "7 4", dot: "2 3" };
  const box = document.createElement("template");
  box.innerHTML = `<svg width="26" height="8" aria-hidden="true"><line x1="0" x2="26" y1="4" y2="4" stroke-width="3" stroke-dasharray="${dashes[line.dash]}"/></svg>`;
  const svg = box.content.firstChild, paint = () => svg.firstChild.setAttribute("stroke", dark.matches ? line.dark : line.light);
  paint();
  dark.addEventListener("change", paint);
  return svg;
}

// One outline a spell, parted by gaps: hundreds of spells are one trace.
function bands(data, spells, low, high) {
  const x = [], y = [], last = data.texts.length - 1;
  for (const [first, after] of spells) {
    const from = data.texts[first], to = data.texts[Math.min(after, last)];
    x.push(from, from, to, to, from, null);
    y.push(low, high, high, low, low, null);
  }
  return { type: "scatter", mode: "lines", x, y, fill: "toself", line: { width: 0 }, hoverinfo: "skip" };
}

function vixChart(data) {
  const select = $("vix-variant");
  if (!select) return;
  fillSelect(select, data.variants.map((each) => each.name), data.focus);
  const known = [...data.vix].filter((level) => level > 0);
  if (!known.length) return;
  const low = known.reduce((a, b) => Math.min(a, b)) * 0.95, high = known.reduce((a, b) => Math.max(a, b)) * 1.05;
  const draw = () => {
    const layers = data.layers[select.value] || [];
    const held = data.texts.map(() => []);
    for (const layer of layers) for (const [first, after] of layer.spells) for (let i = first; i < after; i++) held[i].push(layer.name);
    const shades = layers.flatMap((layer, rank) => [
      { ...bands(data, layer.spells, low, high), fillcolor: layer.colour + "30", showlegend: false, legendgroup: layer.name },
      { ...bands(data, layer.spells, rank + 0.1, rank + 0.9), yaxis: "y2", fillcolor: layer.colour, name: plainText("layer " + layer.name), legendgroup: layer.name },
    ]);
    const text = held.map((names) => plainText(names.length ? "held: " + names.join(", ") : "no layer held"));
    const vix = { type: "scatter", mode: "lines", x: data.texts, y: data.vix, line: { color: style().ink, width: 1.1 }, name: "VIX close",
      text, hovertemplate: "%{x|%Y-%m-%d}<br>VIX %{y:.2f}<br>%{text}<extra></extra>", showlegend: false };
    return show("chart-vix", [...shades, vix], {
      height: 460, hovermode: "x", margin: { l: 64, r: 12, t: 40, b: 36 }, xaxis: { type: "date", anchor: "y2" },
      yaxis: { domain: [0.06 + 0.07 * layers.length, 1], type: "log", range: [Math.log10(low), Math.log10(high)], tickvals: [10, 15, 20, 30, 40, 60, 80], title: { text: "VIX (log)" } },
      yaxis2: { domain: [0, 0.03 + 0.07 * layers.length], range: [0, Math.max(1, layers.length)], tickvals: layers.map((_, rank) => rank + 0.5), ticktext: layers.map((layer) => plainText(layer.name)), showgrid: false, fixedrange: true },
      annotations: layers.length ? [] : [{ text: plainText(select.value) + " never held a hedge", showarrow: false, xref: "paper", yref: "paper", x: 0.5, y: 0.98 }],
    });
  };
  chart("chart-vix", draw);
  select.addEventListener("change", draw);
}

function waterfallChart(data) {
  const select = $("waterfall-variant");
  if (!select) return;
  const names = Object.keys(data.holding).filter((name) => data.holding[name].waterfall);
  fillSelect(select, names, names.includes(data.focus) ? data.focus : names[0]);
  const draw = () => {
    const total = data.totals[select.value], steps = data.holding[select.value].waterfall;
    const interest = total.pnl_usd - total.condor_pnl_usd - total.hedge_pnl_usd;
    const y = [total.condor_pnl_usd, steps.paid, steps.earned_back, steps.monetised, steps.still_held, interest, total.pnl_usd];
    const x = ["Condor", "Hedge:<br>paid", "Hedge:<br>earned back", "Hedge:<br>monetised", "Hedge:<br>still held", "Interest", "P&L"];
    const trace = { type: "waterfall", x, y, measure: [...Array(6).fill("relative"), "total"], text: y.map((value) => signed(value)),
      textposition: "outside", cliponaxis: false, hovertemplate: "%{x}: %{text} USD<extra></extra>", connector: { line: { color: style().soft, width: 1 } },
      increasing: { marker: { color: GOOD } }, decreasing: { marker: { color: BAD } }, totals: { marker: { color: style().dark ? "#4aa3e0" : TOTAL } } };
    return show("chart-waterfall", [trace], { height: 400, xaxis: { fixedrange: true }, yaxis: { title: { text: "USD" }, tickformat: ",.0f" }, showlegend: false });
  };
  chart("chart-waterfall", draw);
  select.addEventListener("change", draw);
}

function partsChart(data) {
  const select = $("parts-book");
  if (!select) return;
  const draw = () => {
    const names = Object.keys(data.holding).filter((name) => (data.holding[name].parts || {})[select.value]);
    const traces = data.parts.names.map((part, rank) => ({
      type: "bar", name: part.replaceAll("_", " "), x: names.map(plainText), y: names.map((name) => data.holding[name].parts[select.value][part]),
      marker: { color: data.parts.colours[rank], pattern: { shape: ["", "/", "x"][Math.floor(rank / 4)], solidity: 0.25, fillmode: "overlay", fgcolor: style().paper } },
      hovertemplate: "%{fullData.name}: %{y:,.0f} USD<extra>%{x}</extra>",
    }));
    return show("chart-parts", traces, { barmode: "relative", height: 440, margin: { l: 64, r: 12, t: 20, b: 110 }, xaxis: { fixedrange: true, type: "category" },
      yaxis: { title: { text: "USD" }, tickformat: ",.0f" }, legend: { orientation: "h", yanchor: "top", y: -0.12, x: 0 } });
  };
  chart("chart-parts", draw);
  select.addEventListener("change", draw);
}

const bar = (data, name, extra) => ({ type: "bar", name: plainText(name), ...extra,
  marker: { color: lineOf(data, name).color, pattern: { shape: { solid: "", dash: "/", dot: "." }[lineOf(data, name).dash], fillmode: "overlay", fgcolor: style().paper } } });

function regimeChart(data) {
  const select = $("regime-by");
  if (!select) return;
  const draw = () => {
    const rows = data.regimes.filter((row) => row.by === select.value);
    const traces = data.variants.filter(({ name }) => rows.some((row) => (row.variants[name] || {}).decay)).map(({ name }) => bar(data, name, {
      x: rows.map((row) => plainText(row.regime) + "<br>" + percent(row.share, 0) + " of days"), y: rows.map((row) => (row.variants[name] || {}).decay ?? null),
      hovertemplate: "%{fullData.name}: %{y:.2%} of NAV a year<extra></extra>" }));
    return show("chart-regimes", traces, { barmode: "group", height: 380, margin: { l: 64, r: 12, t: 50, b: 50 }, xaxis: { fixedrange: true, type: "category" }, yaxis: { title: { text: "decay a year, of NAV" }, tickformat: ".1%" } });
  };
  chart("chart-regimes", draw);
  select.addEventListener("change", draw);
}

function crisisChart(data) {
  if (!$("chart-crises")) return;
  chart("chart-crises", () => {
    const x = data.crises.map((crisis) => plainText(crisis.name));
    const first = data.variants[0].name;
    const condor = { type: "bar", name: "condor", x, y: data.crises.map((crisis) => (crisis.variants[first] || {}).condor_pnl_usd ?? null), hovertemplate: "condor: %{y:,.0f} USD<extra></extra>",
      marker: { color: style().soft, pattern: { shape: "x", fillmode: "overlay", fgcolor: style().paper } } };
    const hedges = data.variants.filter(({ name }) => data.crises.some((crisis) => (crisis.variants[name] || {}).hedge_pnl_usd)).map(({ name }) => bar(data, name, {
      x, y: data.crises.map((crisis) => (crisis.variants[name] || {}).hedge_pnl_usd ?? null), hovertemplate: "hedge of %{fullData.name}: %{y:,.0f} USD<extra></extra>" }));
    return show("chart-crises", [condor, ...hedges], { barmode: "group", height: 400, margin: { l: 64, r: 12, t: 60, b: 60 }, xaxis: { fixedrange: true, type: "category" }, yaxis: { title: { text: "USD" }, tickformat: ",.0f" } });
  });
}
