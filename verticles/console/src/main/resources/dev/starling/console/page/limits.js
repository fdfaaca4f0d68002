import {html, useEffect, useState} from "./preact.js";
import {Mark, Table, clock, stateOf} from "./parts.js";
import {ask} from "./ops.js";
import {choose} from "./route.js";

/** All addresses of a node: where it listens, and nowhere that a browser could go to. */
const WILDCARD = /^(0\.0\.0\.0|\[?::\]?):\d+$/;

export function Limits({flock, params, tick}) {
  const [found, setFound] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    Promise.all([ask("limits"), ask("desired"), ask("configuration")])
      .then(([{limits}, {desired}, configuration]) => (setFound({limits, desired, configuration}), setProblem(null)))
      .catch(failure => setProblem(failure.message));
  }, [Math.floor(tick / 5)]);
  const others = flock.nodes.filter(node => node.state === "up" && node.operator && node.name !== found?.configuration.node);
  const text = (params.filter ?? "").toLowerCase();
  const checks = flock.nodes.filter(n => n.state !== "left").flatMap(node => [
    {key: node.id, cells: [node.name, "live", html`<${Mark} state=${node.state}/>`, node.state === "up" ? "–" : "it does not report"]},
    {key: `${node.id} ready`, cells: [node.name, "ready", html`<${Mark} state=${stateOf(node)}/>`, "–"]},
    ...(node.checks ?? []).map(check => ({key: `${node.id} ${check.name}`, cells: [node.name, check.name, html`<${Mark} state=${check.up ? "up" : "not ready"}/>`, check.reason ?? "–"]})),
  ]);
  return html`
    <div class="data">
      <section class="paper" aria-labelledby="view">
        <h2 id="view" tabindex="-1">Health</h2>
        <${Table} caption="Checks of all nodes" empty="No node has reported yet." columns=${[["Node"], ["Check"], ["State"], ["Why"]]} rows=${checks}/>
      </section>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      ${found && html`
        <section class="paper" aria-label="Orders">
          <h3>What operators want</h3>
          <${Table} caption="Orders" empty="Nothing: all nodes do as they were configured."
            columns=${[["Order"], ["Value"], ["By"], ["Since"], ["Until"]]}
            rows=${found.desired.map(each => ({key: each.key, cells: [each.key, html`<code>${JSON.stringify(each.value)}</code>`, each.by, clock(each.at), each.expires ? clock(each.expires) : "it is removed"]}))}/>
        </section>
        <section class="paper" aria-label="Configuration">
          <h3>Configuration of ${found.configuration.node}</h3>
          <p class="hint">As it was started, secrets masked. ${others.length > 0 && html`Others show theirs themselves: ${others.map((each, i) => html`${i ? ", " : ""}${WILDCARD.test(each.operator) ? each.name : html`<a href="http://${each.operator}/#/limits">${each.name}</a>`}`)}.`}</p>
          <div class="fields">
            <label>Setting<input id="setting" value=${params.setting ?? ""} onInput=${e => choose({setting: e.target.value})}/></label>
            <label class="check"><input id="all" type="checkbox" checked=${params.all === "true"} onChange=${e => choose({all: e.target.checked ? "true" : ""})}/> Defaults too</label>
          </div>
          <${Table} caption="Settings" empty=${params.setting ? "No such setting differs from its default." : "Nothing was set: all settings have their defaults."}
            columns=${[["Setting"], ["Value"], ["From"], ["Default"], ["Meaning"]]}
            rows=${found.configuration.settings
              .filter(each => each.key.includes(params.setting ?? "") && (params.all === "true" || each.origin !== "default"))
              .map(each => ({key: each.key, cells: [each.key, html`<code>${each.value || "–"}</code>`, each.origin, each.default || "–", each.meaning]}))}/>
        </section>
        <section class="paper" aria-label="Limits">
          <h3>Limits of this node</h3>
          <div class="fields"><label>Name<input id="filter" value=${params.filter ?? ""} onInput=${e => choose({filter: e.target.value})}/></label></div>
          <${Table} caption="Limits" empty="No limit has such a name."
            columns=${[["Limit"], ["Value", true], ["Default", true], ["Unit"], ["Meaning"]]}
            rows=${found.limits.filter(each => each.key.includes(text)).map(each => ({
              key: each.key,
              cells: [each.key, each.value === each.default ? each.value : html`<strong>${each.value} (changed)</strong>`, each.default, each.unit, each.meaning],
            }))}/>
        </section>`}
    </div>`;
}
