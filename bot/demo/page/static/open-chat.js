// The chat on the screen: its head and its messages.

import { playing } from "./attachments.js";
import { drawFoot } from "./composer.js";
import { $, drawAvatar, h } from "./elements.js";
import { isAtEnd, messageElement, toEnd } from "./feed.js";
import { dayName } from "./format.js";
import { closeInline } from "./inline.js";
import { messageItem } from "./messages.js";
import { closePanel } from "./panel.js";
import { drawRows } from "./people.js";
import { app, current, remember } from "./state.js";
import { markRead, unreadMessages } from "./unread.js";
import { t } from "./words.js";

export const SHOWN_AT_ONCE = 120;

export function showChat(id, { focus = true } = {}) {
  const chat = app.chats.get(id);
  if (current()) {
    current().draft = $("text").value;
    if (app.wasAtEnd) markRead(current()); // also what came just now
  }
  app.current = id;
  remember("chat", id);
  if (chat.person) app.actor = chat.person;
  else if (!chat.members.includes(app.actor)) app.actor = chat.members[0] ?? null;
  chat.shown = SHOWN_AT_ONCE;
  chat.fresh = unreadMessages(chat)[0]?.message_id;
  $("text").value = chat.draft;
  closeInline();
  $("notices").querySelector(`[data-chat="${id}"]`)?.remove();
  $("toast").classList.remove("shown");
  closePanel();
  drawHead();
  drawMessages();
  drawFoot();
  markRead(chat);
  drawRows();
  if (focus && !matchMedia("(pointer: coarse)").matches) ($("composer").hidden ? $("big") : $("text")).focus();
}

export function drawHead() {
  const chat = current();
  const person = app.people.get(chat.person);
  if (person) drawAvatar($("head-avatar"), 5, app.bot.name); else drawAvatar($("head-avatar"), chat.id, "");
  $("head-title").textContent = person ? app.bot.name : chat.title;
  $("head-line").hidden = !person;
  $("head-line").className = chat.doing ? "typing" : "";
  const doing = chat.doing === "typing" ? t("typing") : t("uploading");
  $("head-line").textContent = chat.doing ? doing : `${t("bot")} · ${person?.name}, ${person?.role[app.language]}`;
  $("acting").hidden = Boolean(person) || !chat.members.length;
  $("actor").replaceChildren(...chat.members.map((id) =>
    h("option", { value: id, selected: id === app.actor }, app.people.get(id).name)));
  $("more").hidden = !person || !chat.is_started;
  $("block").textContent = t(chat.is_blocked ? "unblock" : "block");
  closeMore();
}

export function closeMore() {
  $("more-menu").hidden = true;
  $("more").setAttribute("aria-expanded", "false");
}

export function drawMessages() {
  const chat = current();
  const all = [...chat.messages.values()];
  const shown = all.slice(-chat.shown);
  $("earlier").hidden = shown.length === all.length;
  $("messages").replaceChildren();
  for (const message of shown) {
    appendMessage(chat, message, message.message_id === chat.fresh && h("li", { class: "fresh" }, t("fresh")));
  }
  drawAbout();
  toEnd();
  const mark = $("messages").querySelector(".fresh");
  if (mark && mark.offsetTop < $("feed").scrollTop + $("feed").offsetTop) mark.scrollIntoView();
  app.wasAtEnd = isAtEnd();
}

export function drawAbout() {
  const chat = current();
  $("about").hidden = chat.messages.size > 0;
  $("about").textContent = chat.description || t("empty");
}

/** `mark` is a line to stand above it. */
export function appendMessage(chat, message, mark = null) {
  const day = new Date(message.date * 1000).toDateString();
  const list = $("messages");
  if (list.dataset.day !== day || !list.children.length) list.append(h("li", { class: "day" }, dayName(message.date)));
  list.dataset.day = day;
  if (mark) list.append(mark);
  list.append(messageItem(chat, message));
}

/** Redraw a message where it stands; the keyboard's focus stays where it was. */
export function redrawMessage(chat, message) {
  const old = messageElement(message.message_id);
  if (!old) return;
  const wasAtEnd = isAtEnd();
  const keys = [...old.querySelectorAll(".keys")];
  const focused = document.activeElement;
  const row = keys.findIndex((one) => one.contains(focused));
  const column = row < 0 ? -1 : [...keys[row].children].indexOf(focused);
  const label = focused?.textContent;
  const fresh = messageItem(chat, message);
  old.replaceWith(fresh);
  if (row >= 0) {
    const rows = [...fresh.querySelectorAll(".keys")];
    const near = (rows[row] ?? rows.at(-1))?.children;
    const same = [...fresh.querySelectorAll(".key")].find((one) => one.textContent === label && /\D/.test(label));
    (same ?? near?.[column] ?? near?.[near.length - 1] ?? $("text")).focus({ preventScroll: true });
  } else if (old.contains(focused)) $("text").focus();
  if (wasAtEnd) toEnd();
}

export function removeMessage(number) {
  const item = messageElement(number);
  if (!item) return;
  if (item.contains(document.activeElement)) $("text").focus();
  item.removeAttribute("data-id");
  item.classList.add("gone");
  setTimeout(() => {
    item.remove();
    for (const mark of $("messages").querySelectorAll(".day, .fresh")) {
      if (!mark.nextElementSibling || mark.nextElementSibling.matches(".day")) mark.remove();
    }
    if (!$("messages").children.length) $("messages").dataset.day = "";
    drawAbout();
  }, 180);
}

/** A chat that is only watched does not grow for ever: the oldest are behind "Show earlier". */
export function dropOldest() {
  const { children } = $("messages");
  while (children.length > 2 * SHOWN_AT_ONCE && !children[0].contains(document.activeElement) && !children[0].contains(playing)) {
    children[0].remove();
    $("earlier").hidden = false;
    current().shown = children.length;
  }
}

export function stopChatAction(chat) {
  clearTimeout(chat.doingTimer);
  if (!chat.doing) return;
  chat.doing = null;
  if (chat === current()) drawHead();
}
