// Sets up the editor: this server is its one endpoint, our prefixes are its prefixes, and each question opens a tab of its own.
"use strict";

(async () => {
  const place = document.getElementById("editor");
  const endpoint = new URL(place.dataset.endpoint, location.href).href;
  const listed = await (await fetch(place.dataset.queries)).json();
  const { Yasqe, Yasr, Tab } = Yasgui;

  const asked = new Map();
  const values = (query) => {
    if (!asked.has(query)) {
      const body = new URLSearchParams({ query });
      const answer = fetch(endpoint, { method: "POST", body, headers: { Accept: "application/sparql-results+json" } })
        .then((response) => (response.ok ? response.json() : { results: { bindings: [] } }))
        .then(({ results }) => results.bindings.map(({ value }) => value.value).sort());
      asked.set(query, answer);
    }
    return asked.get(query);
  };

  // The graph's own names, by which an IRI in a table is short enough to be read.
  const [base] = await values(
    `SELECT (REPLACE(STR(?graph), "doc/[^/]*$", "") AS ?value) {
      GRAPH ?graph { } FILTER(REGEX(STR(?graph), "^https?://.*/doc/[^/]*$"))
    } LIMIT 1`,
  );
  const prefixes = { ...listed.prefixes };
  for (const kind of base ? ["doc", "platform", "person", "account"] : []) prefixes[kind] = `${base}${kind}/`;

  const START = `PREFIX kg: <${prefixes.kg}>
PREFIX schema: <${prefixes.schema}>

SELECT ?person ?text WHERE {
  ?assertion kg:claimant/schema:name ?person ; kg:claim/schema:text ?text .
}
LIMIT 20
`;

  // What completes a word is what is in this graph. The editor's own completers would ask, and offer, the whole web.
  const starting = (query) => async (_editor, token) =>
    (await values(query)).filter((iri) => iri.startsWith(token?.autocompletionString ?? ""));
  const shortened = Object.entries(prefixes).map(([short, iri]) => `${short}: <${iri}>`).sort();
  Yasqe.defaults.autocompleters = ["variables"];
  Yasqe.forkAutocompleter("prefixes", { name: "our-prefixes", persistenceId: null, get: () => shortened });
  Yasqe.forkAutocompleter("class", { name: "our-classes", get: starting("SELECT DISTINCT ?value { ?thing a ?value }") });
  Yasqe.forkAutocompleter("property", { name: "our-properties", get: starting("SELECT DISTINCT ?value { ?thing ?value ?other }") });

  // The server explains in JSON (RFC 9457) what is wrong with a query.
  Yasr.defaults.errorRenderers = [
    async ({ text }) => {
      let problem;
      try {
        problem = JSON.parse(text);
      } catch {
        return undefined; // not from the server: YASGUI shows it as it is
      }
      const shown = document.createElement("div");
      const title = document.createElement("strong");
      const detail = document.createElement("p");
      title.textContent = problem.title;
      detail.textContent = problem.detail;
      shown.append(title, detail);
      return shown;
    },
  ];

  const yasgui = new Yasgui(place, {
    requestConfig: { endpoint },
    endpointCatalogueOptions: { getData: () => [{ endpoint }], keys: [] },
    copyEndpointOnNewTab: false,
    // A link from elsewhere brings its query, but not its endpoint or headers.
    populateFromUrl: (tab) => ({ ...tab, requestConfig: { ...Tab.getDefaults().requestConfig, endpoint } }),
    persistenceId: "kgraph",
    autofocus: false,
    yasqe: { value: START, editorHeight: "20rem" },
    yasr: { prefixes },
  });

  function open({ title, query }) {
    const same = Object.values(yasgui._tabs).find((tab) => tab.getName() === title && tab.getQuery() === query);
    const tab = same ?? yasgui.addTab(true, { ...Tab.getDefaults(yasgui), name: title, yasqe: { value: query } });
    yasgui.selectTabId(tab.getId());
    tab.query().catch(() => {}); // what went wrong is shown below the query
    place.scrollIntoView({ block: "nearest" });
  }

  const named = new Map(listed.queries.map((query) => [query.name, query]));
  const examples = document.querySelector(".examples");
  examples.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-query]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(named.get(link.dataset.query));
  });

  const narrow = document.getElementById("narrow");
  narrow.hidden = false;
  narrow.addEventListener("input", () => {
    const words = narrow.value.toLowerCase().split(/\s+/);
    for (const example of examples.querySelectorAll("li")) {
      const text = example.textContent.toLowerCase();
      example.hidden = !words.every((word) => text.includes(word));
    }
  });

  place.classList.add("ready");
})();
