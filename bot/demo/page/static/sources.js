// The PBXs: which of them calls come through, how each is, what it takes to connect a real one.

import { $, h } from "./elements.js";
import { timeOfDay } from "./format.js";
import { app } from "./state.js";
import { fetchSources, post } from "./transport.js";
import { t } from "./words.js";

const LOOK_AGAIN = 5000;

let sources = [];
let looking = null;

export async function loadSources() {
  try { sources = await fetchSources(); } catch { return; } // the stream of events tells of it
  drawSources();
}

/** While they are looked at, they are asked for again and again. */
export function watchSources() {
  clearInterval(looking);
  if (!$("through").open) return;
  loadSources();
  looking = setInterval(() => { if (!document.hidden) loadSources(); }, LOOK_AGAIN);
}

export function drawSources() {
  $("through").hidden = !sources.length;
  $("through-name").textContent = sources.find((one) => one.is_chosen)?.name[app.language] ?? "";
  const focused = document.activeElement?.dataset?.source;
  $("sources").replaceChildren(...sources.map((source) => h("li", {},
    h("label", {},
      h("input", { type: "radio", name: "through", "data-source": source.key, checked: source.is_chosen, onchange: () => post("/through", { key: source.key }) }),
      h("b", {}, source.name[app.language])),
    h("p", {}, source.how[app.language]),
    stateOf(source),
    h("p", {}, t("takes", { what: source.takes[app.language] }), " ",
      source.has_page && h("a", { href: `/docs/${source.page[app.language]}`, target: "_blank", rel: "noopener" }, t("howTo"))))));
  if (focused) $("sources").querySelector(`[data-source="${CSS.escape(focused)}"]`)?.focus();
}

/** As /health says it. */
function stateOf(source) {
  const failed = source.feeds.find((feed) => feed.failed_at);
  const connected = source.feeds.find((feed) => feed.connected_at);
  const heard = source.last_call ? t("lastCall", { time: timeOfDay(source.last_call) }) : t("noCalls");
  const line = failed ? t("noLink", { time: timeOfDay(failed.failed_at) }) : connected && t("linked", { time: timeOfDay(connected.connected_at) });
  return h("p", { class: failed ? "state broken" : "state" }, [line, heard].filter(Boolean).join(" · "),
    failed?.error && h("code", {}, failed.error));
}
