import {html} from "./preact.js";
import {Mark, Squares, Table, bytes, clock, counted, failed, faults, mark, millis, rate, share, since, stateOf, total, why} from "./parts.js";
import {choose, route, to} from "./route.js";

const WIDTH = 1092;
const COLUMNS = [30, 390, 640, 900];
const HEADS = ["Entries and callers", "Services", "Instances", "Database"];
const BOX = 192;
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

/** The pools of database connections of a node, by service, as its meters tell. */
export function pools(node) {
  const found = [];
  for (const [name, size] of Object.entries(node.meters ?? {})) {
    if (!name.endsWith(".database.size")) {
      continue;
    }
    const service = /^starling\.([a-z0-9-]+)\.database\.size$/.exec(name)?.[1];
    if (service) {
      const value = what => node.meters[`starling.${service}.database.${what}`] ?? 0;
      found.push({service, size, used: value("used"), waiting: value("waiting"), timeouts: value("timeouts")});
    }
  }
  return found;
}

/** All pools of nodes that are there. */
function allPools(flock) {
  return flock.nodes.filter(node => node.state !== "left").flatMap(node => pools(node).map(pool => ({node, ...pool})));
}

function sum(list, what) {
  return list.reduce((all, each) => all + each[what], 0);
}

/** Nothing, or that some node does not reach its database. */
function away(all) {
  return all.map(({node}) => node.checks?.find(check => check.name === "database" && !check.up)).find(check => check)?.reason;
}

