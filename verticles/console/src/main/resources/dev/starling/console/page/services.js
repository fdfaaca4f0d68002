import {html, useEffect, useState} from "./preact.js";
import {Act, Mark, Table, bytes, failed, millis, rate, since, stateOf, why} from "./parts.js";
import {ask} from "./ops.js";
import {to} from "./route.js";
import {rules, typeOf} from "./send.js";
import {pools} from "./topology.js";

function errors(lately) {
  return Object.entries(lately?.failures ?? {}).map(([code, n]) => `${code} ${n}`).join(", ") || "none";
}

function Members({name, schema}) {
  const members = Object.entries(schema?.properties ?? {});
  return html`
    <h4>${name}</h4>
    ${members.length === 0 ? html`<p class="quiet">Nothing</p>` : html`<ul class="small">${members.map(([member, of]) => html`
      <li key=${member}><code>${member}</code>: ${typeOf(of)}${schema.required?.includes(member) ? "" : ", may be missing"}${rules(of) ? `; ${rules(of)}` : ""}</li>`)}</ul>`}`;
}

/** What operations take and give, closed until somebody wants to know. */
function Schemas({contract}) {
  return html`
    <details>
      <summary>What its operations take and give</summary>
      <div class="schemas">${contract.operations.map(({operation, request, reply}) => html`
        <section key=${operation.name} aria-label=${operation.name}>
          <h3>${operation.name}</h3>
          <${Members} name="Takes" schema=${request}/>
          <${Members} name="Gives" schema=${reply}/>
        </section>`)}</div>
    </details>`;
}

function Service({service, contract, nodes, now}) {
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
        columns=${[["Instance"], ["Node"], ["State"], ["Version"], ["Up for", true], ["Breaker"]]}
        first=${20} rows=${service.instances.map(each => ({
          key: each.instance,
          cells: () => {
            const node = nodes.get(each.node);
            return [
              html`<a href="#/topology?chosen=${encodeURIComponent(`instance:${each.instance}`)}">${each.instance}</a>`,
              each.node, node ? html`<${Mark} state=${stateOf(node)}/>` : "–", each.version,
              node?.started ? since(node.started, now) : "–", html`<${Mark} state=${each.breaker}/>`,
            ];
          },
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
      ${contract && html`<${Schemas} contract=${contract}/>`}
    </section>`;
}

export function Services({flock, params, now}) {
  const [contracts, setContracts] = useState([]);
  const known = flock.services.map(each => each.service).join();
  useEffect(() => {
    ask("contracts").then(answer => setContracts(answer.contracts)).catch(() => {}); // all else is shown without
  }, [known]);
  const nodes = new Map(flock.nodes.filter(node => node.state !== "left").map(node => [node.name, node]));
  const shown = flock.services.filter(each => !params.service || each.service === params.service);
  return html`
    <div class="data">
      <div class="head">
        <h2 id="view" tabindex="-1">Services</h2>
        ${params.service && html`<a href=${to("services")}>Show all services</a>`}
      </div>
      ${shown.length === 0 && html`<p class="paper quiet">No service is known. Services announce themselves when a node that runs them is started.</p>`}
      ${shown.map(service => html`<${Service} key=${service.service} service=${service} nodes=${nodes} now=${now}
        contract=${contracts.find(each => each.service === service.service)}/>`)}
    </div>`;
}

/** Whether what a node keeps of the cluster is on another one too. */
function copies(node) {
  const safe = node.meters?.["starling.cluster.safe"];
  return safe === undefined ? "–" : html`<${Mark} state=${safe ? "safe" : "not safe"}/>`;
}

/** What drains a node, or lets it work again. */
function drain(node, question) {
  const name = node.name;
  return node.draining
    ? html`<${Act} aria-label="Resume ${name}" onClick=${() => question({
        title: `Resume ${name}?`,
        text: `${name} takes new work again.`,
        action: `Resume ${name}`,
        done: `${name} is to take new work again`,
        act: () => ask(`desired/drain/${name}`, "DELETE"),
      })}>Resume<//>`
    : html`<${Act} class="dangerous" aria-label="Drain ${name}" onClick=${() => question({
        title: `Drain ${name}?`,
        text: `${name} ends what it has begun and takes no new work, until it is resumed. Others take its calls.`,
        action: `Drain ${name}`,
        done: `${name} is to be drained`,
        act: () => ask(`desired/drain/${name}`, "PUT", {}),
      })}>Drain<//>`;
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
        columns=${[["Node"], ["State"], ["Order"], ["Services"], ["Addresses"], ["Version"], ["Up for", true], ["Heap", true], ["CPU", true], ["Loop lag", true], ["Pool", true], ["Partitions"]]}
        rows=${shown.map(node => ({
          key: node.id,
          cells: [
            node.name, html`<${Mark} state=${stateOf(node)}/>${why(node) && html`<div class="why small">${why(node)}</div>`}`,
            node.state === "left" ? "–" : drain(node, question), node.services.join(", ") || "none",
            html`<span class="small">${node.gateway ? html`entry ${node.gateway}` : "no entry"}<br/>operators ${node.operator ?? "none"}</span>`,
            html`<span class="whole">${node.version ?? "–"}</span>`, node.started && node.state !== "left" ? since(node.started, now) : "–", bytes(node.heap),
            node.cpu === undefined ? "–" : `${Math.round(node.cpu * 100)} %`, node.lag === undefined ? "–" : `${node.lag} ms`,
            pools(node).map(pool => `${pool.used}/${pool.size}`).join(", ") || "–", node.state === "left" ? "–" : copies(node),
          ],
        }))}/>
    </section>`;
}
