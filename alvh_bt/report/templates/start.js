// Start: say so where the browser cannot, else unpack, fill the tables, draw one chart after the other.
async function start() {
  const data = await readData();
  data.texts = Array.from(data.dates, dayText);
  journalTable(data);
  await loadPlotly();
  for (const prepare of [navChart, waterfallChart, partsChart, regimeChart, crisisChart, vixChart, dayPicker]) prepare(data);
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
  $("trouble").textContent = `${reason} The tables, the pictures and the settings below are complete without it.`;
}

$("copy-study").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText($("study-toml").textContent);
    $("copy-said").textContent = "Copied.";
  } catch {
    $("study-toml").closest("details").open = true;
    getSelection().selectAllChildren($("study-toml"));
    $("copy-said").textContent = "Selected: copy it with the keyboard.";
  }
});

if (document.documentElement.classList.contains("live")) {
  start().catch((error) => { failed(`The charts could not be drawn (${error.message}).`); console.error(error); });
} else failed("This browser cannot unpack the charts (it lacks DecompressionStream); a newer one can.");
