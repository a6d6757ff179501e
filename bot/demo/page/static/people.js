// The list of chats, one for each person and one for the group; notices of the others.

import { announce } from "./accessibility.js";
import { $, drawAvatar, h } from "./elements.js";
import { timeOfDay } from "./format.js";
import { app, current, viewer } from "./state.js";
import { isService, preview } from "./summary.js";
import { unreadCount } from "./unread.js";
import { t } from "./words.js";

const QUIET_AFTER_NOTICE = 12_000;

/** Made anew with all chats; `show` opens one. */
export function buildRows(show) {
  $("rows").replaceChildren(...[...app.chats.values()].map((chat) => {
    const person = app.people.get(chat.person);
    chat.row = h("button", { type: "button", class: "row", onclick: () => show(chat.id) },
      drawAvatar(h("span", { "aria-hidden": "true" }), chat.id, person?.name ?? ""),
      h("b", {}), h("span", { class: "role" }), h("time", {}), h("span", { class: "last" }), h("span", { class: "badge", hidden: true }));
    return h("li", {}, chat.row);
  }));
}

/** The rows, the title of the page and the count on the button that leads down. */
export function drawRows() {
  let total = 0;
  for (const chat of app.chats.values()) {
    const person = app.people.get(chat.person);
    const count = unreadCount(chat);
    const last = [...chat.messages.values()].at(-1);
    const [name, role, time, line, badge] = [...chat.row.children].slice(1);
    const own = last && last.from.id === viewer(chat) && !isService(last) ? `${t("you")}: ` : "";
    const [first, ...rest] = (person?.name ?? chat.title).split(" ");
    name.replaceChildren(first, h("span", { class: "rest" }, ` ${rest.join(" ")}`));
    role.textContent = person ? person.role[app.language] : t("group");
    time.textContent = last ? timeOfDay(last.date) : "";
    line.textContent = chat.is_blocked ? `🚫 ${t("blocked")}` : last ? own + preview(last) : t("notStarted");
    badge.textContent = count > 99 ? "99+" : count;
    badge.setAttribute("aria-label", t("unread", { n: count }));
    badge.hidden = !count;
    if (chat.id === app.current) chat.row.setAttribute("aria-current", "true"); else chat.row.removeAttribute("aria-current");
    total += count;
  }
  document.title = `${total ? `(${total}) ` : ""}${app.bot.name} · ${t("demo").replace(".", "")}`;
  const hidden = current() ? unreadCount(current()) : 0;
  const badge = $("down").querySelector(".badge");
  badge.textContent = hidden;
  badge.hidden = !hidden;
}

/** A message has come to a chat nobody is looking at: what a phone shows on top of everything. */
export function showNotice(chat, message, show) {
  if (Date.now() - (chat.noticed ?? 0) < QUIET_AFTER_NOTICE) return;
  chat.noticed = Date.now();
  const person = app.people.get(chat.person);
  const name = person?.name ?? chat.title;
  $("notices").querySelector(`[data-chat="${chat.id}"]`)?.remove();
  while ($("notices").children.length > 2) $("notices").lastChild.remove();
  const item = h("button", { type: "button", class: "notice", "data-chat": chat.id, onclick: () => show(chat.id) },
    drawAvatar(h("span", { "aria-hidden": "true" }), chat.id, person?.name ?? ""),
    h("div", {}, h("b", {}, name), h("span", {}, preview(message))));
  $("notices").prepend(item);
  setTimeout(() => item.remove(), 5000);
  announce(`${name}: ${preview(message).slice(0, 120)}`);
}
