import {html, useEffect, useRef, useState} from "./preact.js";
import {access, person} from "./ops.js";

const MARKS = {
  closed: ["good", "●"],
  "half-open": ["unsure", "◐"],
  open: ["wrong", "■"],
  up: ["good", "●"],
  ready: ["good", "●"],
  healthy: ["good", "●"],
  silent: ["unsure", "◐"],
  draining: ["unsure", "◐"],
  "not ready": ["wrong", "■"],
  degraded: ["wrong", "■"],
  left: ["quiet", "✕"],
  ok: ["good", "●"],
  safe: ["good", "●"],
  "not safe": ["unsure", "◐"],
  changed: ["unsure", "◐"],
};

/** Class and shape of a state. */
export function mark(state) {
  return MARKS[state] ?? ["wrong", "■"];
}

/** A state by colour, shape and word. */
export function Mark({state}) {
  const [kind, shape] = mark(state);
  return html`<span class="mark ${kind}"><span aria-hidden="true">${shape}</span> ${state}</span>`;
}

/** How a node is, in one word. */
export function stateOf(node) {
  if (node.state !== "up") {
    return node.state;
  }
  return node.draining ? "draining" : node.ready ? "ready" : "not ready";
}

/** Why it is so, or nothing. */
export function why(node) {
  const down = (node.checks ?? []).filter(check => !check.up && !(node.draining && check.name === "drain"));
  if (node.state === "left") {
    return node.why ?? "left";
  }
  if (node.state === "silent") {
    return node.at ? `no word from it for ${Math.round(node.age / 1000)} s` : "a member that has said nothing yet";
  }
  return node.draining ? "drained by an operator" : down.map(check => `${check.name}: ${check.reason}`).join("; ");
}

export function millis(value) {
  if (value === undefined || value === null) {
    return "–";
  }
  return value >= 1000 ? `${(value / 1000).toFixed(2)} s` : `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}

export function rate(value) {
  return `${value >= 10 ? Math.round(value) : (value ?? 0).toFixed(1)}/s`;
}

export function share(part, whole) {
  return whole ? `${((100 * part) / whole).toFixed(part && part / whole < 0.1 ? 1 : 0)} %` : "–";
}

/** Calls of the last ten seconds that have failed. */
export function failed(lately) {
  return Object.values(lately?.failures ?? {}).reduce((sum, each) => sum + each, 0);
}

/** How calls end for which the caller is not to blame. */
const OURS = ["internal", "unavailable", "not-started", "overloaded", "timed-out"];

/** Those of them for which the flock is to blame. */
export function faults(lately) {
  return OURS.reduce((sum, code) => sum + (lately?.failures?.[code] ?? 0), 0);
}

export function total(lately) {
  return Math.round((lately?.rate ?? 0) * (lately?.seconds ?? 0));
}

export function counted(number, what) {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

export function bytes(value) {
  return value === undefined ? "–" : `${Math.round(value / 1048576)} MiB`;
}

export function clock(text) {
  return new Date(text).toLocaleTimeString("en-GB");
}

export function since(text, now) {
  const seconds = Math.max(0, Math.round((now - new Date(text)) / 1000));
  if (seconds < 120) {
    return `${seconds} s`;
  }
  const minutes = Math.floor(seconds / 60);
  return minutes < 120 ? `${minutes} min` : minutes < 2880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} d`;
}

export function span(seconds) {
  return seconds < 120 ? counted(seconds, "second") : counted(Math.round(seconds / 60), "minute");
}

/** Why orders cannot be given here; nothing where they can. */
export function Reason() {
  return access.role === "viewer"
    ? html`<p class="hint" id="reason">You are signed in as a viewer: what changes something is greyed out, and needs the operator's token.</p>`
    : null;
}

/** A button that changes something; whoever may not sees it, and why. */
export function Act({faulty, ...props}) {
  if (access.role === "viewer") {
    return html`<button ...${props} disabled aria-describedby="reason"/>`;
  }
  return faulty && !access.faults
    ? html`<button ...${props} disabled title="faults.enabled is off on this node"/>`
    : html`<button ...${props}/>`;
}

