// What the page carries, unpacked: base64 of gzip -> header (JSON) and typed arrays.
const $ = (id) => document.getElementById(id);
const KINDS = { f4: Float32Array, i4: Int32Array, u4: Uint32Array, i2: Int16Array, u2: Uint16Array, u1: Uint8Array };

async function unpacked(id) {
  const text = atob($(id).textContent.trim());
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

// Put the arrays in the places of their references; a table of whole steps becomes a function of its row.
function restored(value, buffer, base) {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((each) => restored(each, buffer, base));
  if ("at" in value && "type" in value) return new KINDS[value.type](buffer, base + value.at, value.count);
  const out = {};
  for (const [key, each] of Object.entries(value)) out[key] = restored(each, buffer, base);
  return out;
}

async function readData() {
  const buffer = await unpacked("page-data");
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  return restored(header, buffer, 8 + length);
}

async function loadPlotly() {
  const code = new TextDecoder().decode(await unpacked("page-plotly"));
  const script = document.createElement("script");
  script.textContent = code;
  document.head.append(script);
}

const DAY = 86400000;
const dayText = (day) => new Date(day * DAY).toISOString().slice(0, 10);
const number = (value, digits) => value === null || value === undefined || Number.isNaN(value) ? "n/a"
  : (Math.round(value * 10 ** digits) / 10 ** digits + 0).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const usd = (value) => number(value, 0);
const percent = (value, digits = 2) => value === null || value === undefined || Number.isNaN(value) ? "n/a" : number(100 * value, digits) + "%";
// A change, with its sign: a profit is told from a loss without its colour.
const signed = (value, digits = 0) => (value > 0 ? "+" : "") + number(value, digits);

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function fillSelect(select, values, chosen) {
  select.replaceChildren(...values.map((each) => {
    const [value, label] = Array.isArray(each) ? each : [each, each];
    return element("option", value === chosen ? { value, selected: "" } : { value }, label);
  }));
}
