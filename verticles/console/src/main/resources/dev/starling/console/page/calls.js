import {html, useEffect, useState} from "./preact.js";
import {Mark, Table, clock, millis} from "./parts.js";
import {Waterfall, waterfall} from "./waterfall.js";
import {ask} from "./ops.js";
import {choose, to} from "./route.js";

/** Steps of a call as bars on one scale. */
function Steps({call}) {
  if (call.steps.length === 0) {
    return html`<p class="quiet">Steps are kept of slow and failed calls and of those made here.</p>`;
  }
  const whole = Math.max(call.millis, ...call.steps.map(s => s.at + s.millis), 0.001);
  return html`
    <table>
      <caption>${call.operation}, ${call.side} by ${call.node}: ${millis(call.millis)}</caption>
      <thead><tr><th scope="col">Step</th><th scope="col" class="number">After</th><th scope="col" class="number">Took</th><th scope="col">Outcome</th><th scope="col">When</th></tr></thead>
      <tbody>${call.steps.map((step, i) => html`
        <tr key=${i}><td>${step.name}</td><td class="number">${millis(step.at)}</td><td class="number">${millis(step.millis)}</td>
          <td><${Mark} state=${step.outcome}/></td>
          <td><svg class="steps" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
            <rect class=${step.outcome === "ok" ? "" : "wrong"} x=${(100 * step.at) / whole} y="1" height="8" width=${Math.max(0.6, (100 * step.millis) / whole)}/></svg></td></tr>`)}</tbody>
    </table>`;
}

function query(params) {
  const asked = {
    service: params.service,
    operation: params.operation,
    trace: params.trace,
    failed: params.failed,
    slower: params.slower && `${params.slower}ms`,
  };
  return new URLSearchParams(Object.entries(asked).filter(([, value]) => value)).toString();
}

/** Names a call among those that nodes remember. */
function keyOf(call) {
  return [call.trace, call.node, call.side, call.operation, call.at].join(" ");
}

/** The chosen call, with all hops of its trace, whichever of them the filters leave in the list. */
function Chosen({id, due}) {
  const trace = id.split(" ")[0];
  const [found, setFound] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    let late = false;
    ask(`calls?${new URLSearchParams({trace, limit: 500})}`)
      .then(answer => late || (setFound(answer), setProblem(null)))
      .catch(failure => late || setProblem(failure.message));
    return () => (late = true);
  }, [due]);
  const call = found?.calls.find(each => keyOf(each) === id);
  return html`
    <section class="paper" aria-label="Chosen call">
      <div class="head"><h3>Trace <code>${trace}</code></h3><button onClick=${() => choose({chosen: ""})}>Close</button></div>
      <p><a href=${to("calls", {trace})}>All hops of this trace</a></p>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      ${found === null ? !problem && html`<p class="quiet">Nodes are being asked …</p>`
        : !call ? html`<p class="quiet">Nodes do not remember it any more.</p>`
        : waterfall(found.calls, call) ? html`<${Waterfall} hops=${found.calls} chosen=${call}/>`
        : html`<${Steps} call=${call}/>`}
    </section>`;
}

export function Calls({flock, params, tick}) {
  const [found, setFound] = useState(null);
  const [problem, setProblem] = useState(null);
  const asked = query(params);
  const due = params.pause ? 0 : Math.floor(tick / 2);
  useEffect(() => {
    let late = false;
    ask(`calls?${asked}`)
      .then(answer => late || (setFound(answer), setProblem(null)))
      .catch(failure => late || setProblem(failure.message));
    return () => (late = true);
  }, [asked, due]);
  const field = (name, label, more = {}) => html`
    <label>${label}<input id=${name} value=${params[name] ?? ""} onInput=${e => choose({[name]: e.target.value.trim()})} ...${more}/></label>`;
  return html`
    <div class="data">
    ${params.chosen && html`<${Chosen} key=${params.chosen.split(" ")[0]} id=${params.chosen} due=${due}/>`}
    <section class="paper" aria-labelledby="view">
      <h2 id="view" tabindex="-1">Calls</h2>
      <div class="fields">
        <label>Service
          <select id="service" value=${params.service ?? ""} onChange=${e => choose({service: e.target.value})}>
            <option value="">all</option>${flock.services.map(s => html`<option key=${s.service} value=${s.service}>${s.service}</option>`)}
          </select></label>
        ${field("operation", "Operation")}
        ${field("slower", "Slower than, in ms", {inputmode: "numeric", pattern: "[0-9]*"})}
        ${field("trace", "Trace")}
        <label class="check"><input id="failed" type="checkbox" checked=${params.failed === "true"} onChange=${e => choose({failed: e.target.checked ? "true" : ""})}/> Only failed</label>
        <label class="check"><input id="pause" type="checkbox" checked=${params.pause === "true"} onChange=${e => choose({pause: e.target.checked ? "true" : ""})}/> Pause</label>
      </div>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      ${found?.silent.length > 0 && html`<p class="problem">No answer from ${found.silent.join(", ")}: their calls are missing here.</p>`}
      ${found === null ? html`<p class="quiet">Nodes are being asked …</p>` : html`
        <${Table} caption="Calls that nodes remember, the newest first"
          empty=${asked ? "No call that nodes remember matches." : "No call has been made yet; make one under Send."}
          columns=${[["Time"], ["Operation"], ["Outcome"], ["Took", true], ["Side"], ["Node"], ["Trace"]]}
          rows=${[...found.calls].sort((a, b) => (a.at < b.at ? 1 : -1)).map(call => {
            const key = keyOf(call);
            return {
              key,
              cells: [
                html`<time datetime=${call.at}>${clock(call.at)}</time>`, call.operation, html`<${Mark} state=${call.outcome}/>`,
                millis(call.millis), call.side, call.node,
                html`<a href=${to("calls", {...params, chosen: key})}><code>${call.trace.slice(0, 8)}</code></a>`,
              ],
            };
          })}/>`}
    </section>
    </div>`;
}
