// What the server tells, and what the page makes of it.

import { announce } from "./accessibility.js";
import { drawFoot, drawReply, openCommands, slashTyped } from "./composer.js";
import { askInDialog, toast } from "./dialogs.js";
import { $ } from "./elements.js";
import { toEnd } from "./feed.js";
import { setBusy } from "./keyboards.js";
import { openLink, safeUrl } from "./links.js";
import { SHOWN_AT_ONCE, appendMessage, drawAbout, drawHead, dropOldest, redrawMessage, removeMessage, showChat, stopChatAction } from "./open-chat.js";
import { drawPanel } from "./panel.js";
import { buildRows, drawRows, showNotice } from "./people.js";
import { loadSources } from "./sources.js";
import { app, current, nameOf, recall, viewer } from "./state.js";
import { isService, preview } from "./summary.js";
import { fetchState, listen, tellLanguage } from "./transport.js";
import { markRead } from "./unread.js";
import { t } from "./words.js";

/** By the kind of the event; the chat is the page's own. */
const handlers = {
  new(chat, event) {
    const message = event.message;
    const isKnown = chat.messages.has(message.message_id);
    const isOwn = message.from.id === viewer(chat);
    chat.messages.set(message.message_id, message);
    if (message.from.is_bot) stopChatAction(chat);
    if (message.force_reply && !isKnown) chat.replyTo = message.message_id;
    if (chat === current()) {
      if (isKnown) return redrawMessage(chat, message);
      appendMessage(chat, message);
      drawAbout();
      if (message.force_reply) { drawReply(); $("text").focus(); }
      if (isOwn) toEnd();
      if (!isOwn) announce(`${nameOf(message.from)}: ${preview(message).slice(0, 300)}`);
    } else if (!isOwn && !isKnown && !isService(message)) showNotice(chat, message, showChat);
    drawRowsSoon();
  },
  edited(chat, { message }) {
    if (!chat.messages.has(message.message_id)) return;
    chat.messages.set(message.message_id, message);
    if (chat === current()) {
      redrawMessage(chat, message);
      drawReply();
      if (app.pressed === message.message_id) announce(t("changed", { what: preview(message).slice(0, 300) }));
    }
    drawRowsSoon();
  },
  deleted(chat, event) {
    chat.messages.delete(event.message_id);
    if (chat === current()) { removeMessage(event.message_id); drawReply(); }
    drawRowsSoon();
  },
  pressed(chat, event) {
    setBusy(chat, event.person, event.message_id, event.data, true);
  },
  answered(chat, event) {
    setBusy(chat, event.person, event.message_id, event.data, false);
    if (chat !== current() || event.person !== viewer(chat)) return;
    const url = event.url && safeUrl(event.url);
    if (event.text && event.show_alert) askInDialog(event.text, [[t("ok"), null]]);
    else if (event.text) toast(event.text);
    if (url) openLink(url);
  },
  action(chat, event) {
    clearTimeout(chat.doingTimer);
    chat.doing = event.action;
    chat.doingTimer = setTimeout(() => stopChatAction(chat), 5000);
    if (chat === current()) drawHead();
  },
  chat(chat, event) {
    const hadStarted = chat.is_started && !chat.is_blocked;
    Object.assign(chat, event.now);
    if (chat === current()) {
      drawHead();
      const isFocused = document.activeElement === $("big") || document.activeElement === document.body;
      const isChoosing = !$("commands").hidden;
      drawFoot();
      if (isChoosing && !$("composer").hidden) openCommands(slashTyped());
      if (!hadStarted && chat.is_started && isFocused) $("text").focus();
    }
    drawRows();
  },
};

let drawingRows = null;

/** Once, however much comes together: a burst must not stop the page. */
function drawRowsSoon() {
  drawingRows ??= setTimeout(() => {
    drawingRows = null;
    if (app.wasAtEnd) { dropOldest(); toEnd(); markRead(current()); }
    drawRows();
  }, 30);
}

function receive(event) {
  const body = JSON.parse(event.data);
  app.position = event.lastEventId;
  if (body.kind === "resync") load();
  else if (body.kind === "panel") { app.panel = body.actions; drawPanel(); loadSources(); }
  else if (app.chats.has(body.chat)) handlers[body.kind]?.(app.chats.get(body.chat), body);
}

/** Draw all anew: at first, and when events were missed. What was being written stays. */
export async function load() {
  let state;
  try { state = await fetchState(); } catch { setTimeout(load, 2000); return; }
  const stored = JSON.parse(recall("read") ?? "{}");
  const read = stored.session === state.session ? stored.read : {};
  const before = app.session === state.session ? app.chats : new Map();
  Object.assign(app, {
    session: state.session, position: state.position, bot: state.bot, panel: state.panel,
    lifetime: state.callback_lifetime, maxFile: state.max_file,
    people: new Map(state.people.map((person) => [person.id, person])),
  });
  app.chats = new Map(state.chats.map((chat) => [chat.id, {
    draft: "", replyTo: null, ...before.get(chat.id),
    busy: new Map(), doing: null, shown: SHOWN_AT_ONCE, read: read[chat.id] ?? 0, ...chat,
    messages: new Map(chat.messages.map((message) => [message.message_id, message])),
  }]));
  if (state.people.some((person) => person.language !== app.language)) tellLanguage();
  const wanted = Number(app.current ?? recall("chat"));
  if (app.chats.has(app.current)) current().draft = $("text").value;
  app.current = null;
  app.actor ??= state.people[0].id;
  buildRows(showChat);
  drawPanel();
  loadSources();
  showChat(app.chats.has(wanted) ? wanted : state.people[0].id, { focus: before.size === 0 });
  listen(receive);
}
