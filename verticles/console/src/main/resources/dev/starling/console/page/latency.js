import {html, useEffect, useRef, useState} from "./preact.js";
import {Table, clock, counted, millis, span as length} from "./parts.js";
import {ask} from "./ops.js";
import {choose, to} from "./route.js";

const PERCENTILES = ["p50", "p90", "p99", "p99.9"];
const COLOURS = {p50: "--plot-1", p90: "--plot-2", p99: "--plot-3", "p99.9": "--plot-4", calls: "--plot-1", failed: "--plot-4"};
const DASHES = {p90: [8, 3], p99: [4, 3], "p99.9": [2, 3], failed: [4, 3]};
const SPANS = [["60", "1 minute"], ["300", "5 minutes"], ["900", "15 minutes"]];

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function time(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString("en-GB");
}

/** Marks at the time axis where something has happened, as a plugin of uPlot. */
function markers(shown, chosen) {
  return {
    hooks: {
      draw: plot => {
        const {ctx, bbox} = plot;
        ctx.save();
        const there = at => at >= plot.scales.x.min && at <= plot.scales.x.max;
        if (there(chosen.current)) {
          const x = Math.round(plot.valToPos(chosen.current, "x", true));
          ctx.fillStyle = colour("--accent");
          ctx.fillRect(x - 1, bbox.top, 2, bbox.height);
        }
        ctx.fillStyle = colour("--quiet");
        for (const event of shown.current) {
          const at = new Date(event.at) / 1000;
          if (there(at)) {
            const x = plot.valToPos(at, "x", true);
            const y = bbox.top + bbox.height;
            ctx.beginPath();
            ctx.moveTo(x, y - 9);
            ctx.lineTo(x + 4, y);
            ctx.lineTo(x - 4, y);
            ctx.fill();
          }
        }
        ctx.restore();
      },
    },
  };
}

function Plot({label, names, unit, data, events, theme, at}) {
  const element = useRef();
  const plot = useRef();
  const shown = useRef(events);
  shown.current = events;
  const chosen = useRef();
  chosen.current = at;
  useEffect(() => {
    const axis = {stroke: colour("--quiet"), grid: {stroke: colour("--line"), width: 1}, ticks: {stroke: colour("--line"), width: 1}};
    const size = () => ({width: Math.max(240, element.current.clientWidth), height: 220});
    plot.current = new uPlot(
      {
        ...size(),
        cursor: {sync: {key: "latency"}},
        plugins: [markers(shown, chosen)],
        axes: [{...axis, values: (u, values) => values.map(time)}, {...axis, size: 80, values: (u, values) => values.map(v => `${v} ${unit}`)}],
        series: [
          {label: "Time", value: (u, value) => (value ? time(value) : "–")},
          ...names.map(name => ({label: name, stroke: colour(COLOURS[name]), width: 2, dash: DASHES[name], points: {show: unit === "ms", size: 4}})),
        ],
      },
      data,
      element.current,
    );
    const resized = new ResizeObserver(() => plot.current.setSize(size()));
    resized.observe(element.current);
    return () => {
      resized.disconnect();
      plot.current.destroy();
    };
  }, [theme, names.join()]);
  useEffect(() => {
    const u = plot.current;
    u.setData(data);
    queueMicrotask(() => { // when it has its new scale
      if (at >= u.scales.x.min && at <= u.scales.x.max) {
        u.setCursor({left: u.valToPos(at, "x"), top: u.bbox.height / devicePixelRatio / 2});
      }
    });
  }, [data, at]);
  return html`<div class="plot" ref=${element} role="img" aria-label=${label}></div>`;
}

