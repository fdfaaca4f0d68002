import {html, useEffect, useState} from "./preact.js";
import {Act, Mark, millis} from "./parts.js";
import {Waterfall} from "./waterfall.js";
import {ask, person} from "./ops.js";
import {choose} from "./route.js";

const SECRET = /password|token|secret|code|recovery/i;

/** Calls made here, the newest first; values that look like secrets are not kept. */
const made = [];

export function typeOf(schema) {
  const type = Array.isArray(schema.type) ? schema.type.find(each => each !== "null") : schema.type;
  return schema.enum ? "enum" : type ?? "string";
}

export function rules(schema) {
  const said = [];
  if (schema.minLength !== undefined || schema.maxLength !== undefined) {
    said.push(`${schema.minLength ?? 0} to ${schema.maxLength ?? "any number of"} characters`);
  }
  if (schema.minimum !== undefined || schema.maximum !== undefined) {
    said.push(`${schema.minimum ?? "any"} to ${schema.maximum ?? "any"}`);
  }
  if (schema.pattern) {
    said.push(`like ${schema.pattern}`);
  }
  if (schema.format) {
    said.push(schema.format);
  }
  return [schema.description, said.join(", ")].filter(each => each).join("; ");
}

/** A value that the schema might take; secrets stay empty. */
function example(name, schema) {
  const given = schema.default ?? schema.examples?.[0];
  if (given !== undefined || SECRET.test(name)) {
    return given ?? "";
  }
  switch (typeOf(schema)) {
    case "enum": return schema.enum[0];
    case "integer":
    case "number": return schema.minimum ?? 1;
    case "boolean": return false;
    case "object": return "{}";
    case "array": return "[]";
    default: return schema.format === "uuid" ? crypto.randomUUID?.() ?? "" : "example".padEnd(schema.minLength ?? 0, "x").slice(0, schema.maxLength);
  }
}

function read(text, type) {
  switch (type) {
    case "integer":
    case "number": return Number(text);
    case "boolean": return text === "on";
    case "object":
    case "array": return JSON.parse(text);
    default: return text;
  }
}

function Field({name, schema, required}) {
  const type = typeOf(schema);
  const [value] = useState(() => example(name, schema));
  const hint = rules(schema);
  const id = `field-${name}`;
  const more = {id, name, "aria-describedby": hint ? `${id}-hint` : undefined};
  if (type === "boolean") {
    return html`<label class="check"><input type="checkbox" ...${more} defaultChecked=${value}/> ${name}</label>`;
  }
  return html`
    <div>
      <label for=${id}>${name}${required ? "" : html` <span class="hint">may be left empty</span>`}</label>
      ${hint && html`<p class="hint" id="${id}-hint">${hint}</p>`}
      ${type === "enum" ? html`<select ...${more}>${required ? "" : html`<option value=""></option>`}${schema.enum.map(each => html`<option key=${each} value=${each}>${each}</option>`)}</select>`
        : type === "object" || type === "array" ? html`<textarea rows="4" ...${more} defaultValue=${value} spellcheck="false"></textarea>`
        : html`<input ...${more} type=${SECRET.test(name) ? "password" : "text"} autocomplete="off" spellcheck="false"
            inputmode=${type === "integer" ? "numeric" : undefined} defaultValue=${required ? value : ""}/>`}
    </div>`;
}

function masked(body) {
  const request = Object.fromEntries(Object.entries(body.request).map(([name, value]) => [name, SECRET.test(name) ? "…" : value]));
  return {...body, request, ...(body.token ? {token: "…"} : {})};
}

function curl(body) {
  const quoted = JSON.stringify(body).replaceAll("'", "'\\''");
  return `curl -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '${quoted}' ${location.origin}/ops/calls`;
}

/** As the command line reads it: @ begins the name of a file, @@ a value with one @, and standard input is read once. */
function cli(body) {
  let secrets = 0;
  const said = Object.entries(body.request).map(([name, value]) => {
    if (SECRET.test(name)) {
      return secrets++ ? `${name}=@FILE` : `${name}=@-`;
    }
    const plain = typeof value === "string" ? value : JSON.stringify(value);
    const text = plain.startsWith("@") ? `@${plain}` : plain;
    return /^[\w.:\/-]+$/.test(text) ? `${name}=${text}` : `'${name}=${text.replaceAll("'", "'\\''")}'`;
  });
  const more = [`--timeout ${body.timeout}ms`, body.node && `--node ${body.node}`, body.token && "--token-file FILE"].filter(each => each);
  return ["scripts/starling call", body.operation, ...said, ...more].join(" ");
}

function java(body) {
  const text = JSON.stringify(body, null, 2).split("\n").join("\n        ");
  return `HttpRequest call =
    HttpRequest.newBuilder(URI.create("${location.origin}/ops/calls"))
        .header("Authorization", "Bearer " + token)
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString("""
        ${text.replaceAll("\\", "\\\\")}"""))
        .build();
String answer = HttpClient.newHttpClient().send(call, HttpResponse.BodyHandlers.ofString()).body();`;
}

const COPIES = {curl: ["curl", curl], cli: ["command line", cli], java: ["Java", java]};

function Copy({body}) {
  const [kind, setKind] = useState("curl");
  const [copied, setCopied] = useState("");
  const [name, write] = COPIES[kind];
  const text = write(body);
  return html`
    <div class="head">
      <h3>The same as ${name}</h3>
      <div class="actions" role="group" aria-label="The same as">
        ${Object.entries(COPIES).map(([each, [label]]) => html`<button key=${each} aria-pressed=${each === kind} onClick=${() => (setKind(each), setCopied(""))}>${label}</button>`)}
        ${navigator.clipboard && html`<button class="main" onClick=${() => navigator.clipboard.writeText(text).then(() => setCopied("Copied"), () => setCopied("The browser forbids it"))}>${copied || "Copy"}</button>`}
      </div>
    </div>
    <pre tabindex="0" aria-label="As ${name}">${text}</pre>
    <p class="hint">Secrets are left out: TOKEN and token are the operator's, “…”, @- and @FILE what was typed.</p>`;
}

