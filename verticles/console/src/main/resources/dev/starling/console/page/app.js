import {html, render, useEffect, useState} from "./preact.js";
import {Question, Reason, mark} from "./parts.js";
import {access, ask, token, watch} from "./ops.js";
import {route, to} from "./route.js";
import {Topology} from "./topology.js";
import {Nodes, Services} from "./services.js";
import {Breakers} from "./breakers.js";
import {Journal} from "./journal.js";
import {Calls} from "./calls.js";
import {Latency} from "./latency.js";
import {Send} from "./send.js";
import {Limits} from "./limits.js";

const VIEWS = {
  topology: ["Topology", Topology],
  services: ["Services", Services],
  nodes: ["Nodes", Nodes],
  breakers: ["Breakers", Breakers],
  latency: ["Latency", Latency],
  calls: ["Calls", Calls],
  send: ["Send", Send],
  journal: ["Journal", Journal],
  limits: ["Health and settings", Limits],
};

/** Events that the page keeps, of all kinds together; a node keeps 500 of each kind. */
const MOST_EVENTS = 1000;

const DARK = matchMedia("(prefers-color-scheme: dark)");
const THEME = "starling.theme";
const ICONS = document.getElementById("icon").href.replace("unknown.svg", "");
const root = document.getElementById("app");

const state = {
  flock: null,
  status: null,
  events: [],
  heardAt: 0,
  tick: 0,
  lost: false,
  refusal: null,
  question: null,
  told: "",
  theme: localStorage.getItem(THEME) ?? "system",
  stop: null,
};

/** How long each of the last renderings took, in milliseconds; for tests. */
const took = [];

function draw() {
  const begin = performance.now();
  render(html`<${App}/>`, root);
  took.push(performance.now() - begin);
  if (took.length > 200) {
    took.shift();
  }
}

/** Says what has changed to those who do not see it; not numbers, which change each second. */
function tell(text) {
  state.told = text;
}

function by(name) {
  return (a, b) => a[name].localeCompare(b[name], "en", {numeric: true});
}

function hear(kind, {status, nodes, services, breakers, events}) {
  const before = state.status;
  const known = new Set(state.events.map(event => event.id));
  const news = kind === "snapshot" ? events : events.filter(event => !known.has(event.id));
  const all = kind === "snapshot" ? news : [...state.events, ...news];
  state.events = all.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)).slice(-MOST_EVENTS);
  services.forEach(service => service.instances.sort(by("instance")));
  state.flock = {nodes, services, breakers: breakers.sort(by("instance"))};
  state.status = status;
  state.heardAt = Date.now();
  state.lost = false;
  state.tick++;
  const about = each => each && each.findings.map(f => f.subject + f.text.replace(/[0-9]+/g, "")).join() + each.state;
  if (about(before) !== about(status)) {
    tell(status.sentence);
  }
  name();
  draw();
}

/** Title and icon follow the sentence. */
function name() {
  const known = state.status && !state.lost;
  const kind = known ? state.status.state : "unknown";
  document.title = state.lost ? "Stream lost – Starling" : known ? `${mark(kind)[1]} ${state.status.sentence} – Starling` : "Starling";
  const icon = document.getElementById("icon");
  if (!icon.href.endsWith(`${kind}.svg`)) {
    icon.href = `${ICONS}${kind}.svg`;
  }
}

function start() {
  state.refusal = null;
  Object.assign(access, {role: "operator", faults: true});
  ask("role").then(said => (Object.assign(access, said), draw())).catch(() => {}); // a node of an older release
  state.stop = watch({
    heard: hear,
    lost() {
      if (!state.lost) {
        tell("The stream is lost. The page asks again by itself.");
      }
      state.lost = true;
      name();
      draw();
    },
    refused(failure) {
      token.forget();
      state.refusal = failure.message;
      end();
    },
  });
  draw();
}

function end() {
  state.stop?.();
  Object.assign(state, {stop: null, flock: null, status: null, lost: false, question: null});
  state.events = [];
  name();
  draw();
}

function question(asked) {
  state.question = asked;
  draw();
}

function answered(done) {
  state.question = null;
  if (done) {
    tell(done);
  }
  draw();
}

function theme(chosen) {
  state.theme = chosen;
  if (chosen === "system") {
    localStorage.removeItem(THEME);
    delete document.documentElement.dataset.theme;
  } else {
    localStorage.setItem(THEME, chosen);
    document.documentElement.dataset.theme = chosen;
  }
  draw();
}

function Theme() {
  return html`
    <label>Theme <select id="theme" value=${state.theme} onChange=${event => theme(event.target.value)}>
      ${["system", "light", "dark"].map(each => html`<option key=${each} value=${each}>${each}</option>`)}
    </select></label>`;
}