function download(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Both plots with what they say, on paper of their theme. */
function picture(told, canvases) {
  const scale = devicePixelRatio;
  const head = 28 * scale;
  const all = document.createElement("canvas");
  all.width = Math.max(...canvases.map(each => each.width));
  all.height = head + canvases.reduce((sum, each) => sum + each.height, 0);
  const ctx = all.getContext("2d");
  ctx.fillStyle = colour("--paper");
  ctx.fillRect(0, 0, all.width, all.height);
  ctx.fillStyle = colour("--ink");
  ctx.font = `${13 * scale}px sans-serif`;
  ctx.fillText(`${told}, until ${new Date().toISOString()}`, 8 * scale, 18 * scale);
  let y = head;
  for (const each of canvases) {
    ctx.drawImage(each, 0, y);
    y += each.height;
  }
  return all;
}

/** Seconds that are shown at least: what led to the first call is to be seen, too. */
const LEAST = 60;

function columns(series, end, span) {
  const known = Math.min(series.calls.length, span);
  const length = Math.max(known, LEAST);
  const x = Array.from({length}, (_, i) => end - length + 1 + i);
  const last = name => [...Array(length - known).fill(null), ...series[name].slice(-known)];
  const times = PERCENTILES.map(name => last(name).map((value, i) => (last("calls")[i] ? value / 1000 : null)));
  return {x, times, calls: last("calls"), failed: last("failed")};
}

function csv({x, times, calls, failed}) {
  const lines = x.map((at, i) => [new Date(at * 1000).toISOString(), calls[i], failed[i], ...times.map(each => each[i] ?? "")].join(","));
  return [`time,calls,failed,${PERCENTILES.map(p => `${p}_ms`).join(",")}`, ...lines, ""].join("\n");
}

export function Latency({params, tick, events, theme}) {
  const [asked, setAsked] = useState(null);
  const [problem, setProblem] = useState(null);
  const [seen, setSeen] = useState(null);
  const section = useRef();
  const due = params.pause ? 0 : Math.floor(tick / 2);
  useEffect(() => {
    let late = false;
    ask("series")
      .then(all => late || (setAsked({all, end: Math.floor(Date.now() / 1000)}), setProblem(null)))
      .catch(failure => late || setProblem(failure.message));
    return () => (late = true);
  }, [due]);
  const names = Object.keys(asked?.all ?? {});
  const name = names.includes(params.operation) ? params.operation : names[0];
  const span = Number(params.span ?? 300);
  useEffect(() => setSeen(name ? columns(asked.all[name], asked.end, span) : null), [asked, name, span]);
  if (problem) {
    return html`<section class="paper"><h2 id="view" tabindex="-1">Latency</h2><p class="problem" role="alert">${problem}</p></section>`;
  }
  const called = seen ? seen.calls.reduce((a, b) => a + b, 0) : 0;
  const bad = seen ? seen.failed.reduce((a, b) => a + b, 0) : 0;
  const worst = seen ? Math.max(0, ...seen.times[2].map(v => v ?? 0)) : 0;
  const told = `${name}: ${counted(called, "call")} in ${length(seen?.x.length ?? 0)}, ${bad} failed, worst p99 of a second ${millis(worst)}`;
  const at = params.at ? new Date(params.at) / 1000 : undefined;
  const begin = seen?.x[0] ?? 0;
  const marked = events.filter(e => new Date(e.at) / 1000 >= begin).slice(-10).reverse();
  const tooOld = at !== undefined && seen && at < begin;
  function png() {
    picture(told, [...section.current.querySelectorAll("canvas")]).toBlob(blob => download(`${name}.png`, blob));
  }
  return html`
    <section class="data paper" aria-labelledby="view" ref=${section}>
      <h2 id="view" tabindex="-1">Latency</h2>
      ${asked === null && html`<p class="quiet">The node is being asked …</p>`}
      ${asked !== null && !name && html`<p class="quiet">Nothing has been called in the last 15 minutes. Make a call under Send, and it is plotted here.</p>`}
      ${seen && html`
        <div class="fields">
          <label>Operation
            <select id="operation" value=${name} onChange=${e => choose({operation: e.target.value})}>
              ${names.map(each => html`<option key=${each} value=${each}>${each}</option>`)}
            </select></label>
          <label>Time
            <select id="span" value=${String(span)} onChange=${e => choose({span: e.target.value})}>
              ${SPANS.map(([value, text]) => html`<option key=${value} value=${value}>${text}</option>`)}
            </select></label>
          <label class="check"><input id="pause" type="checkbox" checked=${params.pause === "true"} onChange=${e => choose({pause: e.target.checked ? "true" : ""})}/> Pause</label>
          <div class="actions">
            <button onClick=${() => choose({as: params.as === "table" ? "" : "table"})}>${params.as === "table" ? "Show as plots" : "Show as table"}</button>
            <button onClick=${() => download(`${name}.csv`, new Blob([csv(seen)], {type: "text/csv"}))}>Save CSV</button>
            ${params.as !== "table" && html`<button onClick=${png}>Save PNG</button>`}
          </div>
        </div>
        <p>${told}. Triangles at the axis are entries of the <a href=${to("journal")}>journal</a>.</p>
        ${tooOld && html`<p class="quiet">${clock(params.at)} is before what is shown: choose a longer time; 15 minutes are kept.</p>`}
        ${params.as === "table"
          ? html`<${Table} caption="Each second, the newest first" empty="" columns=${[["Time"], ["Calls", true], ["Failed", true], ...PERCENTILES.map(p => [p, true])]}
              rows=${seen.x.map((at, i) => ({key: at, cells: [time(at), seen.calls[i], seen.failed[i], ...seen.times.map(each => millis(each[i]))]})).filter(row => row.cells[1] || row.cells[2]).reverse()}/>`
          : html`
            <h3>Time of calls</h3>
            <${Plot} label=${`Percentiles. ${told}`} names=${PERCENTILES} unit="ms" data=${[seen.x, ...seen.times]} events=${events} theme=${theme} at=${at}/>
            <h3>Calls a second</h3>
            <${Plot} label=${`Calls and failures. ${told}`} names=${["calls", "failed"]} unit="/s" data=${[seen.x, seen.calls, seen.failed]} events=${events} theme=${theme} at=${at}/>
            <h3>What happened meanwhile</h3>
            ${marked.length === 0 && html`<p class="quiet">Nothing: no node, breaker or order has changed in this time.</p>`}
            <ul class="marked">${marked.map(e => html`
              <li key=${e.id}><button aria-pressed=${e.at === params.at} onClick=${() => choose({at: e.at === params.at ? "" : e.at})}>${clock(e.at)}</button> ${e.subject} ${e.text}</li>`)}</ul>`}`}
    </section>`;
}
