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

/** A link to the bot itself is a START of one of the people: the event `start-by-link` asks for it. */
export function openLink(url) {
  const isOurs = url.hostname === "t.me" && url.pathname.slice(1).toLowerCase() === app.bot.username.toLowerCase();
  if (!isOurs) return askInDialog(`${t("openLink")}\n\n${url.href}`, [[t("cancel"), null], [t("open"), url.href]]);
  const payload = url.searchParams.get("start") ?? "";
  const open = (person) => document.dispatchEvent(new CustomEvent("start-by-link", { detail: { person: person.id, payload } }));
  const choices = [...app.people.values()].map((person) => [person.name, () => open(person)]);
  return askInDialog(t("whoOpens"), [...choices, [t("cancel"), null]]);
}
