// Keyboards: buttons under a message, busy from the press until the bot answers, and the reply keyboard.

import { copyText, toast } from "./dialogs.js";
import { $, h } from "./elements.js";
import { messageElement } from "./feed.js";
import { openLink, safeUrl } from "./links.js";
import { app, current, viewer } from "./state.js";
import { post } from "./transport.js";
import { t } from "./words.js";

export function inlineButton(chat, message, button) {
  const style = ["danger", "success", "primary"].includes(button.style) ? ` ${button.style}` : "";
  const isBusy = chat.busy.has(pressId(viewer(chat), message.message_id, button.callback_data));
  return h("button", {
    type: "button", class: `key${style}`, disabled: "disabled" in button, title: button.text.length > 18 && button.text,
    "aria-busy": isBusy && "true", "data-press": button.callback_data,
    onclick: () => pressInlineButton(chat, message, button),
    ondblclick: (event) => event.stopPropagation(),
  }, button.text, button.url && h("span", { class: "mark", "aria-hidden": "true" }, "↗"));
}

const pressId = (person, message, data) => `${person}:${message}:${data}`;

async function pressInlineButton(chat, message, button) {
  if (button.url) { const url = safeUrl(button.url); return url && openLink(url, chat.person); }
  if (button.copy_text) return copyText(button.copy_text.text);
  if (button.callback_data === undefined) return toast(t("notHere"));
  const person = viewer(chat);
  if (chat.busy.has(pressId(person, message.message_id, button.callback_data))) return;
  setBusy(chat, person, message.message_id, button.callback_data, true);
  app.pressed = message.message_id;
  const done = await post("/press", { as: person, chat: chat.id, message_id: message.message_id, data: button.callback_data });
  if (!done) setBusy(chat, person, message.message_id, button.callback_data, false);
}

/** `data` is the callback data of the pressed buttons; nobody waits longer than Telegram would. */
export function setBusy(chat, person, number, data, isBusy) {
  const name = pressId(person, number, data);
  clearTimeout(chat.busy.get(name));
  chat.busy.delete(name);
  if (isBusy) {
    chat.busy.set(name, setTimeout(() => {
      setBusy(chat, person, number, data, false);
      if (chat === current() && person === viewer(chat)) toast(t("noAnswer"));
    }, app.lifetime * 1000));
  }
  if (chat !== current() || person !== viewer(chat)) return;
  for (const element of messageElement(number)?.querySelectorAll(".key") ?? []) {
    if (element.dataset.press !== data) continue;
    if (isBusy) element.setAttribute("aria-busy", "true"); else element.removeAttribute("aria-busy");
  }
}

/** The keys under the text; they are as good as the text they send. */
export function drawReplyKeyboard() {
  const chat = current();
  const rows = chat.keyboard?.keyboard ?? [];
  $("keys").hidden = !rows.length || $("composer").hidden;
  const press = (label) => post("/send", { as: viewer(chat), chat: chat.id, key: label });
  $("keys").replaceChildren(...rows.map((row) => h("div", { class: "keys" }, ...row.map((button) =>
    h("button", { type: "button", class: "key", onclick: () => press(button.text) }, button.text)))));
}
