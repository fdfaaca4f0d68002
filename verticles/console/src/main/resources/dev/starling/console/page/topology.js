import {html} from "./preact.js";
import {Mark, Table, bytes, counted, failed, mark, millis, rate, share, since, stateOf, total, why} from "./parts.js";
import {choose, route, to} from "./route.js";

const WIDTH = 1000;
const COLUMNS = [0, 430, 780];
const BOX = 220;
const HEIGHT = 46;
const ROW = 62;
const TOP = 34;

/** Instances that are drawn one by one; of more, only those that are not well. */
const MOST = 40;

function cut(text, length) {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** Calls and failures of an instance in the windows of all who call it. */
function judged(breaker) {
  const by = breaker?.by ?? [];
  return {calls: by.reduce((sum, j) => sum + j.calls, 0), failed: by.reduce((sum, j) => sum + j.failed, 0)};
}

/** What is drawn where: columns, sorted by name, so that nothing moves unless something came or went. */
export function layout(flock) {
  const breakers = new Map(flock.breakers.map(each => [each.instance, each]));
  const boxes = [];
  const edges = [];
  const at = new Map();
  function box(column, row, key, more) {
    const one = {key, x: COLUMNS[column], y: TOP + row * ROW, ...more};
    boxes.push(one);
    at.set(key, one);
  }
  flock.nodes.forEach((node, row) => {
    const state = stateOf(node);
    const note = state === "ready" ? "" : why(node);
    box(0, row, `node:${node.id}`, {name: node.name, state, note, gone: node.state === "left"});
  });
  let row = 0;
  const many = flock.services.reduce((sum, s) => sum + s.instances.length, 0) > MOST;
  for (const service of flock.services) {
    const first = row;
    const well = service.instances.filter(i => i.breaker === "closed");
    const drawn = many ? service.instances.filter(i => i.breaker !== "closed").slice(0, MOST) : service.instances;
    for (const instance of drawn) {
      const {calls, failed: bad} = judged(breakers.get(instance.instance));
      const key = `instance:${instance.instance}`;
      box(2, row++, key, {
        name: instance.instance,
        state: instance.breaker,
        note: calls ? `${counted(calls, "call")}, ${bad} failed` : "no calls lately",
      });
      edges.push({from: `service:${service.service}`, to: key, width: calls / 20, wrong: instance.breaker === "open"});
    }
    if (many && drawn.length < service.instances.length) {
      const key = `rest:${service.service}`;
      const rest = service.instances.length - drawn.length;
      box(2, row++, key, {name: `${rest} ${drawn.length ? "more " : ""}instances`, state: "closed", note: "", service: service.service});
      edges.push({from: `service:${service.service}`, to: key, width: 2});
    }
    row = Math.max(row, first + 1);
    const state = service.instances.length === 0 || well.length === 0 ? "open" : well.length < service.instances.length ? "half-open" : "closed";
    box(1, (first + row - 1) / 2, `service:${service.service}`, {
      name: service.service,
      state: {open: "degraded", "half-open": "degraded", closed: "healthy"}[state],
      note: `${well.length} of ${service.instances.length} instances healthy`,
    });
  }
  for (const node of flock.nodes.filter(n => n.state !== "left")) {
    for (const {service, lately} of node.calls ?? []) {
      if (at.has(`service:${service}`)) {
        const bad = failed(lately);
        const label = `${rate(lately.rate)} · p99 ${millis(lately.p99)}${bad ? ` · ${share(bad, total(lately))} failed` : ""}`;
        edges.push({from: `node:${node.id}`, to: `service:${service}`, width: lately.rate / 4, wrong: bad > 0, label});
      }
    }
  }
  const rows = Math.max(flock.nodes.length, row, 1);
  return {
    boxes,
    height: TOP + rows * ROW,
    edges: edges.map(edge => ({...edge, key: `${edge.from} ${edge.to}`, a: at.get(edge.from), b: at.get(edge.to)})),
  };
}

function Box({box, chosen}) {
  const [kind, shape] = mark(box.state);
  const href = box.service ? to("services", {service: box.service}) : to("topology", {...route().params, chosen: box.key});
  const label = `${box.name}: ${box.state}${box.note ? `, ${box.note}` : ""}`;
  return html`
    <a href=${href} aria-label=${label} class="${chosen ? "chosen" : ""} ${box.gone ? "gone" : ""}">
      <title>${label}</title>
      <rect class="box ${kind}" x=${box.x + 2} y=${box.y} width=${BOX - 4} height=${HEIGHT} rx="8"/>
      <text class="shape ${kind}" x=${box.x + 14} y=${box.y + 20}>${shape}</text>
      <text x=${box.x + 32} y=${box.y + 20}>${cut(box.name, 24)}</text>
      <text class="note" x=${box.x + 32} y=${box.y + 37}>${cut(box.note || box.state, 29)}</text>
    </a>`;
}

function Edge({edge: {a, b, width, wrong, label}}) {
  const [x1, y1, x2, y2] = [a.x + BOX - 2, a.y + HEIGHT / 2, b.x + 2, b.y + HEIGHT / 2];
  const middle = (x1 + x2) / 2;
  return html`<path class=${wrong ? "wrong" : ""} stroke-width=${Math.min(8, Math.max(1, width)).toFixed(1)}
    d="M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}"/>`;
}

function Drawing({flock, chosen}) {
  const {boxes, edges, height} = layout(flock);
  return html`
    <div class="scroll" role="region" aria-label="Drawing of the flock" tabindex="0">
      <svg class="flock" viewBox="0 0 ${WIDTH} ${height}">
        ${["Nodes, as callers", "Services", "Instances"].map((name, i) => html`<text class="column" x=${COLUMNS[i] + 4} y="18">${name}</text>`)}
        <g aria-hidden="true">${edges.map(edge => html`<${Edge} key=${edge.key} edge=${edge}/>`)}</g>
        ${boxes.map(box => html`<${Box} key=${box.key} box=${box} chosen=${box.key === chosen}/>`)}
        <g aria-hidden="true">${edges.filter(edge => edge.label).map(({key, a, label, wrong}) => html`
          <text key=${key} class="label ${wrong ? "wrong" : ""}" x=${a.x + BOX + 6} y=${a.y + HEIGHT / 2 - 8}>${label}</text>`)}</g>
      </svg>
    </div>`;
}

function AsTable({flock}) {
  const calls = flock.nodes
    .filter(node => node.state !== "left")
    .flatMap(node => (node.calls ?? []).map(each => ({node, ...each})));
  return html`
    <${Table} caption="Who calls what" empty="No node has called a service in the last ten seconds."
      columns=${[["Node"], ["Service"], ["Calls", true], ["p50", true], ["p99", true], ["Failed", true]]}
      rows=${calls.map(({node, service, lately}) => ({
        key: `${node.id} ${service}`,
        cells: [node.name, service, rate(lately.rate), millis(lately.p50), millis(lately.p99), share(failed(lately), total(lately))],
      }))}/>
    <h3>Nodes</h3>
    <${Table} caption="Nodes" empty="No node has reported yet."
      columns=${[["Node"], ["State"], ["Why"]]}
      rows=${flock.nodes.map(node => ({
        key: node.id,
        cells: [html`<a href=${to("topology", {...route().params, chosen: `node:${node.id}`})}>${node.name}</a>`, html`<${Mark} state=${stateOf(node)}/>`, why(node) || "–"],
      }))}/>
    <h3>Instances</h3>
    <${Table} caption="Instances" empty="No instance is published. Services announce themselves when they are started."
      columns=${[["Instance"], ["Breaker"], ["Version"], ["Calls", true], ["Failed", true]]}
      rows=${flock.services.flatMap(service => service.instances).map(instance => {
        const {calls: n, failed: bad} = judged(flock.breakers.find(b => b.instance === instance.instance));
        return {
          key: instance.instance,
          cells: [
            html`<a href=${to("topology", {...route().params, chosen: `instance:${instance.instance}`})}>${instance.instance}</a>`,
            html`<${Mark} state=${instance.breaker}/>`, instance.version, n, bad],
        };
      })}/>`;
}

function Facts({facts}) {
  return html`<dl>${facts.filter(each => each).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function NodePanel({node, now}) {
  return html`
    <${Facts} facts=${[
      ["State", html`<${Mark} state=${stateOf(node)}/>`],
      why(node) && ["Why", why(node)],
      ["Version", node.version ?? "–"],
      node.started && node.state !== "left" && ["Up for", since(node.started, now)],
      ["Services", node.services.join(", ") || "none"],
      ["Heap", `${bytes(node.heap)} of ${bytes(node.heapMost)}`],
      ["Event loop", `${millis(node.lag)} behind at most`],
      ["Sees", `${node.sees ?? "–"} nodes`],
      ["Operator", node.operator ?? "no port"],
      ...(node.checks ?? []).map(check => [check.name, check.up ? html`<${Mark} state="up"/>` : check.reason]),
    ]}/>
    <p><a href=${to("nodes", {node: node.name})}>Drain or resume it under Nodes</a></p>`;
}

function ServicePanel({service}) {
  const well = service.instances.filter(each => each.breaker === "closed").length;
  return html`
    <${Facts} facts=${[
      ["Healthy", `${well} of ${service.instances.length} instances`],
      ...service.instances.map(each => [each.node, html`<${Mark} state=${each.breaker}/>`]),
    ]}/>
    <p><a href=${to("services", {service: service.service})}>Its operations under Services</a></p>`;
}

function InstancePanel({breaker}) {
  return html`
    <${Facts} facts=${[
      ["Breaker", html`<${Mark} state=${breaker.state}/>`],
      ["Operators want", breaker.wish],
      ...(breaker.by.length ? breaker.by : [{node: "All nodes", calls: 0, failed: 0, state: "closed"}]).map(each => [
        each.node,
        `${each.state}, ${counted(each.calls, "call")}, ${each.failed} failed${each.reason && each.state !== "closed" ? `: ${each.reason}` : ""}`,
      ]),
    ]}/>
    <p><a href=${to("breakers", {filter: breaker.instance})}>Force it under Breakers</a></p>`;
}

function Panel({flock, chosen, now}) {
  const [kind, ...rest] = chosen.split(":");
  const id = rest.join(":");
  const node = kind === "node" && flock.nodes.find(each => each.id === id);
  const service = kind === "service" && flock.services.find(each => each.service === id);
  const breaker = kind === "instance" && flock.breakers.find(each => each.instance === id);
  return html`
    <aside class="paper" aria-label="Chosen">
      <div class="head">
        <h2>${node ? node.name : id}</h2>
        <button onClick=${() => choose({chosen: ""})}>Close</button>
      </div>
      ${node ? html`<${NodePanel} node=${node} now=${now}/>`
        : service ? html`<${ServicePanel} service=${service}/>`
        : breaker ? html`<${InstancePanel} breaker=${breaker}/>`
        : html`<p class="quiet">It is not there any more; see the <a href=${to("journal")}>journal</a>.</p>`}
    </aside>`;
}

export function Topology({flock, params, now}) {
  const table = (params.as ?? (innerWidth < 640 ? "table" : "drawing")) === "table";
  return html`
    <div class="data ${params.chosen ? "with-aside" : ""}">
      <section class="paper" aria-labelledby="view">
        <div class="head">
          <h2 id="view" tabindex="-1">Topology</h2>
          <button onClick=${() => choose({as: table ? "drawing" : "table"})}>${table ? "Show as drawing" : "Show as table"}</button>
        </div>
        ${table ? html`<${AsTable} flock=${flock}/>` : html`<${Drawing} flock=${flock} chosen=${params.chosen}/>`}
      </section>
      ${params.chosen && html`<${Panel} flock=${flock} chosen=${params.chosen} now=${now}/>`}
    </div>`;
}