function Answer({answer, body}) {
  const outer = answer.calls.filter(call => call.side === "made" && call.operation === answer.operation).sort((a, b) => b.millis - a.millis)[0];
  return html`
    <section class="paper" aria-labelledby="answer">
      <h3 id="answer" tabindex="-1">${answer.operation} answered ${answer.status} after ${millis(answer.millis)}</h3>
      <p><${Mark} state=${answer.status < 400 ? "ok" : answer.problem?.type?.split(":").pop() ?? "failed"}/> trace <code>${answer.trace}</code></p>
      <pre tabindex="0" aria-label="Answer">${JSON.stringify(answer.reply ?? answer.problem, null, 2)}</pre>
      <h3>Time per step</h3>
      <${Waterfall} hops=${answer.calls} chosen=${outer}/>
      ${answer.silent.length > 0 && html`<p class="problem">No steps from ${answer.silent.join(", ")}.</p>`}
      <${Copy} body=${body}/>
    </section>`;
}

export function Send({flock, params}) {
  const [contracts, setContracts] = useState(null);
  const [problem, setProblem] = useState(null);
  const [result, setResult] = useState(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    ask("contracts").then(answer => setContracts(answer.contracts)).catch(failure => setProblem(failure.message));
  }, []);
  useEffect(() => document.getElementById("answer")?.focus(), [result]);
  const entries = (contracts ?? []).flatMap(each => each.operations);
  const name = entry => `${entry.operation.service}.${entry.operation.name}`;
  const entry = entries.find(each => name(each) === params.operation) ?? entries[0];
  const properties = Object.entries(entry?.request.properties ?? {});
  const required = entry?.request.required ?? [];
  const nodes = flock.services.find(each => each.service === entry?.operation.service)?.instances.map(each => each.node) ?? [];

  async function send(event) {
    event.preventDefault();
    const form = new FormData(event.target);
    setProblem(null);
    try {
      const request = {};
      for (const [field, schema] of properties) {
        const type = typeOf(schema);
        const text = form.get(field);
        if (type === "boolean" || (text !== null && text !== "")) {
          request[field] = read(text, type);
        }
      }
      const body = {operation: name(entry), request, timeout: Number(form.get("starling-timeout"))};
      if (form.get("starling-node")) {
        body.node = form.get("starling-node");
      }
      person.set(form.get("starling-person"));
      if (form.get("starling-token")) {
        body.token = form.get("starling-token");
      }
      setBusy(true);
      const answer = await ask("calls", "POST", body);
      made.unshift({at: new Date(), answer, body: masked(body)});
      made.length = Math.min(made.length, 20);
      setResult(made[0]);
    } catch (failure) {
      setProblem(failure.message);
    }
    setBusy(false);
  }

  return html`
    <div class="data sending">
      <section class="paper" aria-labelledby="view">
        <h2 id="view" tabindex="-1">Send a message</h2>
        ${problem && html`<p class="problem" role="alert">${problem}</p>`}
        ${contracts === null && !problem && html`<p class="quiet">The node is being asked …</p>`}
        ${contracts?.length === 0 && html`<p class="quiet">No service is known. Services announce themselves when a node that runs them is started.</p>`}
        ${entry && html`
          <div class="form">
            <label>Operation
              <select id="operation" value=${name(entry)} onChange=${e => choose({operation: e.target.value})}>
                ${entries.map(each => html`<option key=${name(each)} value=${name(each)}>${name(each)}</option>`)}
              </select></label>
          </div>
          <p class="hint">${entry.operation.path ? `${entry.operation.method} ${entry.operation.path}; ` : ""}${entry.operation.changes ? "changes something" : "changes nothing"}; ${entry.operation.open ? "needs no user" : "needs a user's access token"}</p>
          <form class="form" key=${name(entry)} onSubmit=${send}>
            ${properties.length === 0 && html`<p class="quiet">It takes nothing.</p>`}
            ${properties.map(([field, schema]) => html`<${Field} key=${field} name=${field} schema=${schema} required=${required.includes(field)}/>`)}
            ${!entry.operation.open && html`<label>Access token of a user<input name="starling-token" type="password" autocomplete="off"/></label>`}
            <label>Instance
              <select name="starling-node" id="node"><option value="">any, as callers choose</option>${nodes.map(each => html`<option key=${each} value=${each}>the one on ${each}</option>`)}</select></label>
            <label>Timeout in milliseconds<input name="starling-timeout" inputmode="numeric" defaultValue=${Math.min(60000, entry.operation.budget || 5000)} required/></label>
            <label>Your name, for the journal<input name="starling-person" defaultValue=${person.get()} maxlength="60" autocomplete="off" spellcheck="false"/></label>
            <div><${Act} type="submit" class="main" disabled=${busy}>${busy ? "Sending …" : "Send"}<//></div>
          </form>`}
      </section>
      ${result && html`<${Answer} key=${result.at} answer=${result.answer} body=${result.body}/>`}
      ${made.length > 1 && html`
        <section class="paper" aria-label="History">
          <h3>History of this tab</h3>
          <ul>${made.map(each => html`<li key=${each.at}><button onClick=${() => setResult(each)}>${each.at.toLocaleTimeString("en-GB")} ${each.answer.operation}: ${each.answer.status} after ${millis(each.answer.millis)}</button></li>`)}</ul>
        </section>`}
    </div>`;
}
