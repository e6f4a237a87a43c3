"use strict";
(() => {
  const started = performance.now();
  const data = JSON.parse(document.getElementById("data").textContent);
  const PAGE = 50, PRINTED = 300;
  const VERDICTS = ["illegal", "unknown", "open", "complete", "none"];
  const ICONS = { illegal: "✗", unknown: "?", open: "▷", complete: "✓", none: "∅" };
  const SEVERITIES = ["error", "warning", "note"];
  const SIGNS = { error: "✗", warning: "!", note: "i" };
  const state = { verdicts: new Set(), codes: new Set(), edge: null, words: [], sort: "faults", scale: "own", page: 0 };
  const opened = new Set();
  const $ = (id) => document.getElementById(id);
  const runs = data.runs.map((r, n) => ({
    n, id: r[0], file: r[1], lifecycle: r[2], verdict: VERDICTS[r[3]], base: r[4], path: r[5], next: r[7], whole: r[8],
    findings: r[6].map((f) => [f[0], f[1], data.texts[f[2]], f[3], f[4], data.texts[f[5]], f[6], f[7], data.texts[f[8]], f[9].map((t) => data.texts[t])]),
    errors: r[6].reduce((sum, f) => sum + (f[1] === 0), 0), hay: null, span: null,
  }));

  // Text from outside is only ever set as text; what could turn or hide the text around it is written as its number.
  const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
  const plain = (text) => String(text).replace(UNSEEN, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
  const short = (text, most) => { const p = plain(text); return p.length > most ? p.slice(0, most - 1) + "…" : p; };
  function make(tag, props, ...children) {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(props || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (key === "class") node.className = value;
      else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else node.setAttribute(key, value === true ? "" : value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }
  const bdi = (text, cls) => make("bdi", { class: cls }, plain(text));
  const many = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
  function lasting(seconds) {
    if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
    if (seconds < 120) return `${+seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
    if (seconds < 7200) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
    if (seconds < 172800) return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
    return `${+(seconds / 86400).toFixed(1)} days`;
  }
  function clock(seconds) {
    const date = new Date(seconds * 1000);
    return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().replace("T", " ").replace(/\.000Z$|Z$/, " UTC");
  }

  // -- one run: legs to scale -------------------------------------------------------------------------------------------
  // A leg is [status, since or null, line or null, times, faulty]; since counts from the run's first known time.
  const status = (run, leg) => data.lifecycles[run.lifecycle].statuses[leg[0]];
  const ends = (run, leg) => data.lifecycles[run.lifecycle].terminal.includes(leg[0]);
  function span(run) {
    if (run.span) return run.span;
    // a time before the ones that stand before it is no measure: it counts as unknown
    let latest = -Infinity, backwards = false;
    const at = run.path.map((leg) => {
      if (leg[1] === null) return null;
      if (leg[1] < latest) { backwards = true; return null; }
      return (latest = leg[1]);
    });
    const count = at.length, first = at.findIndex((t) => t !== null);
    const total = first < 0 ? 0 : latest - at[first];
    const even = total <= 0;
    const guessed = at.map(() => even), lengths = at.map(() => 1);
    let why = null;
    if (even) {
      if (count > 1) why = at.filter((t) => t !== null).length > 1 ? "All in one second: the statuses are spaced evenly." : "Times unknown: the statuses are spaced evenly.";
    } else {
      for (let i = 0; i < count; i++) lengths[i] = i + 1 < count && at[i] !== null && at[i + 1] !== null ? at[i + 1] - at[i] : 0;
      for (let i = 0; i < count; i++) {
        if (at[i] !== null) continue;
        let b = i;
        while (b < count && at[b] === null) b++;
        const a = Math.max(i - 1, 0);
        // between two times the statuses share the stretch; before the first or after the last, they are given some
        const share = i > 0 && b < count ? (at[b] - at[i - 1]) / (b - a) : total * 0.15;
        for (let k = a; k < b; k++) { lengths[k] = share; guessed[k] = true; }
        i = b;
      }
      if (at.includes(null)) why = "≈ a time is unknown here: these statuses are drawn equally long.";
    }
    if (backwards) why = `A time runs back, and is not used. ${why || ""}`;
    return (run.span = { total: even ? null : total, lengths, guessed, why, even });
  }
  const longest = Math.max(1e-9, runs.reduce((most, run) => Math.max(most, span(run).total || 0), 0));

  function legWords(run, i) {
    const leg = run.path[i], s = span(run);
    const lasts = !s.even && !s.guessed[i] && i + 1 < run.path.length ? ` ${lasting(s.lengths[i])}` : "";
    return `${leg[4] ? "✗ " : ""}${plain(status(run, leg))}${lasts}${leg[3] > 1 ? ` ×${leg[3]}` : ""}`;
  }
  function track(run) {
    const s = span(run);
    const marks = new Map();
    for (const f of run.findings) {
      if (f[4] === null) continue;
      const mark = marks.get(f[4]) || { worst: 2, codes: [] };
      mark.worst = Math.min(mark.worst, f[1]);
      mark.codes.push(f[0]);
      marks.set(f[4], mark);
    }
    const words = run.path.map((_, i) => legWords(run, i)).join(" → ");
    const row = make("div", { class: "track", role: "img", "aria-label": words || "no known status" });
    if (state.scale === "all" && !s.even) row.style.width = `max(${(s.total / longest) * 100}%, ${run.path.length * 28 + 90}px)`;
    run.path.forEach((leg, i) => {
      const cap = i === run.path.length - 1 && ends(run, leg);
      const classes = ["leg", `p${leg[0] % 4}`];
      if (cap) classes.push("cap");
      if (s.guessed[i] && !s.even && !cap) classes.push("guess");
      if (leg[4]) classes.push("faulty");
      const since = leg[1] === null ? "time unknown" : clock(run.base + leg[1]);
      const node = make("div", { class: classes.join(" "), title: `${legWords(run, i)}; since ${since}${leg[2] ? `; line ${leg[2]}` : ""}` });
      node.style.setProperty("--c", `var(--s${leg[0] % 8})`);
      if (!cap) {
        const last = i === run.path.length - 1;
        node.style.flexGrow = String(Math.max(last && !s.even && !s.guessed[i] ? s.total * 0.08 : s.lengths[i], 1e-6));
      }
      const mark = marks.get(i);
      if (mark) node.append(make("span", { class: `mark ${SEVERITIES[mark.worst]}`, title: mark.codes.join(", ") }, `${SIGNS[SEVERITIES[mark.worst]]} ${mark.codes.length > 1 ? mark.codes.length : ""}`.trim()));
      node.append(make("span", {}, (leg[4] ? "✗ " : "") + plain(status(run, leg)) + (s.guessed[i] && !s.even && !cap ? " ≈" : "") + (!s.even && !s.guessed[i] && s.lengths[i] > 0 ? ` ${lasting(s.lengths[i])}` : "")));
      row.append(node);
    });
    if (run.next.length) row.append(make("span", { class: "more" }, "… open"));
    return row;
  }

  function where(f) {
    const line = f[3] === null ? "" : `line ${f[3]}`;
    const place = f[7] && f[7] !== "$" ? `, ${plain(f[7])}` : "";
    return `${plain(data.files[f[6]])}${line ? `, ${line}` : ""}${place}`;
  }
  function findingCard(f) {
    const severity = SEVERITIES[f[1]], known = data.codes[f[0]];
    const rows = [["where", make("span", {}, bdi(where(f)))]];
    if (f[9].length) rows.push(["allowed", make("span", { class: "mono" }, f[9].map((a) => plain(a)).join(", "))]);
    if (f[8]) rows.push(["announced as", bdi(f[8], "mono")]);
    if (known) rows.push(["why", document.createTextNode(known[1])]);
    if (f[5]) rows.push(["to mend it", make("span", {}, bdi(f[5]))]);
    return make("section", { class: `finding ${severity}` },
      make("h4", {}, make("span", { class: "sev" }, `${SIGNS[severity]} ${severity} ${f[0]}`), known ? ` ${known[0]}` : ""),
      make("p", {}, bdi(f[2])),
      make("dl", {}, ...rows.flatMap(([term, what]) => [make("dt", {}, term), make("dd", {}, what)])));
  }
  function legTable(run) {
    const s = span(run);
    const head = ["status", "since", "lasted", "line", "seen"].map((word, i) => make("th", { scope: "col", class: i > 1 ? "num" : null }, word));
    const body = run.path.map((leg, i) => make("tr", {},
      make("td", {}, make("span", { class: "mono" }, (leg[4] ? "✗ " : "") + plain(status(run, leg)))),
      make("td", {}, leg[1] === null ? "unknown" : clock(run.base + leg[1])),
      make("td", { class: "num" }, s.even || s.guessed[i] || i + 1 === run.path.length ? "–" : lasting(s.lengths[i])),
      make("td", { class: "num" }, leg[2] === null ? "–" : String(leg[2])),
      make("td", { class: "num" }, `×${leg[3]}`)));
    return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Statuses as a table" },
      make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body)));
  }
  function detail(run) {
    const findings = make("div", {}, make("h3", {}, run.findings.length ? many(run.findings.length, "finding") : "Nothing found"),
      ...run.findings.map(findingCard));
    if (run.verdict === "none") return make("div", { class: "detail" }, findings);
    const what = make("div", {}, make("h3", {}, "What was seen"), run.path.length ? legTable(run) : make("p", {}, "No known status."));
    if (run.next.length) what.append(make("p", { class: "small" }, "May legally come next: ", make("span", { class: "mono" }, run.next.map((i) => plain(data.lifecycles[run.lifecycle].statuses[i])).join(", "))));
    what.append(make("p", { class: "small soft" }, `Judged by ${plain(data.lifecycles[run.lifecycle].name)}.`));
    return make("div", { class: run.findings.length ? "detail two" : "detail" }, findings, what);
  }
  function row(run) {
    const open = opened.has(run.n);
    const s = span(run);
    const counts = new Map();
    for (const f of run.findings) counts.set(f[0], [f[1], (counts.get(f[0]) || [0, 0])[1] + 1]);
    const all = [...counts];
    const chips = all.slice(0, 4).map(([code, [severity, count]]) =>
      make("span", { class: `chip ${SEVERITIES[severity]}` }, `${SIGNS[SEVERITIES[severity]]} ${code}${count > 1 ? ` ×${count}` : ""}`));
    if (all.length > 4) chips.push(make("span", { class: "chip none" }, `+${all.length - 4}`));
    const none = run.verdict === "none";
    const button = make("button", { class: "toggle", type: "button", "aria-expanded": String(open), onclick: () => toggle(run, item) },
      make("span", { class: "verdict" }, `${ICONS[run.verdict]} ${none ? "no run" : run.verdict}`),
      make("bdi", { class: "id" }, none ? "Findings that belong to no run" : short(run.id, 160)),
      make("span", { class: "meta" }, bdi(short(data.files[run.file], 80)), run.path.length > 1 && s.total > 0 ? ` · ${lasting(s.total)}` : ""),
      make("span", { class: "end" }, ...chips));
    const item = make("li", { class: `run ${run.verdict}`, "data-n": run.n }, make("h3", {}, button));
    if (run.path.length) {
      const bar = track(run);
      bar.addEventListener("click", () => toggle(run, item));
      item.append(bar);
      if (s.why) item.append(make("p", { class: "why" }, s.why));
    } else if (!none) item.append(make("p", { class: "why" }, "No known status was seen."));
    if (open) item.append(detail(run));
    return item;
  }
  function toggle(run, item) {
    const button = item.querySelector(".toggle");
    if (opened.delete(run.n)) item.querySelector(".detail").remove();
    else { opened.add(run.n); item.append(detail(run)); }
    button.setAttribute("aria-expanded", String(opened.has(run.n)));
  }

  // -- the list ---------------------------------------------------------------------------------------------------------
  function hay(run) {
    if (run.hay === null) {
      const lc = data.lifecycles[run.lifecycle];
      run.hay = [run.id, data.files[run.file], run.verdict, lc ? lc.name : "", ...run.path.map((leg) => status(run, leg)),
        ...run.findings.flatMap((f) => [f[0], f[2], f[8], (data.codes[f[0]] || [""])[0]])].join("\n").toLowerCase();
    }
    return run.hay;
  }
  function took(run, [lifecycle, source, target]) {
    if (run.lifecycle !== lifecycle) return false;
    return run.path.some((leg, i) => leg[0] === target && (source === -1 ? i === 0 && run.whole && !leg[4]
      : source === target ? leg[3] > 1 : i > 0 && run.path[i - 1][0] === source));
  }
  function matches(run) {
    if (state.verdicts.size && !state.verdicts.has(run.verdict)) return false;
    if (state.codes.size && !run.findings.some((f) => state.codes.has(f[0]))) return false;
    if (state.edge && !took(run, state.edge)) return false;
    return state.words.every((word) => hay(run).includes(word));
  }
  const ORDERS = {
    log: (a, b) => a.n - b.n,
    faults: (a, b) => VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict) || b.errors - a.errors || b.findings.length - a.findings.length || a.n - b.n,
    longest: (a, b) => (span(b).total || 0) - (span(a).total || 0) || a.n - b.n,
  };
  let shown = [];
  function apply() {
    shown = runs.filter(matches).sort(ORDERS[state.sort]);
    state.page = 0;
    render();
  }
  function render() {
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    state.page = Math.min(Math.max(state.page, 0), pages - 1);
    const from = state.page * PAGE;
    $("list").replaceChildren(...shown.slice(from, from + PAGE).map(row));
    const only = shown.filter((run) => run.verdict !== "none").length;
    const filtered = state.verdicts.size || state.codes.size || state.edge || state.words.length;
    const range = shown.length > PAGE ? `, ${from + 1} to ${Math.min(from + PAGE, shown.length)} on this page` : "";
    $("count").textContent = filtered ? `${many(only, "run")} of ${data.total.toLocaleString("en")} match${only === 1 ? "es" : ""}${range}` : `${many(data.total, "run")}${range}`;
    $("clear").hidden = !filtered;
    $("nothing").hidden = shown.length > 0;
    for (const pager of document.querySelectorAll(".pager")) {
      pager.hidden = pages === 1;
      pager.querySelector(".back").disabled = state.page === 0;
      pager.querySelector(".on").disabled = state.page === pages - 1;
      pager.querySelector(".at").textContent = `Page ${state.page + 1} of ${pages}`;
    }
    for (const button of document.querySelectorAll("[data-verdict]")) button.setAttribute("aria-pressed", String(state.verdicts.has(button.dataset.verdict)));
    for (const button of document.querySelectorAll("[data-code]")) button.setAttribute("aria-pressed", String(state.codes.has(button.dataset.code)));
    for (const button of document.querySelectorAll("[data-edge]")) button.setAttribute("aria-pressed", String(state.edge !== null && button.dataset.edge === state.edge.join(" ")));
  }
  function turn(step) {
    state.page += step;
    render();
    $("runs").scrollIntoView({ block: "start" });
    const first = $("list").querySelector(".toggle");
    if (first) first.focus({ preventScroll: true });
  }
  const flip = (set, value) => { if (!set.delete(value)) set.add(value); apply(); };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.verdict) flip(state.verdicts, button.dataset.verdict);
    else if (button.dataset.code) flip(state.codes, button.dataset.code);
    else if (button.dataset.edge) {
      const same = state.edge && state.edge.join(" ") === button.dataset.edge;
      state.edge = same ? null : button.dataset.edge.split(" ").map(Number);
      apply();
    } else if (button.classList.contains("back")) turn(-1);
    else if (button.classList.contains("on")) turn(1);
  });
  $("clear").addEventListener("click", () => {
    state.verdicts.clear(); state.codes.clear(); state.edge = null; state.words = []; $("search").value = "";
    apply(); $("search").focus();
  });
  let waiting = 0;
  $("search").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { state.words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean); apply(); }, 120);
  });
  $("sort").addEventListener("change", () => { state.sort = $("sort").value; apply(); });
  $("scale").addEventListener("change", () => { state.scale = $("scale").value; render(); });
  $("list").addEventListener("keydown", (event) => {
    if (!event.target.classList.contains("toggle") || event.ctrlKey || event.altKey || event.metaKey) return;
    const buttons = [...$("list").querySelectorAll(".toggle")];
    const at = buttons.indexOf(event.target);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (event.key === "PageDown" || event.key === "PageUp") {
      const step = event.key === "PageDown" ? 1 : -1;
      if (shown.length > PAGE) { event.preventDefault(); turn(step); }
    } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      const open = event.target.getAttribute("aria-expanded") === "true";
      if (open !== (event.key === "ArrowRight")) { event.preventDefault(); event.target.click(); }
    } else if (to !== undefined && buttons[to]) { event.preventDefault(); buttons[to].focus(); }
  });
  let before = null;
  window.addEventListener("beforeprint", () => {
    if (before) return;
    before = new Set(opened);
    for (const run of shown.slice(0, PRINTED)) if (run.findings.length) opened.add(run.n);
    $("list").replaceChildren(...shown.slice(0, PRINTED).map(row));
    if (shown.length > PRINTED) $("list").append(make("li", {}, `The first ${PRINTED} of ${shown.length.toLocaleString("en")} are printed: filter, then print again.`));
  });
  window.addEventListener("afterprint", () => {
    opened.clear();
    for (const n of before || []) opened.add(n);
    before = null;
    render();
  });

  // -- the key to the colours: the statuses that were seen ----------------------------------------------------------------
  const seen = new Map();
  for (const run of runs) for (const leg of run.path) seen.set(`${run.lifecycle} ${leg[0]}`, [run.lifecycle, leg[0]]);
  const names = [...seen.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  $("key").append(...names.map(([lifecycle, s]) => {
    const swatch = make("i", { class: `p${s % 4}` });
    swatch.style.setProperty("--c", `var(--s${s % 8})`);
    return make("li", {}, swatch, plain(data.lifecycles[lifecycle].statuses[s]));
  }));
  apply();
  document.documentElement.dataset.ready = String(Math.round(performance.now() - started));
})();
