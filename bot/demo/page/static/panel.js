// The panel: calls and troubles to order.

import { $, h } from "./elements.js";
import { app } from "./state.js";
import { post } from "./transport.js";

/** The labels follow what is going on; the keyboard's focus stays where it was. */
export function drawPanel() {
  const focused = document.activeElement?.dataset?.action;
  for (const [kind, place] of [["call", "panel-calls"], ["fault", "panel-faults"]]) {
    $(place).replaceChildren(...app.panel.filter((one) => one.kind === kind).map((action) =>
      h("button", { type: "button", class: `action ${kind}`, "data-action": action.key, onclick: (event) => orderAction(action.key, event.currentTarget) }, action[app.language])));
    $(place).previousElementSibling.hidden = !$(place).children.length;
  }
  if (focused) $("panel").querySelector(`[data-action="${CSS.escape(focused)}"]`)?.focus();
}

async function orderAction(name, button) {
  if (button.ariaBusy === "true") return;
  button.setAttribute("aria-busy", "true");
  const done = await post("/panel", { key: name });
  button.removeAttribute("aria-busy");
  if (!done) return;
  button.classList.add("done");
  setTimeout(() => button.classList.remove("done"), 1200);
}

/** On a narrow screen the panel lies over all else; a wide one has room for it. */
export function togglePanel(isOpen) {
  $("panel").classList.toggle("open", isOpen);
  $("shade").hidden = !isOpen;
  for (const covered of ["bar", "people", "chat"]) $(covered).inert = isOpen;
  $("open-panel").setAttribute("aria-expanded", String(isOpen));
  if (isOpen) $("panel").querySelector(".action")?.focus(); else $("open-panel").focus();
}

export function closePanel() {
  if ($("panel").classList.contains("open")) togglePanel(false);
}
