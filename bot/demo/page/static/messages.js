// A message as Telegram draws it.

import { attachment } from "./attachments.js";
import { mentionBot, replyTo } from "./composer.js";
import { h, icon } from "./elements.js";
import { flashMessage } from "./feed.js";
import { timeOfDay } from "./format.js";
import { inlineButton } from "./keyboards.js";
import { languageOf, nameOf, viewer } from "./state.js";
import { isService, kindOf, preview, serviceText, textOf } from "./summary.js";
import { formattedText } from "./text.js";
import { t } from "./words.js";

/** Who wrote, where it is not plain, and the bot that found it; a press on that asks the bot again. */
function author(chat, message, isOwn) {
  const isNamed = !chat.person && !isOwn;
  const bot = message.via_bot;
  if (!isNamed && !bot) return null;
  const via = bot && h("button", { type: "button", class: "via", onclick: mentionBot }, t("via", { who: `@${bot.username}` }));
  return h("span", { class: "who" }, isNamed && nameOf(message.from), isNamed && bot && " ", via);
}

const HAS_NO_MOUSE = matchMedia("(hover: none)").matches;

export function messageItem(chat, message) {
  if (isService(message)) return h("li", { class: "chip", "data-id": message.message_id }, serviceText(message));
  const isOwn = message.from.id === viewer(chat);
  const kind = kindOf(message);
  const text = textOf(message);
  const replied = message.reply_to_message;
  const content = h("div", { class: "bubble" },
    author(chat, message, isOwn),
    message.forward_origin && h("span", { class: "origin" }, t("forwarded", { who: nameOf(message.forward_origin.sender_user ?? { first_name: message.forward_origin.sender_user_name ?? "" }) })),
    replied && h("button", { type: "button", class: "quote", onclick: () => flashMessage(replied.message_id) },
      h("strong", {}, nameOf(replied.from)), h("span", {}, preview(replied))),
    !message.show_caption_above_media && kind && attachment(kind, message),
    text && h("span", { class: "body", lang: languageOf(chat) }, ...formattedText(text, message.entities ?? message.caption_entities)),
    message.show_caption_above_media && kind && attachment(kind, message),
    h("span", { class: "meta" },
      message.edit_date && !message.reply_markup && h("span", {}, t("edited")),
      h("time", {}, timeOfDay(message.date)), isOwn && icon("read")));
  const answer = h("button", { type: "button", class: "icon answer", "aria-label": t("reply"), title: t("reply"), onclick: () => replyTo(message) }, icon("reply"));
  const rows = message.reply_markup?.inline_keyboard;
  const item = h("li", {
    class: `message${isOwn ? " own" : ""}${rows ? " keyed" : ""}`,
    "data-id": message.message_id,
    ondblclick: () => replyTo(message),
    onclick: (event) => event.currentTarget.classList.toggle("touched", HAS_NO_MOUSE && !event.target.closest("button, a, .spoiler")),
  }, h("span", { class: "hidden" }, `${isOwn ? t("you") : nameOf(message.from)}: `), content, answer);
  if (rows) item.append(h("div", { class: "keyboard" }, ...rows.map((row) =>
    h("div", { class: "keys" }, ...row.map((button) => inlineButton(chat, message, button))))));
  return item;
}
