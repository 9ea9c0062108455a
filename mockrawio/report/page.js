"use strict";
// Draws the figures of the page, and makes its tables sortable. All data is in the page itself.
(() => {
  const content = JSON.parse(document.getElementById("figures").textContent);
  const root = document.documentElement;
  const systemDark = window.matchMedia("(prefers-color-scheme: dark)");
  const narrow = window.matchMedia("(max-width: 40rem)");
  const MOST_BINS = narrow.matches ? 300 : 1000; // of a trace at once, about a pixel each
  const MOST_EVENTS = 400; // marks at once
  const INKS = 8;
  const CONFIG = { responsive: true, displayModeBar: false, displaylogo: false };
  const PAPER = 680; // pixels between the margins of a page

  // ---- light and dark ----

  const KEY = "mockrawio-report-theme";
  const stored = () => {
    try { return localStorage.getItem(KEY); } catch { return null; }
  };
  const store = (name) => {
    try { localStorage.setItem(KEY, name); } catch { /* not allowed: then it is for this visit */ }
  };
  const theme = () => root.dataset.theme || (systemDark.matches ? "dark" : "light");
  const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();

  // The colours of the theme, then hues far from each other, so that none comes twice.
  function inkOf(k) {
    if (k < INKS) return colour(`ink-${k}`);
    const channel = (n) => { // of HSL, as #rrggbb
      const hue = (k * 137.508) % 360, light = theme() === "dark" ? 0.72 : 0.36, part = 0.55 * Math.min(light, 1 - light);
      const at = (n + hue / 30) % 12;
      const value = light - part * Math.max(-1, Math.min(at - 3, 9 - at, 1));
      return Math.round(255 * value).toString(16).padStart(2, "0");
    };
    return `#${channel(0)}${channel(8)}${channel(4)}`;
  }

  const axisLook = () => ({ gridcolor: colour("grid"), linecolor: colour("line"), zerolinecolor: colour("line") });

  function look(layout) {
    const changes = {
      "font.color": colour("text"), paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      "hoverlabel.bgcolor": colour("card"), "hoverlabel.font.color": colour("text"),
    };
    for (const name of Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key)))
      for (const [key, value] of Object.entries(axisLook())) changes[`${name}.${key}`] = value;
    (layout.shapes || []).forEach((shape, k) => {
      if (shape.line && shape.line.width) changes[`shapes[${k}].line.color`] = colour("quiet");
      else changes[`shapes[${k}].fillcolor`] = colour("shade");
    });
    return changes;
  }

  // A trace says which ink it has in meta.ink, or that its marks have colours of their own; the rest follows the theme.
  function paint(plot, size = {}) {
    const inks = plot.data.map((trace) => inkOf((trace.meta && trace.meta.ink) || 0));
    const marks = plot.data.map((trace, k) => (trace.meta && trace.meta.own ? trace.marker.color : inks[k]));
    const lines = plot.data.map((trace, k) => (trace.type === "bar" ? null : inks[k]));
    const fills = plot.data.map((trace, k) => (trace.fill ? `${inks[k]}40` : null));
    const inked = { "line.color": lines, "marker.color": marks, fillcolor: fills };
    Plotly.update(plot, inks.length ? inked : {}, { ...look(plot.layout), ...size });
  }

  function showTheme(size) {
    const button = document.getElementById("theme");
    button.setAttribute("aria-pressed", String(theme() === "dark"));
    document.querySelectorAll(".js-plotly-plot").forEach((plot) => paint(plot, size));
  }

  // ---- numbers ----

  function floats(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Float32Array(bytes.buffer);
  }

  const shown = (value, digits = 4) => String(Number(value.toPrecision(digits)));

  function duration(seconds) {
    if (seconds < 1e-3) return `${shown(seconds * 1e6)} µs`;
    return seconds < 1 ? `${shown(seconds * 1e3)} ms` : `${shown(seconds)} s`;
  }

  // ---- moving about in a figure ----

  const range = (plot) => plot.layout.xaxis.range.map(Number);

  function move(plot, low, high) {
    const whole = plot.whole;
    if (high - low < (plot.least || 0)) return Promise.resolve();
    if (whole) {
      const width = Math.min(high - low, whole[1] - whole[0]);
      low = Math.min(Math.max(low, whole[0]), whole[1] - width);
      high = low + width;
    }
    return Plotly.relayout(plot, { "xaxis.range": [low, high] });
  }

  const ACTIONS = {
    left: (low, high) => [low - (high - low) / 4, high - (high - low) / 4],
    right: (low, high) => [low + (high - low) / 4, high + (high - low) / 4],
    in: (low, high) => [low + (high - low) / 4, high - (high - low) / 4],
    out: (low, high) => [low - (high - low) / 2, high + (high - low) / 2],
  };
  const KEYS = { ArrowLeft: "left", ArrowRight: "right", "+": "in", "=": "in", "-": "out", Home: "all", 0: "all" };

  function act(plot, action) {
    if (action === "all" && !plot.whole) return Plotly.relayout(plot, { "xaxis.autorange": true });
    if (action === "all") return move(plot, ...plot.whole);
    if (action === "finest") return move(plot, ...plot.finest);
    return move(plot, ...ACTIONS[action](...range(plot)));
  }

  function listen(plot) {
    plot.addEventListener("keydown", (event) => {
      const action = KEYS[event.key];
      if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      act(plot, action);
    });
    document.querySelectorAll(`button[data-plot="${plot.id}"]`).forEach((button) => {
      button.addEventListener("click", () => act(plot, button.dataset.action));
    });
  }

  // ---- any figure ----

  function layoutOf(given) {
    const axes = {};
    for (const [name, value] of Object.entries(given))
      if (/^[xy]axis\d*$/.test(name)) axes[name] = { automargin: true, zeroline: false, showline: true, ...value };
    return {
      autosize: true, height: 360, margin: { l: 60, r: 16, t: 16, b: 48 }, hovermode: "closest", showlegend: false,
      dragmode: window.matchMedia("(pointer: coarse)").matches ? false : "zoom",
      font: { family: "system-ui, 'DejaVu Sans', sans-serif", size: narrow.matches ? 11 : 13 },
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
      ...given, ...axes,
    };
  }

  function draw(plot, data, layout) {
    Plotly.newPlot(plot, data, layoutOf(layout), CONFIG);
    listen(plot);
  }

  // ---- traces: as fine as the view needs and the page holds ----

  // The points of one channel in a view: every sample, or around the lowest and highest of each bin, there and back.
  function points(pieces, channel, low, high, fold) {
    const x = [], y = [];
    let band = false;
    for (const piece of pieces) {
      const first = Math.max(0, Math.floor((low - piece.t0) / piece.dt) - 1);
      const last = Math.min(piece.n, Math.ceil((high - piece.t0) / piece.dt) + 2);
      if (last <= first) continue;
      if (x.length) { x.push(null); y.push(null); }
      const lows = piece.low, highs = piece.high || piece.low, begin = channel * piece.n;
      const single = !piece.high && fold === 1, back = [];
      band = band || !single;
      for (let k = first - (first % fold); k < last; k += fold) {
        let least = Infinity, most = -Infinity;
        for (let i = k; i < Math.min(k + fold, piece.n); i += 1) {
          if (lows[begin + i] < least) least = lows[begin + i]; // what is no number is passed over
          if (highs[begin + i] > most) most = highs[begin + i];
        }
        const time = piece.t0 + (single ? k : k + fold / 2) * piece.dt;
        if (!single && least > most) continue;
        x.push(time);
        y.push(least);
        if (!single) back.push([time, most]);
      }
      for (const [time, most] of back.reverse()) { x.push(time); y.push(most); }
    }
    return { x, y, fill: band ? "toself" : "none" };
  }

  // The pieces that show a view best, and what to say about them.
  function finest(stream, low, high) {
    const width = high - low;
    const inside = stream.samples.filter((p) => p.t0 <= low + p.dt && p.t0 + p.n * p.dt >= high - p.dt);
    const pieces = inside.length ? inside : stream.envelope.length ? stream.envelope : stream.samples;
    const seen = pieces.filter((p) => p.t0 < high && p.t0 + p.n * p.dt > low);
    if (!seen.length) return { pieces, fold: 1, say: "nothing recorded here" };
    const fold = Math.max(1, Math.ceil(width / seen[0].dt / MOST_BINS));
    const every = !seen[0].high && fold === 1;
    return { pieces, fold, say: every ? "every sample" : `lowest and highest of each ${duration(fold * seen[0].dt)}` };
  }

  function marksIn(marks, row, low, high) {
    const inside = marks.start.map((t, k) => [t, marks.label[k]]).filter(([t]) => t >= low && t <= high);
    const step = Math.max(1, Math.ceil(inside.length / MOST_EVENTS));
    const kept = inside.filter((_, k) => k % step === 0);
    const every = Math.round((step * marks.count) / Math.max(1, marks.start.length));
    return { x: kept.map(([t]) => t), y: kept.map(() => row), text: kept.map((mark) => mark[1]), every };
  }

  function drawTraces(plot, stream) {
    for (const piece of [...stream.envelope, ...stream.samples])
      for (const key of ["low", "high"]) if (piece[key]) piece[key] = floats(piece[key]);
    plot.whole = stream.whole;
    plot.finest = stream.finest;
    plot.least = 4 * stream.samples[0].dt;
    const say = document.getElementById(`${plot.id}-view`);
    const channels = [...Array(stream.channels).keys()], order = stream.data.map((_, k) => k);
    const seen = (low, high) => {
      const best = finest(stream, low, high);
      const lines = channels.map((k) => points(best.pieces, k, low, high, best.fold));
      const marks = stream.marks.map((one, k) => marksIn(one, k, low, high));
      const thinned = marks.filter((t) => t.every > 1).map((t) => `; 1 in ${t.every} of the events`);
      say.textContent = `${low.toFixed(3)} to ${high.toFixed(3)} s: ${best.say}${thinned.join("")}`;
      return [...lines, ...marks];
    };
    const update = () => {
      const all = seen(...range(plot));
      Plotly.restyle(plot, { x: all.map((t) => t.x), y: all.map((t) => t.y), text: all.map((t) => t.text), fill: all.map((t) => t.fill || "none") }, order);
      paint(plot);
    };
    const first = seen(...plot.whole);
    draw(plot, stream.data.map((trace, k) => ({ ...trace, ...first[k] })), stream.layout);
    plot.on("plotly_relayout", (change) => {
      if (!Object.keys(change).some((key) => /^xaxis\.(auto)?range/.test(key))) return;
      if (change["xaxis.autorange"]) move(plot, ...plot.whole); else update();
    });
  }

  // ---- one unit at a time ----

  function drawUnit(select) {
    const units = content.units, names = Object.keys(content.unit_layouts);
    const update = () => {
      for (const name of names) {
        const plot = document.getElementById(`plot-${name}`), unit = units[select.value];
        document.getElementById(`plot-${name}-caption`).textContent = unit[name].caption;
        const layout = layoutOf({ ...content.unit_layouts[name], ...unit[name].layout });
        Plotly.react(plot, unit[name].data, layout, CONFIG);
        paint(plot);
      }
    };
    select.addEventListener("change", update);
    update();
    names.forEach((name) => listen(document.getElementById(`plot-${name}`)));
  }

  // ---- tables ----

  function cellValue(row, column) {
    const cell = row.cells[column];
    const value = cell.dataset.value === undefined ? cell.textContent : cell.dataset.value;
    return value === "" || Number.isNaN(Number(value)) ? value : Number(value);
  }

  function compare(one, other) {
    if (typeof one === "number" && typeof other === "number") return one - other;
    if (typeof one !== typeof other) return typeof one === "number" ? -1 : 1;
    return one.localeCompare(other, "en", { numeric: true });
  }

  function sortable(table) {
    const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...body.rows].map((row) => [cellValue(row, column), row]);
        rows.sort((a, b) => (down ? -1 : 1) * compare(a[0], b[0]));
        body.replaceChildren(...rows.map(([, row]) => row));
      });
    });
  }

  // ---- all of it ----

  const saved = stored();
  if (saved === "dark" || saved === "light") root.dataset.theme = saved;
  const place = (id) => document.getElementById(id);
  for (const [id, one] of Object.entries(content.plots)) draw(place(id), one.data, one.layout);
  for (const [id, stream] of Object.entries(content.traces)) drawTraces(place(id), stream);
  const select = document.getElementById("unit");
  if (select) drawUnit(select);
  document.querySelectorAll("table.sortable").forEach(sortable);

  const button = document.getElementById("theme");
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = theme() === "dark" ? "light" : "dark";
    store(theme());
    showTheme();
  });
  systemDark.addEventListener("change", () => showTheme());
  showTheme();

  let before; // paper is white, and as wide as it is
  window.addEventListener("beforeprint", () => {
    before = root.dataset.theme;
    root.dataset.theme = "light";
    showTheme({ width: PAPER, autosize: false });
  });
  window.addEventListener("afterprint", () => {
    if (before === undefined) delete root.dataset.theme; else root.dataset.theme = before;
    showTheme({ width: null, autosize: true });
  });
  root.dataset.ready = "yes";
})();
