import {html} from "./preact.js";
import {Mark, millis} from "./parts.js";

const NAMES = {sql: "SQL", transaction: "SQL transaction", token: "Token verified", hash: "Password hashed"};

/**
 * The hops of one call on one line of time: clocks of nodes differ, so what a callee did is put into the middle
 * of the attempt that it answered, and what is left of that was the way there and back. Gives null for a call
 * whose attempts are not known: one that was done, that asked no instance, or whose steps were not kept.
 */
export function waterfall(hops, made) {
  if (made?.side !== "made" || made.steps.length === 0) {
    return null;
  }
  const bars = [{name: "Choice of an instance", by: made.node, at: 0, millis: made.steps[0].at, outcome: "ok"}];
  const sums = {choice: made.steps[0].at, bus: 0, handler: 0, SQL: 0};
  const done = hops.filter(call => call.side === "done" && call.operation === made.operation);
  for (const attempt of made.steps) {
    bars.push({name: `Attempt at ${attempt.name}`, by: made.node, at: attempt.at, millis: attempt.millis, outcome: attempt.outcome});
    const node = attempt.name.slice(attempt.name.indexOf("@") + 1);
    const hop = done.find(call => call.node === node && call.millis <= attempt.millis);
    if (hop) {
      const way = attempt.millis - hop.millis;
      const begin = attempt.at + way / 2;
      const sql = hop.steps.filter(step => step.name === "sql").reduce((sum, step) => sum + step.millis, 0);
      bars.push({name: "Handler", by: hop.node, at: begin, millis: hop.millis, outcome: hop.outcome});
      for (const step of hop.steps) {
        bars.push({name: NAMES[step.name] ?? step.name, by: hop.node, at: begin + step.at, millis: step.millis, outcome: step.outcome, inner: true});
      }
      sums.bus += way;
      sums.handler += hop.millis - sql;
      sums.SQL += sql;
    }
  }
  return {whole: Math.max(made.millis, 0.001), bars, sums, known: done.length > 0};
}

export function Waterfall({hops, chosen}) {
  const found = waterfall(hops, chosen);
  if (!found) {
    return html`<p class="quiet">There are no steps: the call was refused before an instance was asked, or nodes do not remember it any more.</p>`;
  }
  const {whole, bars, sums, known} = found;
  const x = value => Math.min(99, (100 * value) / whole);
  return html`
    <p>${Object.entries(sums).filter(([name]) => known || name === "choice").map(([name, value]) => `${name} ${millis(value)}`).join(", ")}
      ${known ? "." : "; the callee's steps are not known."}</p>
    <div class="scroll" role="region" tabindex="0" aria-label="Time per step">
      <table class="waterfall">
        <caption class="unseen">Time per step</caption>
        <thead><tr><th scope="col">Step</th><th scope="col">On</th><th scope="col">When, of ${millis(whole)}</th><th scope="col" class="number">Took</th><th scope="col">Outcome</th></tr></thead>
        <tbody>${bars.map((bar, i) => html`
          <tr key=${i}>
            <td class=${bar.inner ? "inner" : ""}>${bar.name}</td><td>${bar.by}</td>
            <td class="bar"><svg class="steps" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
              <rect class="all" width="100" height="10"/>
              <rect class=${bar.outcome === "ok" ? (bar.inner ? "inner" : "") : "wrong"} x=${x(bar.at)} y="1" height="8" width=${Math.max(0.6, Math.min(100 - x(bar.at), x(bar.millis)))}/></svg></td>
            <td class="number">${millis(bar.millis)}</td><td><${Mark} state=${bar.outcome}/></td>
          </tr>`)}</tbody>
      </table>
    </div>`;
}
