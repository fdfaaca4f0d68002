// What is looked at is in the fragment: #/calls?failed=true&service=user

/** The view and its parameters. */
export function route() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return {view: path || "topology", params: Object.fromEntries(new URLSearchParams(query))};
}

/** The fragment of a view; what is empty is left out. */
export function to(view, params = {}) {
  const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value)).toString();
  return `#/${view}${query && `?${query}`}`;
}

/** Changes parameters of the present view without another entry in the history. */
export function choose(changes) {
  const {view, params} = route();
  history.replaceState(null, "", to(view, {...params, ...changes}));
  dispatchEvent(new HashChangeEvent("hashchange"));
}
