import {html, useEffect, useState} from "./preact.js";
import {Act, Mark, Squares, clock, counted, mark, share} from "./parts.js";
import {ask} from "./ops.js";
import {choose, to} from "./route.js";

/** Tiles that are shown: who has more looks for some. */
const MOST = 60;

const ORDERS = [
  ["open", "Force open", "No node calls it, for ten minutes or until it is given back.", "dangerous"],
  ["closed", "Force closed", "All nodes call it whatever it answers, for ten minutes or until it is given back.", "dangerous"],
  ["reset", "Reset", "All nodes forget what they have seen of it and begin anew.", ""],
];

function Orders({instance, question}) {
  return html`
    <div class="actions">
      ${ORDERS.map(([state, name, text, kind]) => html`
        <${Act} key=${state} class=${kind} aria-label="${name}: ${instance}" onClick=${() => question({
          title: `${name}: ${instance}?`,
          text,
          action: `${name} on all nodes`,
          done: `${instance}: ${name.toLowerCase()} is wanted on all nodes`,
          act: () => ask(`desired/breaker/${instance}`, "PUT", {state}),
        })}>${name}<//>`)}
      <${Act} aria-label="Automatic: ${instance}" onClick=${() => question({
        title: `Give ${instance} back to its breakers?`,
        text: "Each node's breaker decides by what it sees.",
        action: "Automatic on all nodes",
        done: `${instance}: breakers decide again`,
        act: () => ask(`desired/breaker/${instance}`, "DELETE"),
      })}>Automatic<//>
      <${Act} faulty aria-label="Make fail: ${instance}" onClick=${() => question({
        title: `Make calls of ${instance} fail or wait?`,
        text: "To see a breaker work, for ten minutes or until it is ended. Nodes allow it only with faults.enabled.",
        fields: html`
          <label>Share of its calls, 0 to 1<input name="share" inputmode="decimal" defaultValue="1" required/></label>
          <label>Wait, in milliseconds; empty for not at all<input name="delay" inputmode="numeric"/></label>
          <label class="check"><input type="checkbox" name="error" defaultChecked/> They fail</label>`,
        action: "Switch the fault on",
        done: `${instance} is to fail`,
        act: form => ask(`desired/fault/${instance}`, "PUT", {
          share: Number(form.get("share")),
          error: form.get("error") === "on",
          ...(form.get("delay") ? {delay: Number(form.get("delay"))} : {}),
        }),
      })}>Make fail<//>
      <${Act} faulty aria-label="End the fault: ${instance}" onClick=${() => question({
        title: `End the fault of ${instance}?`,
        text: "Its calls are done as usual.",
        action: "End the fault",
        done: `${instance} is to work as usual`,
        act: () => ask(`desired/fault/${instance}`, "DELETE"),
      })}>End fault<//>
    </div>`;
}

/** The share of failed calls as a bar, with a line where the breaker opens. */
function Rate({calls, failed, opens}) {
  const percent = calls ? (100 * failed) / calls : 0;
  return html`
    <div class="rate">
      <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
        <rect class="all" width="100" height="8"/>
        <rect class=${percent >= opens ? "wrong" : "some"} width=${percent} height="8"/>
        <rect class="limit" x=${Math.min(99.4, opens)} width=".6" height="8"/>
      </svg>
      <span>${calls ? `${share(failed, calls)} of ${counted(calls, "call")} failed` : "no calls lately"}; opens at ${opens} %</span>
    </div>`;
}

function Tile({breaker, events = [], question, late, opens}) {
  const {instance, state, wish, by} = breaker;
  const opened = by.find(each => each.reason && each.state !== "closed");
  const calls = by.reduce((sum, each) => sum + each.calls, 0);
  const failed = by.reduce((sum, each) => sum + each.failed, 0);
  const probes = by.filter(each => each.state === "open" && each.probeIn > 0).map(each => Math.max(0, each.probeIn - late));
  const history = events.slice(-3).reverse();
  return html`
    <article class="tile ${mark(state)[0]}" aria-label=${instance}>
      <div class="head"><h3>${instance}</h3><${Mark} state=${state}/></div>
      ${wish !== "automatic" && html`<p><${Mark} state=${`held ${wish}`}/> by an operator</p>`}
      ${opened && html`<p class="problem">${opened.reason}</p>`}
      ${probes.length > 0 && html`<p>Next probe in <strong class="count">${Math.ceil(Math.min(...probes) / 1000)} s</strong></p>`}
      <${Rate} calls=${calls} failed=${failed} opens=${opens}/>
      ${by.length === 0 && html`<p class="quiet small">No node has called it lately: it is taken to be well.</p>`}
      ${by.length > 0 && html`
        <div class="scroll" role="region" tabindex="0" aria-label="Callers of ${instance}">
        <table>
          <caption class="unseen">What nodes make of ${instance}</caption>
          <thead><tr><th scope="col">Caller</th><th scope="col">State</th><th scope="col">Its latest calls</th></tr></thead>
          <tbody>${by.map(each => html`
            <tr key=${each.node}><td>${each.node}</td><td><${Mark} state=${each.state}/></td><td><${Squares} trail=${each.trail ?? ""}/></td></tr>`)}</tbody>
        </table>
        </div>`}
      ${history.length > 0 && html`<ul class="small quiet">${history.map(e => html`<li key=${e.id}>${clock(e.at)} at ${e.node}: ${e.text}</li>`)}</ul>`}
      <${Orders} instance=${instance} question=${question}/>
    </article>`;
}

function Legend() {
  return html`
    <p class="legend small">Squares are calls, the oldest first:
      ${[[".", "well"], ["s", "slow"], ["x", "failed"], ["t", "not in time"]].map(([trail, word]) => html`
        <span key=${trail} class="key"><${Squares} trail=${trail}/> ${word}</span>`)}</p>`;
}

export function Breakers({flock, params, events, question, now, heardAt}) {
  const [opens, setOpens] = useState(40);
  useEffect(() => {
    ask("limits")
      .then(({limits}) => setOpens(limits.find(each => each.key === "breaker.failure-share")?.value ?? 40))
      .catch(() => {}); // the default is as good as any guess
  }, []);
  const told = new Map();
  for (const event of events) {
    if (event.kind === "breaker") {
      told.set(event.subject, [...(told.get(event.subject) ?? []).slice(-2), event]);
    }
  }
  const found = flock.breakers.filter(each =>
    each.instance.includes(params.filter ?? "") && (!params.troubled || each.state !== "closed" || each.wish !== "automatic"));
  return html`
    <section class="data paper" aria-labelledby="view">
      <h2 id="view" tabindex="-1">Breakers</h2>
      <div class="fields">
        <label>Instance<input id="filter" value=${params.filter ?? ""} onInput=${e => choose({filter: e.target.value})}/></label>
        <label class="check"><input id="troubled" type="checkbox" checked=${params.troubled === "true"}
          onChange=${e => choose({troubled: e.target.checked ? "true" : ""})}/> Only open, half-open or held</label>
      </div>
      <${Legend}/>
      ${flock.breakers.length === 0 && html`<p class="quiet">There is no instance yet; each gets a tile as soon as it is found.</p>`}
      ${flock.breakers.length > 0 && found.length === 0 && html`<p class="quiet">None of ${flock.breakers.length} matches. <a href=${to("breakers")}>Show all</a></p>`}
      <div class="tiles">
        ${found.slice(0, MOST).map(each => html`<${Tile} key=${each.instance} breaker=${each} events=${told.get(each.instance)} question=${question} late=${Math.max(0, now - heardAt)} opens=${opens}/>`)}
      </div>
      ${found.length > MOST && html`<p class="quiet">${MOST} of ${found.length} are shown; name an instance to see others.</p>`}
    </section>`;
}
