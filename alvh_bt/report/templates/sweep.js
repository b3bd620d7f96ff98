// The charts of a sweep: equal cost, front, heatmap, sensitivity, parallel coordinates.
const ACCENT = () => (style().dark ? "#56b4e9" : "#0072B2");
// Dark to light reads the same to the colour-blind; reversed on a dark ground.
const SCALE = [[0, "#00224e"], [0.25, "#3f4d6c"], [0.5, "#7d7c78"], [0.75, "#bcae6c"], [1, "#fee838"]];
// From the best fifth to the worst.
const FIFTHS = { light: ["#0072B2", "#5a9bc4", "#a3b8c4", "#c9ccce", "#dcdcdc"], dark: ["#56b4e9", "#4084aa", "#3d5f74", "#3c4750", "#343b42"] };
const broken = (name) => plainText(name).replace(".", ".<br>");
const format = (metric) => (metric.share ? ".1%" : metric.usd ? ",.0f" : ",.4~g");
// A title that a narrow screen would cut off stands on more lines.
function folded(text) {
  const most = window.innerWidth < 600 ? 34 : 120, lines = [""];
  for (const word of text.split(" ")) {
    if (lines.at(-1) && lines.at(-1).length + word.length >= most) lines.push("");
    lines.push((lines.pop() + " " + word).trim());
  }
  return lines.map(plainText).join("<br>");
}
const shownValue = (metric, value) => (metric.share ? percent(value, 2) : number(value, Math.abs(value) < 100 ? 2 : 0));

function costChart(data) {
  if (!data.gains) return;
  const { counts, edges, hedge, rival } = data.gains;
  const middle = counts.map((_, k) => (edges[k] + edges[k + 1]) / 2), width = edges[1] - edges[0];
  // Two traces: Plotly takes one colour a trace beneath a pattern.
  const side = (name, kept, color, shape) => ({ type: "bar", name, width, x: middle.filter(kept), y: counts.filter((_, k) => kept(middle[k])),
    marker: { color, pattern: { shape, fillmode: "overlay", fgcolor: style().paper } }, hovertemplate: "%{x:,.0f} USD a year: %{y:,} configurations<extra></extra>" });
  chart("chart-cost", () => show("chart-cost", [side("made more", (x) => x > 0, ACCENT(), ""), side("made less", (x) => x <= 0, BAD, "/")],
    { height: 320, bargap: 0, xaxis: { title: { text: folded(`${hedge} less ${rival}, hedge P&L at equal cost, USD a year`) }, tickformat: ",.0f", zerolinewidth: 2, zerolinecolor: style().ink },
    yaxis: { title: { text: "configurations" }, tickformat: ",d" }, margin: { l: 64, r: 12, t: 34, b: 48 } }));
}

function told(data, row) {
  const axes = data.axes.map((axis) => `${plainText(axis.name)} ${axis.words ? plainText(axis.words[axis.values[row]]) : +axis.values[row].toPrecision(6)}`);
  return `configuration ${data.configuration[row]}, rank ${data.rank[row] + 1}<br>` + axes.join("<br>");
}

function frontChart(data) {
  const across = $("front-x"), down = $("front-y"), names = Object.entries(data.metrics).map(([key, each]) => [key, each.label]);
  fillSelect(across, names, data.objectives[0]);
  fillSelect(down, names, data.objectives[1] || data.objectives[0]);
  const rows = [...data.configuration.keys()];
  const draw = () => {
    const x = data.metrics[across.value], y = data.metrics[down.value];
    const trace = (on, name, marker) => {
      const kept = rows.filter((row) => data.front[row] === on);
      return { type: "scatter", mode: "markers", name, marker, x: kept.map((row) => x.values[row]), y: kept.map((row) => y.values[row]),
        text: kept.map((row) => told(data, row)), hovertemplate: "%{text}<br>%{x}, %{y}<extra></extra>" };
    };
    return show("chart-front", [
      trace(0, "others", { color: style().soft, size: 5, opacity: 0.45 }),
      trace(1, "on the Pareto front", { color: ACCENT(), size: 9, symbol: "diamond", line: { width: 1, color: style().paper } }),
    ], { height: 440, xaxis: { title: { text: plainText(x.label) }, tickformat: format(x) }, yaxis: { title: { text: plainText(y.label) }, tickformat: format(y) }, margin: { l: 70, r: 12, t: 34, b: 52 } });
  };
  chart("chart-front", draw);
  for (const select of [across, down]) select.addEventListener("change", draw);
}

function effectChart(data) {
  const select = $("effect-metric");
  fillSelect(select, Object.keys(data.sensitivity).map((key) => [key, data.metrics[key].label]), data.metric);
  const draw = () => {
    const rows = [...data.sensitivity[select.value]].reverse();
    return show("chart-effect", [{ type: "bar", orientation: "h", y: rows.map((row) => plainText(row.axis)), x: rows.map((row) => Math.max(row.share ?? 0, 0)),
      marker: { color: ACCENT() }, hovertemplate: "%{y} explains %{x:.1%}<extra></extra>" }],
    { height: 90 + 34 * rows.length, showlegend: false, margin: { l: 20, r: 12, t: 8, b: 48 }, yaxis: { fixedrange: true, type: "category" },
      xaxis: { tickformat: ".0%", rangemode: "tozero", title: { text: folded("share of variance explained by this axis alone") } } });
  };
  chart("chart-effect", draw);
  select.addEventListener("change", draw);
}