const ENDS = {".": "well", s: "slow", x: "failed", t: "not in time"};
const SHAPES = {
  ".": (x, y) => `M${x + 2} ${y + 2}h6v6h-6z`,
  s: (x, y) => `M${x} ${y + 5}h10v5h-10z`,
  x: (x, y) => `M${x} ${y}h10v10h-10z`,
  t: (x, y) => `M${x} ${y}h10v10h-10zM${x + 3} ${y + 3}h4v4h-4z`,
};

/** The calls that a breaker remembers, each as a square: by colour, by shape, and counted for those who do not see. */
export function Squares({trail}) {
  const COLUMNS = 14;
  const SIZE = 11;
  const paths = {".": "", s: "", x: "", t: ""};
  const counts = {x: 0, t: 0, s: 0, ".": 0};
  for (let i = 0; i < trail.length; i++) {
    const [x, y] = [(i % COLUMNS) * SIZE, Math.floor(i / COLUMNS) * SIZE];
    counts[trail[i]]++;
    paths[trail[i]] += SHAPES[trail[i]]?.(x, y);
  }
  const said = Object.entries(counts).filter(([, n]) => n > 0).map(([mark, n]) => `${n} ${ENDS[mark]}`).join(", ");
  if (!trail) {
    return html`<span class="quiet">none lately</span>`;
  }
  return html`
    <svg class="squares" width=${COLUMNS * SIZE} height=${Math.ceil(trail.length / COLUMNS) * SIZE} role="img" aria-label=${said}>
      <title>${said}, the oldest first</title>
      <path class="good" d=${paths["."]}/>
      <path class="unsure" d=${paths.s}/>
      <path class="wrong" d=${paths.x}/>
      <path class="wrong" fill-rule="evenodd" d=${paths.t}/>
    </svg>`;
}

/** Rows of which there may be very many: the first ones until more are asked for; cells of others may be left to a function. */
export function Table({caption, columns, rows, empty, first = 100}) {
  const [most, setMost] = useState(first);
  if (rows.length === 0) {
    return html`<p class="quiet">${empty}</p>`;
  }
  return html`
    <div class="scroll" role="region" aria-label=${caption} tabindex="0">
      <table>
        <caption class="unseen">${caption}</caption>
        <thead><tr>${columns.map(([name, number]) => html`<th scope="col" class=${number ? "number" : ""}>${name}</th>`)}</tr></thead>
        <tbody>
          ${rows.slice(0, most).map(({key, cells}) => html`
            <tr key=${key}>${(typeof cells === "function" ? cells() : cells).map((cell, i) => html`<td class=${columns[i][1] ? "number" : ""}>${cell}</td>`)}</tr>`)}
        </tbody>
      </table>
    </div>
    ${rows.length > most && html`<p><button onClick=${() => setMost(most * 10)}>Show more of the ${rows.length}</button></p>`}`;
}

/** A question before anything is done; what it wants done is said by its button. */
export function Question({question, done}) {
  const dialog = useRef();
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current.showModal();
    return () => before?.isConnected && before.focus();
  }, []);
  async function act(event) {
    event.preventDefault();
    setBusy(true);
    try {
      const form = new FormData(event.target);
      person.set(form.get("person"));
      await question.act(form);
      done(question.done);
    } catch (failure) {
      setProblem(failure.message);
      setBusy(false);
    }
  }
  return html`
    <dialog ref=${dialog} aria-labelledby="question" onClose=${() => done(null)}>
      <form onSubmit=${act}>
        <h2 id="question">${question.title}</h2>
        <p>${question.text}</p>
        ${problem && html`<p class="problem" role="alert">${problem}</p>`}
        <div class="form">
          ${question.fields}
          <label>Your name, for the journal; this browser remembers it<input name="person" defaultValue=${person.get()} maxlength="60" autocomplete="off" spellcheck="false"/></label>
        </div>
        <div class="actions">
          <button type="submit" class="main" disabled=${busy}>${question.action}</button>
          <button type="button" onClick=${() => dialog.current.close()}>Cancel</button>
        </div>
      </form>
    </dialog>`;
}
