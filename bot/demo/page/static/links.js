// Links in messages and buttons: no address opens before the person has seen it.

import { askInDialog } from "./dialogs.js";
import { app } from "./state.js";
import { t } from "./words.js";

/** The address as a URL; null where opening it could run something. */
export function safeUrl(address) {
  try {
    const url = new URL(address);
    return ["http:", "https:", "mailto:", "tel:"].includes(url.protocol) ? url : null;
  } catch { return null; }
}

/** START of somebody, with a payload; who listens shows their chat and presses it. */
export function startByLink(person, payload) {
  document.dispatchEvent(new CustomEvent("start-by-link", { detail: { person, payload } }));
}

/** A link to the bot itself is a START: of `person`, where only that one can open it, or of anybody. */
export function openLink(url, person = null) {
  const isOurs = url.hostname === "t.me" && url.pathname.slice(1).toLowerCase() === app.bot.username.toLowerCase();
  if (!isOurs) return askInDialog(`${t("openLink")}\n\n${url.href}`, [[t("cancel"), null], [t("open"), url.href]]);
  const payload = url.searchParams.get("start") ?? "";
  if (person !== null) return startByLink(person, payload);
  const choices = [...app.people.values()].map((one) => [one.name, () => startByLink(one.id, payload)]);
  return askInDialog(t("whoOpens"), [...choices, [t("cancel"), null]]);
}
