// The foot of the chat: the text, the reply, the reply keyboard and the menu of commands.

import { toast } from "./dialogs.js";
import { $, h } from "./elements.js";
import { askInline, closeInline, inlineTyped, isInlineOpen, onInlineKey } from "./inline.js";
import { drawReplyKeyboard } from "./keyboards.js";
import { app, current, languageOf, nameOf, viewer } from "./state.js";
import { preview } from "./summary.js";
import { post } from "./transport.js";
import { t } from "./words.js";

const MAX_TEXT = 4096;

export function drawFoot() {
  const chat = current();
  const canWrite = chat.is_started && !chat.is_blocked && (chat.person || chat.members.length);
  $("composer").hidden = !canWrite;
  $("big").hidden = Boolean(canWrite);
  $("big").className = chat.is_blocked ? "" : "main";
  $("big").textContent = t(chat.is_blocked ? "restart" : "start");
  $("attach").hidden = !chat.person;
  $("menu").hidden = !commandsOf(chat).length;
  drawReply();
  drawReplyKeyboard();
  fitText();
  closeCommands();
  if (!canWrite) closeInline();
}

export function fitText() {
  const text = $("text");
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight}px`;
}

export function drawReply() {
  const chat = current();
  const message = chat.messages.get(chat.replyTo);
  $("replying").hidden = !message;
  const words = message?.force_reply?.input_field_placeholder ?? chat.keyboard?.input_field_placeholder;
  $("text").placeholder = words ?? t("message");
  if (!message) { chat.replyTo = null; return; }
  $("replying").querySelector("strong").textContent = nameOf(message.from);
  $("replying").querySelector("div span").textContent = preview(message);
}

export function replyTo(message) {
  if ($("composer").hidden) return;
  current().replyTo = message.message_id;
  drawReply();
  $("text").focus();
}

export function cancelReply() {
  current().replyTo = null;
  drawReply();
}

/** In parts, if it is longer than a message may be; false when it was not all sent. */
export async function sendText(whole) {
  const chat = current();
  const text = whole.trim();
  if (!text || $("composer").hidden) return false;
  const letters = [...text];
  for (let at = 0; at < letters.length; at += MAX_TEXT) {
    const part = letters.slice(at, at + MAX_TEXT).join("");
    const sent = await post("/send", { as: viewer(chat), chat: chat.id, text: part, reply_to: at ? null : chat.replyTo });
    if (!sent) return false;
  }
  chat.replyTo = null;
  if (chat === current()) drawReply();
  return true;
}

/** Send what is written; it comes back when it could not be sent. */
export async function submitText() {
  const chat = current();
  const text = $("text").value;
  $("text").value = "";
  fitText();
  closeCommands();
  closeInline();
  if (text.trim() && !(await sendText(text))) takeBack(chat, text);
}

/** What could not be sent is written again, unless something else is by now. */
function takeBack(chat, text) {
  if (chat !== current() || $("text").value) return;
  $("text").value = text;
  fitText();
}

/** After each change of the text: a slash and the name of the bot open their lists. */
export function onInput() {
  fitText();
  const start = slashTyped();
  if (start === undefined) closeCommands(); else openCommands(start);
  const text = inlineTyped();
  if (text === undefined) closeInline(); else askInline(text, sendResult);
}

/** Begin what the bot is to find; what was written becomes that. */
export function mentionBot() {
  if ($("composer").hidden) return;
  $("text").value = `@${app.bot.username} ${inlineTyped() ?? $("text").value}`;
  $("text").focus();
  onInput();
}

async function sendResult(result) {
  const chat = current();
  const text = $("text").value;
  $("text").value = "";
  fitText();
  $("text").focus();
  const sent = await post("/choose", { as: viewer(chat), chat: chat.id, query: result.query, result: result.id, reply_to: chat.replyTo });
  if (!sent) return takeBack(chat, text);
  chat.replyTo = null;
  if (chat === current()) drawReply();
}

export async function uploadFile(file) {
  if (file.size > app.maxFile) return toast(t("tooLarge"));
  const form = new FormData();
  form.append("as", viewer(current()));
  form.append("caption", $("text").value.trim().slice(0, 1024));
  form.append("file", file);
  if (await post("/upload", form)) { $("text").value = ""; fitText(); }
}

// The menu of commands: its button opens all of it, a slash finds in it

const commandsOf = (chat) => chat.commands[viewer(chat)] ?? [];

/** What stands after the slash, if that is all the text; undefined otherwise. */
export const slashTyped = () => /^\/(\w*)$/.exec($("text").value)?.[1];

/** Those that begin so; the first is chosen. */
export function openCommands(start = "") {
  const list = commandsOf(current()).filter((one) => one.command.startsWith(start));
  $("commands").replaceChildren(...list.map((one, index) =>
    h("li", { id: `command-${index}`, role: "option", "aria-selected": "false", "data-command": one.command, onclick: () => chooseCommand(one.command) },
      h("b", {}, `/${one.command}`), h("span", { lang: languageOf(current()) }, one.description))));
  $("commands").hidden = !list.length;
  $("menu").setAttribute("aria-expanded", String(list.length > 0));
  if (list.length) moveChoice(1);
}

export function closeCommands() {
  $("commands").hidden = true;
  $("menu").setAttribute("aria-expanded", "false");
  if (!isInlineOpen()) $("text").removeAttribute("aria-activedescendant");
}

function moveChoice(step) {
  const items = [...$("commands").children];
  const at = items.findIndex((one) => one.ariaSelected === "true");
  items[at]?.setAttribute("aria-selected", "false");
  const next = items[(Math.max(at, step < 0 ? 0 : -1) + step + items.length) % items.length];
  next.setAttribute("aria-selected", "true");
  next.scrollIntoView({ block: "nearest" });
  $("text").setAttribute("aria-activedescendant", next.id);
}

function chooseCommand(command) {
  $("text").value = "";
  fitText();
  closeCommands();
  $("text").focus();
  sendText(`/${command}`);
}

export function onTextKey(event) {
  const isOpen = !$("commands").hidden;
  if (event.isComposing || onInlineKey(event)) return;
  if (isOpen && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    event.preventDefault();
    moveChoice(event.key === "ArrowDown" ? 1 : -1);
  } else if (isOpen && ["Enter", "Tab"].includes(event.key) && !event.shiftKey) {
    event.preventDefault();
    chooseCommand($("commands").querySelector("[aria-selected=true]").dataset.command);
  } else if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    submitText();
  }
}
