// The operator's resources, with the token: it is kept for this tab, and is in no address, cookie or log.
const KEY = "starling.token";

/** Milliseconds without an event after which a stream counts as lost: they come every second. */
const PATIENCE = 4000;

/** A refusal as the node says it (RFC 9457). */
export class Refusal extends Error {
  constructor(status, problem) {
    const fields = (problem.errors ?? []).map(each => ` ${each.pointer ?? ""} ${each.detail ?? ""}`).join(";");
    super((problem.detail ?? problem.title ?? `The node answered ${status}`) + fields);
    this.status = status;
  }
}

export const token = {
  get: () => sessionStorage.getItem(KEY),
  set: value => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),

  /** Takes it from `#token=…`, which stays in neither the address nor the history; says whether there was one. */
  fromAddress() {
    const found = /^#token=([0-9A-Fa-f]+)$/.exec(location.hash);
    if (found) {
      history.replaceState(null, "", location.pathname);
      token.set(found[1]);
    }
    return found !== null;
  },
};

const NAME = "starling.name";

/** Who orders something, as the journal is to call them: remembered in this browser. */
export const person = {
  get: () => localStorage.getItem(NAME) ?? "",
  set: value => localStorage.setItem(NAME, value.trim()),
};

/** What the token may do, as the node has said; all, until it has. */
export const access = {role: "operator", faults: true};

function headers(more = {}) {
  return {authorization: `Bearer ${token.get()}`, ...more};
}

/** The person's name as a header can hold it; the port takes 64 characters that can be seen. */
function named() {
  return encodeURIComponent(Array.from(person.get()).slice(0, 64).join(""));
}

async function refusal(answer) {
  const problem = await answer.json().catch(() => ({}));
  return new Refusal(answer.status, problem);
}

/** Asks for a resource below /ops; gives null where there is nothing to say. */
export async function ask(path, method = "GET", body = undefined) {
  const sent = body === undefined ? {} : {"content-type": "application/json"};
  if (method !== "GET" && named()) {
    sent["starling-operator"] = named();
  }
  const answer = await fetch(`/ops/${path}`, {
    method,
    headers: headers(sent),
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
  });
  if (!answer.ok) {
    throw await refusal(answer);
  }
  return answer.status === 204 ? null : answer.json();
}

/** What came of a text of server-sent events, and what is left of it. */
export function events(text) {
  const blocks = text.split("\n\n");
  const rest = blocks.pop();
  const found = blocks.map(block => {
    const event = {};
    for (const line of block.split("\n")) {
      const colon = line.indexOf(": ");
      event[line.slice(0, colon)] = line.slice(colon + 2);
    }
    return event;
  });
  return [found, rest];
}

/**
 * Reads the stream until it is told to stop, and comes again by itself where it was. EventSource
 * cannot send the token.
 */
export function watch({heard, lost, refused}) {
  let last = null;
  let stopped = false;
  let controller;

  async function read() {
    controller = new AbortController();
    let silence;
    const wait = () => {
      clearTimeout(silence);
      silence = setTimeout(() => controller.abort(), PATIENCE);
    };
    try {
      wait();
      const more = last === null ? {} : {"last-event-id": last};
      const answer = await fetch("/ops/stream", {headers: headers(more), signal: controller.signal, cache: "no-store"});
      if (!answer.ok) {
        throw await refusal(answer);
      }
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const {done, value} = await reader.read();
        if (done) {
          return;
        }
        const [found, rest] = events(text + value);
        text = rest;
        for (const event of found) {
          wait();
          last = event.id;
          heard(event.event, JSON.parse(event.data));
        }
      }
    } finally {
      clearTimeout(silence);
    }
  }

  async function again() {
    while (!stopped) {
      try {
        await read();
      } catch (failure) {
        if (failure.status === 401) {
          refused(failure);
          return;
        }
      }
      if (!stopped) {
        lost();
        await new Promise(done => setTimeout(done, 1000));
      }
    }
  }
  again();
  return () => {
    stopped = true;
    controller?.abort();
  };
}