function heatChart(data) {
  const pair = $("heat-pair"), metric = $("heat-metric");
  if (!pair) return;
  fillSelect(metric, [...new Set(data.heat.map((each) => each.metric))].map((key) => [key, data.metrics[key].label]), data.metric);
  const key = (each) => each.axes.join(" x ");
  const fill = () => fillSelect(pair, data.heat.filter((each) => each.metric === metric.value).map(key), pair.value);
  const draw = () => {
    const map = data.heat.find((each) => each.metric === metric.value && key(each) === pair.value), kind = data.metrics[map.metric];
    const text = map.z.map((row) => row.map((value) => (value === null ? "" : shownValue(kind, value))));
    const small = map.x.length > (window.innerWidth < 600 ? 5 : 12);
    return show("chart-heat", [{ type: "heatmap", x: map.x.map(plainText), y: map.y.map(plainText), z: map.z, text, texttemplate: small ? "" : "%{text}", xgap: 1, ygap: 1,
      colorscale: SCALE, reversescale: !kind.higher, colorbar: { tickformat: format(kind), thickness: 12, outlinewidth: 0 }, hoverongaps: false,
      hovertemplate: `${plainText(map.axes[0])} %{x}<br>${plainText(map.axes[1])} %{y}<br>median %{text}<extra></extra>` }],
    { height: 420, xaxis: { type: "category", title: { text: plainText(map.axes[0]) }, fixedrange: true }, yaxis: { type: "category", title: { text: plainText(map.axes[1]) }, fixedrange: true }, margin: { l: 60, r: 12, t: 12, b: 52 } });
  };
  fill();
  chart("chart-heat", draw);
  metric.addEventListener("change", () => { fill(); draw(); });
  pair.addEventListener("change", draw);
}

// A column scaled to 0..1, with the texts of its ends.
function scaled(values, words, write) {
  const known = [...values].filter((value) => value === value);
  const low = known.length ? Math.min(...known) : 0, high = known.length ? Math.max(...known) : 1;
  const at = Array.from(values, (value) => (value !== value ? null : high > low ? (value - low) / (high - low) : 0.5));
  return { at, low: words ? words[low] : write(low), high: words ? words[high] : write(high) };
}

function parallelChart(data) {
  const metric = $("parallel-metric"), few = $("parallel-few");
  fillSelect(metric, Object.entries(data.metrics).map(([key, each]) => [key, each.label]), data.metric);
  const draw = () => {
    const kind = data.metrics[metric.value], sign = kind.higher ? 1 : -1;
    const rows = [...data.lines.keys()].filter((row) => data.lines[row] && kind.values[row] === kind.values[row]);
    rows.sort((a, b) => sign * (kind.values[b] - kind.values[a]));
    const columns = data.axes.map((axis) => ({ name: broken(axis.name), ...scaled(axis.values, axis.words, (value) => String(+value.toPrecision(4))) }));
    columns.push({ name: plainText(kind.label).replace(", ", ",<br>"), ...scaled(kind.values, null, (value) => shownValue(kind, value)) });
    const shown = few.checked ? rows.slice(0, Math.max(1, Math.ceil(rows.length / 5))) : rows;
    const fifths = FIFTHS[style().dark ? "dark" : "light"], traces = [];
    for (let fifth = 4; fifth >= 0; fifth--) {
      const x = [], y = [], text = [];
      shown.forEach((row, place) => {
        if (Math.floor(place * 5 / shown.length) !== fifth) return;
        const said = told(data, row) + `<br>${plainText(kind.label)} ${shownValue(kind, kind.values[row])}`;
        columns.forEach((column, k) => { x.push(k); y.push(column.at[row]); text.push(said); });
        x.push(null); y.push(null); text.push("");
      });
      if (x.length) traces.push({ type: "scatter", mode: "lines", x, y, text, hovertemplate: "%{text}<extra></extra>", name: ["best fifth", "second", "middle", "fourth", "worst fifth"][fifth] + (few.checked ? " of these" : ""),
        line: { color: fifths[fifth], width: fifth === 0 ? 1.6 : 1 }, connectgaps: false });
    }
    const ends = columns.flatMap((column, k) => [[1, "bottom", column.high], [0, "top", column.low]].map(([y, yanchor, text]) =>
      ({ x: k, y, yanchor, text: plainText(text), showarrow: false, font: { size: 11 }, bgcolor: style().paper })));
    return show("chart-parallel", traces, { height: 440, annotations: ends, margin: { l: 40, r: 40, t: 40, b: 70 },
      xaxis: { tickvals: columns.map((_, k) => k), ticktext: columns.map((column) => column.name), range: [-0.15, columns.length - 0.85], fixedrange: true, gridcolor: style().soft },
      yaxis: { visible: false, range: [-0.08, 1.08], fixedrange: true }, legend: { orientation: "h", yanchor: "bottom", y: 1.02, x: 0, traceorder: "reversed" } });
  };
  chart("chart-parallel", draw);
  for (const control of [metric, few]) control.addEventListener("change", draw);
}

async function start() {
  document.querySelectorAll(".sortable table").forEach(sortable);
  const data = await readData();
  await loadPlotly();
  for (const prepare of [costChart, frontChart, effectChart, heatChart, parallelChart]) prepare(data);
  for (const { draw } of DRAWN) {
    await draw();
    await new Promise((next) => setTimeout(next, 0));
  }
  dark.addEventListener("change", () => DRAWN.forEach(({ draw }) => draw()));
  document.body.dataset.drawn = String(DRAWN.length);
}

function failed(reason) {
  document.documentElement.classList.remove("live");
  $("trouble").hidden = false;
  $("trouble").textContent = `${reason} The tables below are complete without it.`;
}

if (document.documentElement.classList.contains("live")) {
  start().catch((error) => { failed(`The charts could not be drawn (${error.message}).`); console.error(error); });
} else failed("This browser cannot unpack the charts (it lacks DecompressionStream); a newer one can.");
