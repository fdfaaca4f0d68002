import {html} from "./preact.js";
import {Mark, clock, counted, mark, share} from "./parts.js";
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
        <button key=${state} class=${kind} aria-label="${name}: ${instance}" onClick=${() => question({
          title: `${name}: ${instance}?`,
          text,
          action: `${name} on all nodes`,
          done: `${instance}: ${name.toLowerCase()} is wanted on all nodes`,
          act: () => ask(`desired/breaker/${instance}`, "PUT", {state}),
        })}>${name}</button>`)}
      <button aria-label="Automatic: ${instance}" onClick=${() => question({
        title: `Give ${instance} back to its breakers?`,
        text: "Each node's breaker decides by what it sees.",
        action: "Automatic on all nodes",
        done: `${instance}: breakers decide again`,
        act: () => ask(`desired/breaker/${instance}`, "DELETE"),
      })}>Automatic</button>
      <button aria-label="Make fail: ${instance}" onClick=${() => question({
        title: `Make calls of ${instance} fail or wait?`,
        text: "To see a breaker work, for ten minutes or until it is ended. Nodes allow it only with faults.enabled.",
        fields: html`
          <label>Share of its calls, 0 to 1<input name="share" inputmode="decimal" value="1" required/></label>
          <label>Wait, in milliseconds; empty for not at all<input name="delay" inputmode="numeric"/></label>
          <label class="check"><input type="checkbox" name="error" checked/> They fail</label>`,
        action: "Switch the fault on",
        done: `${instance} is to fail`,
        act: form => ask(`desired/fault/${instance}`, "PUT", {
          share: Number(form.get("share")),
          error: form.get("error") === "on",
          ...(form.get("delay") ? {delay: Number(form.get("delay"))} : {}),
        }),
      })}>Make fail</button>
      <button aria-label="End the fault: ${instance}" onClick=${() => question({
        title: `End the fault of ${instance}?`,
        text: "Its calls are done as usual.",
        action: "End the fault",
        done: `${instance} is to work as usual`,
        act: () => ask(`desired/fault/${instance}`, "DELETE"),
      })}>End fault</button>
    </div>`;
}

function Tile({breaker, events, question}) {
  const {instance, state, wish, by} = breaker;
  const opened = by.find(each => each.reason && each.state !== "closed");
  const probe = Math.max(0, ...by.map(each => each.probeIn ?? 0));
  const calls = by.reduce((sum, each) => sum + each.calls, 0);
  const failed = by.reduce((sum, each) => sum + each.failed, 0);
  const history = events.filter(e => e.kind === "breaker" && e.subject === instance).slice(-3).reverse();
  return html`
    <article class="tile ${mark(state)[0]}" aria-label=${instance}>
      <div class="head"><h3>${instance}</h3><${Mark} state=${state}/></div>
      <p>${opened ? opened.reason : calls === 0 ? "no calls lately" : `${counted(calls, "call")} in the windows of its callers, ${failed} failed`}
        ${state === "open" && probe > 0 && html`; next probe in ${Math.ceil(probe / 1000)} s`}</p>
      ${wish !== "automatic" && html`<p><${Mark} state=${`held ${wish}`}/> by an operator</p>`}
      ${by.length > 0 && html`
        <div class="scroll" role="region" tabindex="0" aria-label="Callers of ${instance}">
        <table>
          <caption class="unseen">What nodes make of ${instance}</caption>
          <thead><tr><th scope="col">Caller</th><th scope="col">State</th><th scope="col" class="number">Calls</th><th scope="col" class="number">Failed</th><th scope="col" class="number">Slow</th></tr></thead>
          <tbody>${by.map(each => html`
            <tr key=${each.node}><td>${each.node}</td><td><${Mark} state=${each.state}/></td><td class="number">${each.calls}</td>
              <td class="number">${each.failed} (${share(each.failed, each.calls)})</td><td class="number">${each.slow}</td></tr>`)}</tbody>
        </table>
        </div>`}
      ${history.length > 0 && html`<ul class="small quiet">${history.map(e => html`<li key=${e.id}>${clock(e.at)} at ${e.node}: ${e.text}</li>`)}</ul>`}
      <${Orders} instance=${instance} question=${question}/>
    </article>`;
}

export function Breakers({flock, params, events, question}) {
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
      ${flock.breakers.length === 0 && html`<p class="quiet">There is no instance yet; each gets a tile as soon as it is found.</p>`}
      ${flock.breakers.length > 0 && found.length === 0 && html`<p class="quiet">None of ${flock.breakers.length} matches. <a href=${to("breakers")}>Show all</a></p>`}
      <div class="tiles">
        ${found.slice(0, MOST).map(each => html`<${Tile} key=${each.instance} breaker=${each} events=${events} question=${question}/>`)}
      </div>
      ${found.length > MOST && html`<p class="quiet">${MOST} of ${found.length} are shown; name an instance to see others.</p>`}
    </section>`;
}
