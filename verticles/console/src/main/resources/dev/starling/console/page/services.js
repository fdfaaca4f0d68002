import {html} from "./preact.js";
import {Mark, Table, bytes, failed, millis, rate, since, stateOf, why} from "./parts.js";
import {ask} from "./ops.js";
import {to} from "./route.js";

function errors(lately) {
  return Object.entries(lately?.failures ?? {}).map(([code, n]) => `${code} ${n}`).join(", ") || "none";
}

function Service({service}) {
  const versions = [...new Set(service.instances.map(each => each.version))];
  const well = service.instances.filter(each => each.breaker === "closed").length;
  return html`
    <section class="paper" aria-label=${service.service}>
      <div class="head">
        <h3>${service.service}</h3>
        <p class="quiet">${well} of ${service.instances.length} instances healthy, version ${versions.join(", ") || "–"}
          ${versions.length > 1 && html` <${Mark} state="versions differ"/>`}</p>
      </div>
      <${Table} caption="Instances of ${service.service}" empty="It has no instance: start a node that runs it."
        columns=${[["Instance"], ["Node"], ["Version"], ["Breaker"]]}
        rows=${service.instances.map(each => ({
          key: each.instance,
          cells: [each.instance, each.node, each.version, html`<${Mark} state=${each.breaker}/>`],
        }))}/>
      <${Table} caption="Operations of ${service.service}" empty="It offers no operation."
        columns=${[["Operation"], ["Route"], ["Calls", true], ["p50", true], ["p99", true], ["Errors in 10 s"], ["Call it"]]}
        rows=${service.operations.map(({operation, method, path, lately}) => ({
          key: operation,
          cells: [
            html`<a href=${to("latency", {operation})}>${operation}</a>`,
            path ? `${method} ${path}` : "–",
            lately ? rate(lately.rate) : "none yet",
            millis(lately?.p50), millis(lately?.p99),
            failed(lately) ? html`<span class="problem">${errors(lately)}</span>` : "none",
            html`<a href=${to("send", {operation})} aria-label="Call ${operation}">form</a>`,
          ],
        }))}/>
    </section>`;
}

export function Services({flock, params}) {
  const shown = flock.services.filter(each => !params.service || each.service === params.service);
  return html`
    <div class="data">
      <div class="head">
        <h2 id="view" tabindex="-1">Services</h2>
        ${params.service && html`<a href=${to("services")}>Show all services</a>`}
      </div>
      ${shown.length === 0 && html`<p class="paper quiet">No service is known. Services announce themselves when a node that runs them is started.</p>`}
      ${shown.map(service => html`<${Service} key=${service.service} service=${service}/>`)}
    </div>`;
}

/** What drains a node, or lets it work again. */
function drain(node, question) {
  const name = node.name;
  return node.draining
    ? html`<button aria-label="Resume ${name}" onClick=${() => question({
        title: `Resume ${name}?`,
        text: `${name} takes new work again.`,
        action: `Resume ${name}`,
        done: `${name} is to take new work again`,
        act: () => ask(`desired/drain/${name}`, "DELETE"),
      })}>Resume</button>`
    : html`<button class="dangerous" aria-label="Drain ${name}" onClick=${() => question({
        title: `Drain ${name}?`,
        text: `${name} ends what it has begun and takes no new work, until it is resumed. Others take its calls.`,
        action: `Drain ${name}`,
        done: `${name} is to be drained`,
        act: () => ask(`desired/drain/${name}`, "PUT", {}),
      })}>Drain</button>`;
}

export function Nodes({flock, params, now, question}) {
  const versions = new Set(flock.nodes.filter(n => n.version && n.state !== "left").map(n => n.version));
  const shown = flock.nodes.filter(each => !params.node || each.name === params.node);
  return html`
    <section class="data paper" aria-labelledby="view">
      <div class="head">
        <h2 id="view" tabindex="-1">Nodes</h2>
        ${params.node && html`<a href=${to("nodes")}>Show all nodes</a>`}
      </div>
      ${versions.size > 1 && html`<p><${Mark} state="versions differ"/> ${[...versions].join(", ")}</p>`}
      <${Table} caption="Nodes" empty="No node of this name is there."
        columns=${[["Node"], ["State"], ["Why"], ["Services"], ["Version"], ["Up for", true], ["Heap", true], ["CPU", true], ["Loop lag", true], ["Order"]]}
        rows=${shown.map(node => ({
          key: node.id,
          cells: [
            node.name, html`<${Mark} state=${stateOf(node)}/>`, why(node) || "–", node.services.join(", ") || "none",
            node.version ?? "–", node.started && node.state !== "left" ? since(node.started, now) : "–", bytes(node.heap),
            node.cpu === undefined ? "–" : `${Math.round(node.cpu * 100)} %`, node.lag === undefined ? "–" : `${node.lag} ms`,
            node.state === "left" ? "–" : drain(node, question),
          ],
        }))}/>
    </section>`;
}
