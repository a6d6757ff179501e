// Inline mode: what the bot finds for what is typed after its name, in a list over the text.

import { announce } from "./accessibility.js";
import { toast } from "./dialogs.js";
import { $, h } from "./elements.js";
import { startByLink } from "./links.js";
import { app, current, languageOf, viewer } from "./state.js";
import { post } from "./transport.js";
import { t } from "./words.js";

const PAUSE = 300; // ms without a key
const MAX_QUERY = 256;

/**
 * The list that is shown, or asked for: its `chat`, `person` and `text`, the `query` once answered,
 * the `next` offset if there is more, and `pick`, which sends a result. Null when there is none.
 */
let list = null;

/** What stands after the name of the bot, if the text begins with it; undefined otherwise. */
export function inlineTyped() {
  const [, name, text] = /^@(\w+)\s([^]*)$/.exec($("text").value) ?? [];
  const isOurs = app.bot.is_inline && name?.toLowerCase() === app.bot.username.toLowerCase();
  return isOurs && [...text].length <= MAX_QUERY ? text : undefined;
}

export const isInlineOpen = () => !$("inline").hidden;

/** Ask the bot when the keys rest; what is shown stays until the answer. */
export function askInline(text, pick) {
  const chat = current();
  const person = viewer(chat);
  if (list?.text === text && list.chat === chat && list.person === person) return;
  giveUp();
  const asked = { chat, person, text, pick, next: "", button: null, query: null, isAsking: false, patience: new AbortController() };
  asked.timer = setTimeout(() => load(asked), PAUSE);
  list = asked;
}

/** Nobody waits for what was typed over: a browser has few connections, and a bot may be slow. */
function giveUp() {
  clearTimeout(list?.timer);
  list?.patience.abort();
  list = null;
}

export function closeInline() {
  giveUp();
  $("inline").hidden = true;
  $("inline").replaceChildren();
  $("text").removeAttribute("aria-activedescendant");
}

async function load(asked) {
  const { chat, person, text, next } = asked;
  asked.isAsking = true;
  const answer = await post("/ask", { as: person, chat: chat.id, text, offset: next }, asked.patience.signal);
  asked.isAsking = false;
  if (list !== asked) return; // it was typed over
  const isFirst = asked.query === null;
  const found = (answer?.results ?? []).map((result) => ({ ...result, query: answer.query }));
  asked.query = answer?.query ?? "";
  asked.next = found.length && answer.next_offset !== next ? answer.next_offset : "";
  if (isFirst) asked.button = answer?.button ?? null;
  draw(asked, found, isFirst);
}

function draw(asked, found, isFirst) {
  if (isFirst) {
    $("inline").replaceChildren();
    $("inline").scrollTop = 0;
    if (asked.button) $("inline").append(buttonItem(asked));
  }
  const start = $("inline").querySelectorAll(".result").length;
  $("inline").append(...found.map((result, at) => resultItem(asked, result, start + at)));
  $("inline").hidden = !$("inline").children.length;
  if (isFirst) {
    $("text").removeAttribute("aria-activedescendant");
    if (found.length) {
      announce(t("found", { n: `${found.length}${asked.next ? "+" : ""}` }));
      choose($("inline").querySelector(".result"));
    } else if (asked.button) announce(asked.button.text);
  }
  more();
}

/** The answer goes on when its end comes into sight. */
export function more() {
  const { scrollTop, scrollHeight, clientHeight } = $("inline");
  if (!list?.next || list.isAsking || scrollHeight - scrollTop - clientHeight > clientHeight / 2) return;
  load(list);
}

function buttonItem(asked) {
  const { text, start_parameter: payload } = asked.button;
  const press = () => {
    closeInline();
    if (payload === undefined) return toast(t("notHere"));
    if (asked.chat.person) clearText();
    startByLink(asked.person, payload);
  };
  return h("li", { id: "inline-button", class: "switch", role: "option", "aria-selected": "false", lang: languageOf(asked.chat), onclick: press }, text);
}

function resultItem(asked, result, number) {
  const letter = /[\p{L}\p{N}]/u.exec(result.title)?.[0] ?? "";
  const pick = () => { closeInline(); asked.pick(result); };
  return h("li", { id: `result-${number}`, class: "result", role: "option", "aria-selected": "false", lang: languageOf(asked.chat), onclick: pick },
    h("span", { class: "letter", "aria-hidden": "true" }, letter.toUpperCase()),
    h("div", {}, h("b", {}, result.title), result.description && h("span", {}, result.description)));
}

function clearText() {
  $("text").value = "";
  $("text").dispatchEvent(new Event("input"));
}

function choose(item) {
  $("inline").querySelector("[aria-selected=true]")?.setAttribute("aria-selected", "false");
  item.setAttribute("aria-selected", "true");
  item.scrollIntoView({ block: "nearest" });
  $("text").setAttribute("aria-activedescendant", item.id);
}

/** True when the key was for the list: arrows choose, Enter sends, but not what is typed over. */
export function onInlineKey(event) {
  if (!isInlineOpen() || event.shiftKey || event.altKey) return false;
  const items = [...$("inline").children];
  const at = items.findIndex((one) => one.ariaSelected === "true");
  if (["ArrowDown", "ArrowUp"].includes(event.key)) {
    const step = event.key === "ArrowDown" ? 1 : -1;
    choose(items[(Math.max(at, step < 0 ? 0 : -1) + step + items.length) % items.length]);
    more();
  } else if (event.key === "Enter" && at >= 0) {
    if (list?.query !== null) items[at].click();
  } else return false;
  event.preventDefault();
  return true;
}