function SignIn() {
  const [problem, setProblem] = useState(state.refusal);
  async function enter(event) {
    event.preventDefault();
    const given = new FormData(event.target).get("token").trim();
    if (!/^[0-9A-Fa-f]+$/.test(given)) {
      setProblem("This is no operator's token: it has the digits 0 to 9 and a to f alone.");
      return;
    }
    token.set(given);
    try {
      await ask("status");
      start();
    } catch (failure) {
      token.forget();
      setProblem(failure.status === 401 ? "The node knows another token." : failure.message);
    }
  }
  return html`
    <main class="sign-in">
      <div class="paper">
        <h1>Starling</h1>
        <p>The operator's page shows all nodes, and what is done here is done by all.</p>
        <form class="form" onSubmit=${enter}>
          <div>
            <label for="token">Operator's token</label>
            <p class="hint" id="token-hint">It is in the file <code>operator</code> of the secrets; the node logs its path when it starts. This tab keeps it until it is closed.</p>
            <input id="token" name="token" type="password" autocomplete="off" spellcheck="false" required
              aria-describedby="token-hint${problem ? " token-problem" : ""}" aria-invalid=${problem ? "true" : undefined}/>
          </div>
          ${problem && html`<p class="problem" role="alert" id="token-problem">${problem}</p>`}
          <div><button type="submit" class="main">Sign in</button></div>
        </form>
      </div>
    </main>`;
}

function Sentence({now}) {
  const {status, lost, heardAt} = state;
  if (!status) {
    return html`<div class="sentence unknown"><h1>Nothing is known yet</h1><p>The node is being asked; the first answer takes a second.</p></div>`;
  }
  const problems = status.findings.length > 1 ? status.findings : status.findings.filter(f => f.severity === "note");
  return html`
    <div class="sentence ${lost ? "unknown" : status.state}">
      <h1><span class="mark ${lost ? "quiet" : mark(status.state)[0]}" aria-hidden="true">${mark(status.state)[1]} </span>${status.sentence}</h1>
      ${problems.length > 0 && html`<ul>${problems.slice(0, 8).map((f, i) => html`<li key=${i}>${f.subject}: ${f.text}</li>`)}
        ${problems.length > 8 && html`<li>and ${problems.length - 8} more</li>`}</ul>`}
      <p class="small">As of ${Math.max(0, Math.round((now - heardAt) / 1000))} s ago, as ${status.node} sees it</p>
    </div>`;
}

function App() {
  if (!token.get()) {
    return html`<${SignIn}/>`;
  }
  const {view, params} = route();
  const [, View] = VIEWS[view] ?? VIEWS.topology;
  const shown = VIEWS[view] ? view : "topology";
  const now = Date.now();
  return html`
    <div class="frame ${state.lost ? "stale" : ""}">
      <header class="top">
        <p class="brand">Starling</p>
        <div class="tools">${access.role === "viewer" && html`<p class="small quiet">Viewer</p>`}<${Theme}/><button onClick=${() => (token.forget(), end())}>Sign out</button></div>
      </header>
      ${state.lost && html`<p class="banner" role="alert">${state.status ? "The stream is lost: what is shown is old." : "The node does not answer."} The page asks again by itself.</p>`}
      <p class="unseen" role="status" id="told">${state.told}</p>
      <main>
        <${Sentence} now=${now}/>
        <nav aria-label="Views"><ul>${Object.entries(VIEWS).map(([key, [label]]) => html`
          <li key=${key}><a href=${to(key)} aria-current=${key === shown ? "page" : undefined}>${label}</a></li>`)}</ul></nav>
        <${Reason}/>
        ${state.flock
          ? html`<${View} key=${shown} flock=${state.flock} params=${params} events=${state.events}
              tick=${state.tick} now=${now} heardAt=${state.heardAt} theme=${`${state.theme} ${DARK.matches}`} question=${question}/>`
          : html`<p class="paper quiet">No report has come yet. It comes within a second, if the node is there and knows your token.</p>`}
      </main>
      ${state.question && html`<${Question} question=${state.question} done=${answered}/>`}
    </div>`;
}

let view = route().view;
addEventListener("hashchange", () => {
  if (token.fromAddress()) {
    end();
    start();
  }
  const next = route().view;
  draw();
  if (next !== view) {
    view = next;
    document.getElementById("view")?.focus();
  }
});

DARK.addEventListener("change", draw);

// The age of what is shown grows while nothing comes.
setInterval(() => state.status && Date.now() - state.heardAt > 1500 && draw(), 1000);

token.fromAddress();
theme(state.theme);
if (token.get()) {
  start();
}

/** What tests look at and feed. */
export const probe = {took, hear, end};
