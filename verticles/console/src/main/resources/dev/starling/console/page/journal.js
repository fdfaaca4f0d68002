import {html} from "./preact.js";
import {Table, clock} from "./parts.js";
import {choose, to} from "./route.js";

const KINDS = ["node", "service", "breaker", "order", "call"];

export function Journal({events, params}) {
  const text = (params.filter ?? "").toLowerCase();
  const found = events
    .filter(e => (!params.kind || e.kind === params.kind) && `${e.node} ${e.subject} ${e.text} ${e.by ?? ""}`.toLowerCase().includes(text))
    .reverse();
  return html`
    <section class="data paper" aria-labelledby="view">
      <h2 id="view" tabindex="-1">Journal</h2>
      <div class="fields">
        <label>Kind
          <select id="kind" value=${params.kind ?? ""} onChange=${e => choose({kind: e.target.value})}>
            <option value="">all</option>${KINDS.map(kind => html`<option key=${kind} value=${kind}>${kind}</option>`)}
          </select></label>
        <label>Text<input id="filter" value=${params.filter ?? ""} onInput=${e => choose({filter: e.target.value})}/></label>
      </div>
      <p class="hint">A time leads to that moment in the plots of the last 15 minutes.</p>
      <${Table} caption="What has happened, the newest first"
        empty=${events.length ? "Nothing of what has happened matches." : "Nothing has happened since this node joined."}
        columns=${[["Time"], ["Told by"], ["Kind"], ["About"], ["What"], ["Who"]]}
        rows=${found.map(e => ({
          key: e.id,
          cells: [html`<a href=${to("latency", {at: e.at})} aria-label="${clock(e.at)}, in the plots"><time datetime=${e.at}>${clock(e.at)}</time></a>`, e.node, e.kind, e.subject, e.text, e.by ?? "–"],
        }))}/>
    </section>`;
}