/** What is drawn where: columns, sorted by name, so that nothing moves unless something came or went. */
function layout(flock, all) {
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
    const note = state === "ready" ? (node.gateway ? `entry ${node.gateway}` : "takes no requests") : why(node);
    box(0, row, `node:${node.id}`, {name: node.name, state, note, gone: node.state === "left", entry: node.gateway && node.state !== "left"});
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
        const bad = faults(lately);
        const label = `${rate(lately.rate)} · p99 ${millis(lately.p99)}`;
        edges.push({from: `node:${node.id}`, to: `service:${service}`, width: lately.rate / 4, wrong: bad > 0, label, more: bad ? `${share(bad, total(lately))} failed` : ""});
      }
    }
  }
  if (all.length) {
    box(3, Math.max(0, (row - 1) / 2), "database:all", {
      name: "PostgreSQL",
      state: away(all) ? "not ready" : sum(all, "waiting") ? "calls wait" : "ready",
      note: away(all) ?? `${sum(all, "used")} of ${sum(all, "size")} in use`,
    });
    for (const {node, service, used, size, waiting} of all) {
      const from = `instance:${service}@${node.name}`;
      if (at.has(from)) {
        edges.push({from, to: "database:all", width: used, wrong: waiting > 0, label: `${used}/${size}`, more: waiting ? `${waiting} wait` : ""});
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

function Box({box, chosen, others}) {
  const [kind, shape] = mark(box.state);
  const href = box.service ? to("services", {service: box.service}) : `#/topology?${others}chosen=${encodeURIComponent(box.key)}`;
  const label = `${box.name}: ${box.state}${box.note ? `, ${box.note}` : ""}`;
  return html`
    <a href=${href} aria-label=${label} class="${chosen ? "chosen" : ""} ${box.gone ? "gone" : ""}">
      <title>${label}</title>
      ${box.entry && html`<path class="entry" d="M${box.x - 28} ${box.y + HEIGHT / 2}h20m-6 -5l7 5l-7 5"/>`}
      <rect class="box ${kind}" x=${box.x + 2} y=${box.y} width=${BOX - 4} height=${HEIGHT} rx="8"/>
      <text class="shape ${kind}" x=${box.x + 14} y=${box.y + 20}>${shape}</text>
      <text x=${box.x + 32} y=${box.y + 20}>${cut(box.name, 21)}</text>
      <text class="note" x=${box.x + 32} y=${box.y + 37}>${cut(box.note || box.state, 25)}</text>
    </a>`;
}

function Edge({edge: {a, b, width, wrong, label}}) {
  const [x1, y1, x2, y2] = [a.x + BOX - 2, a.y + HEIGHT / 2, b.x + 2, b.y + HEIGHT / 2];
  const straight = label ? x1 + (x2 - x1) * 0.5 : x1; // beside its label
  const middle = (straight + x2) / 2;
  return html`<path class=${wrong ? "wrong" : ""} stroke-width=${Math.min(8, Math.max(1, width)).toFixed(1)}
    d="M${x1} ${y1}H${straight}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}"/>`;
}

function Drawing({flock, chosen, all}) {
  const {boxes, edges, height} = layout(flock, all);
  const {chosen: _, ...params} = route().params;
  const others = new URLSearchParams(params).toString().replace(/.$/, "$&&");
  return html`
    <div class="scroll" role="region" aria-label="Drawing of the flock" tabindex="0">
      <svg class="flock" viewBox="0 0 ${WIDTH} ${height}">
        ${HEADS.slice(0, boxes.some(box => box.key === "database:all") ? 4 : 3).map((name, i) => html`<text class="column" x=${COLUMNS[i] + 4} y="18">${name}</text>`)}
        <g aria-hidden="true">${edges.map(edge => html`<${Edge} key=${edge.key} edge=${edge}/>`)}</g>
        ${boxes.map(box => html`<${Box} key=${box.key} box=${box} chosen=${box.key === chosen} others=${others}/>`)}
        <g aria-hidden="true">${edges.filter(edge => edge.label).map(({key, a, label, more}) => html`
          <text key=${key} class="label" x=${a.x + BOX + 4} y=${a.y + HEIGHT / 2 - 8}>${label}</text>
          ${more && html`<text key="${key} more" class="label wrong" x=${a.x + BOX + 4} y=${a.y + HEIGHT / 2 + 18}>${more}</text>`}`)}</g>
      </svg>
    </div>`;
}

function AsTable({flock, all}) {
  const calls = flock.nodes
    .filter(node => node.state !== "left")
    .flatMap(node => (node.calls ?? []).map(each => ({node, ...each})));
  return html`
    <${Table} caption="Who calls what" empty="No node has called a service in the last ten seconds."
      columns=${[["Node"], ["Service"], ["Calls", true], ["p50", true], ["p99", true], ["Failed", true]]}
      rows=${calls.map(({node, service, lately}) => ({
        key: `${node.id} ${service}`,
        cells: [node.name, service, rate(lately.rate), millis(lately.p50), millis(lately.p99), share(faults(lately), total(lately))],
      }))}/>
    <h3>Nodes</h3>
    <${Table} caption="Nodes" empty="No node has reported yet."
      columns=${[["Node"], ["State"], ["Why"], ["Entry"]]}
      rows=${flock.nodes.map(node => ({
        key: node.id,
        cells: [html`<a href=${to("topology", {...route().params, chosen: `node:${node.id}`})}>${node.name}</a>`, html`<${Mark} state=${stateOf(node)}/>`, why(node) || "–", node.gateway ?? "none"],
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
      })}/>
    <h3>Database</h3>
    <${Pools} all=${all}/>`;
}

function Pools({all}) {
  return html`
    <${Table} caption="Connections to the database" empty="No node has a pool of database connections."
      columns=${[["Node"], ["Service"], ["In use", true], ["Of", true], ["Wait", true], ["Time-outs", true]]}
      rows=${all.map(({node, service, used, size, waiting, timeouts}) => ({key: `${node.id} ${service}`, cells: [node.name, service, used, size, waiting, timeouts]}))}/>`;
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
      ["Entry", node.gateway ?? "takes no requests from outside"],
      ["Operator", node.operator ?? "no port"],
      ...pools(node).map(pool => [`Pool of ${pool.service}`, `${pool.used} of ${pool.size} connections in use, ${pool.waiting} wait, ${counted(pool.timeouts, "time-out")}`]),
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
        html`${each.state}, ${counted(each.calls, "call")}, ${each.failed} failed${each.reason && each.state !== "closed" ? `: ${each.reason}` : ""}
          ${each.trail && html`<br/><${Squares} trail=${each.trail}/>`}`,
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
        <h2>${node ? node.name : kind === "database" ? "Database" : id}</h2>
        <button onClick=${() => choose({chosen: ""})}>Close</button>
      </div>
      ${node ? html`<${NodePanel} node=${node} now=${now}/>`
        : service ? html`<${ServicePanel} service=${service}/>`
        : breaker ? html`<${InstancePanel} breaker=${breaker}/>`
        : kind === "database" ? html`<${Pools} all=${allPools(flock)}/>`
        : html`<p class="quiet">It is not there any more; see the <a href=${to("journal")}>journal</a>.</p>`}
    </aside>`;
}

/** The flock in five figures. */
function Figures({flock, all}) {
  const there = flock.nodes.filter(node => node.state !== "left");
  const operations = flock.services.flatMap(service => service.operations).filter(each => each.lately);
  const calls = operations.reduce((all, {lately}) => all + total(lately), 0);
  const bad = operations.reduce((all, {lately}) => all + faults(lately), 0);
  const slowest = operations.reduce((worst, each) => ((each.lately.p99 ?? 0) > (worst?.lately.p99 ?? 0) ? each : worst), null);
  const instances = flock.services.flatMap(service => service.instances);
  const figures = [
    ["Nodes ready", `${there.filter(node => stateOf(node) === "ready").length} of ${there.length}`, there.every(node => stateOf(node) === "ready")],
    ["Instances healthy", `${instances.filter(each => each.breaker === "closed").length} of ${instances.length}`, instances.every(each => each.breaker === "closed")],
    ["Calls", rate(operations.reduce((sum, {lately}) => sum + lately.rate, 0)), true],
    ["Failed in 10 s", calls ? share(bad, calls) : "–", bad === 0],
    [slowest ? `Slowest p99: ${slowest.operation}` : "Slowest p99", slowest ? millis(slowest.lately.p99) : "–", true],
    ...(all.length ? [["Connections in use", `${sum(all, "used")} of ${sum(all, "size")}`, sum(all, "waiting") === 0]] : []),
  ];
  return html`<dl class="figures">${figures.map(([name, value, well]) => html`<div key=${name.split(":")[0]}><dt>${name}</dt><dd class=${well ? "" : "problem"}>${value}</dd></div>`)}</dl>`;
}

/** The latest events, the newest first; what several nodes have told of is there once. */
function latest(events, most) {
  const found = [];
  for (const e of [...events].reverse()) {
    const same = found.find(one => one.subject === e.subject && one.text === e.text && new Date(one.at) - new Date(e.at) < 3000);
    if (same) {
      same.nodes.add(e.node);
    } else if (found.length === most) {
      break;
    } else {
      found.push({...e, nodes: new Set([e.node])});
    }
  }
  return found;
}

/** What is called most, and what has happened last. */
function Lately({flock, events}) {
  const most = flock.services.flatMap(service => service.operations).filter(each => total(each.lately) > 0)
    .sort((a, b) => b.lately.rate - a.lately.rate || a.operation.localeCompare(b.operation)).slice(0, 6);
  return html`
    <div class="pair">
      <section class="paper" aria-label="Called most">
        <h3>Called most</h3>
        <${Table} caption="Operations that are called most" empty="Nothing has been called in the last ten seconds. Make a call under Send, and it is shown here."
          columns=${[["Operation"], ["Calls", true], ["p50", true], ["p99", true], ["Failed", true], ["Refused", true]]}
          rows=${most.map(({operation, lately}) => ({
            key: operation,
            cells: [html`<a href=${to("latency", {operation})}>${operation}</a>`, rate(lately.rate), millis(lately.p50), millis(lately.p99),
              share(faults(lately), total(lately)), share(failed(lately) - faults(lately), total(lately))],
          }))}/>
      </section>
      <section class="paper" aria-label="Happened last">
        <h3>Happened last</h3>
        ${events.length === 0 && html`<p class="quiet">Nothing has happened since this node joined.</p>`}
        <ol class="happened">${latest(events, 6).map(e => html`
          <li key=${e.id}><time datetime=${e.at}>${clock(e.at)}</time> <span>${e.subject} ${e.text}${e.by ? `, by ${e.by}` : ""}
            ${e.kind === "breaker" && html` <span class="quiet small">at ${[...e.nodes].sort().join(", ")}</span>`}</span></li>`)}</ol>
        <p class="small"><a href=${to("journal")}>All of the journal</a></p>
      </section>
    </div>`;
}

export function Topology({flock, params, now, events}) {
  const all = allPools(flock);
  const table = (params.as ?? (innerWidth < 640 ? "table" : "drawing")) === "table";
  return html`
    <div class="data ${params.chosen ? "with-aside" : ""}">
      <section class="paper" aria-labelledby="view">
        <div class="head">
          <h2 id="view" tabindex="-1">Topology</h2>
          <button onClick=${() => choose({as: table ? "drawing" : "table"})}>${table ? "Show as drawing" : "Show as table"}</button>
        </div>
        <${Figures} flock=${flock} all=${all}/>
        ${table ? html`<${AsTable} flock=${flock} all=${all}/>` : html`<${Drawing} flock=${flock} chosen=${params.chosen} all=${all}/>`}
      </section>
      ${params.chosen && html`<${Panel} flock=${flock} chosen=${params.chosen} now=${now}/>`}
      <${Lately} flock=${flock} events=${events}/>
    </div>`;
}
