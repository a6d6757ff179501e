// Formatted text: entities over UTF-16 offsets, as JavaScript's own strings have them.

import { pressable } from "./accessibility.js";
import { sendText } from "./composer.js";
import { copyText } from "./dialogs.js";
import { h } from "./elements.js";
import { openLink, safeUrl } from "./links.js";
import { t } from "./words.js";

export function formattedText(text, entities = []) {
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  const build = (from, to, inside) => {
    const nodes = [];
    let at = from;
    while (inside.length) {
      const entity = inside.shift();
      const start = Math.max(entity.offset, at);
      const end = Math.min(entity.offset + entity.length, to);
      if (start >= end) continue;
      const nested = [];
      while (inside.length && inside[0].offset < end) nested.push(inside.shift());
      if (start > at) nodes.push(...plainText(text.slice(at, start)));
      nodes.push(entityElement(entity, text.slice(start, end), build(start, end, nested)));
      at = end;
    }
    if (at < to) nodes.push(...plainText(text.slice(at, to)));
    return nodes;
  };
  return build(0, text.length, sorted);
}

/** A phone number stays on one line. */
function plainText(text) {
  return text.split(/(\+\d[\d ]{7,16}\d)/).map((part, at) => at % 2 ? h("span", { class: "phone" }, part) : part);
}

function entityElement(entity, text, children) {
  switch (entity.type) {
    case "bold": return h("strong", {}, ...children);
    case "italic": return h("em", {}, ...children);
    case "underline": return h("u", {}, ...children);
    case "strikethrough": return h("s", {}, ...children);
    case "code": return pressable(h("code", { title: t("copy") }, ...children), () => copyText(text));
    case "pre": return h("pre", {}, ...children);
    case "spoiler": return spoilerElement(children);
    case "blockquote": return h("blockquote", {}, ...children);
    case "expandable_blockquote": return expandableQuote(children);
    case "text_link": return linkElement(entity.url, children);
    case "url": return linkElement(/^[a-z]+:/i.test(text) ? text : `https://${text}`, children);
    case "email": return linkElement(`mailto:${text}`, children);
    case "phone_number": return linkElement(`tel:${text.replace(/[^+\d]/g, "")}`, children);
    case "bot_command":
      return h("button", { type: "button", class: "command", onclick: () => sendText(text) }, ...children);
    case "mention": case "text_mention": case "hashtag": case "cashtag":
      return h("span", { class: "tag" }, ...children);
    default: return h("span", {}, ...children);
  }
}

/** One press opens all that is hidden in the message, as in Telegram. */
function spoilerElement(children) {
  const inside = h("span", { "aria-hidden": "true" }, ...children);
  return pressable(h("span", { class: "spoiler", "aria-label": t("hidden") }, inside), () => {
    for (const one of inside.closest(".body").querySelectorAll(".spoiler:not(.open)")) {
      one.classList.add("open");
      for (const name of ["role", "tabindex", "aria-label"]) one.removeAttribute(name);
      one.firstChild.removeAttribute("aria-hidden");
    }
  });
}

function expandableQuote(children) {
  const quote = h("blockquote", { class: "long", "aria-expanded": "false" }, ...children);
  return pressable(quote, () => quote.setAttribute("aria-expanded", String(quote.classList.toggle("open"))));
}

function linkElement(address, children) {
  const url = safeUrl(address);
  if (!url) return h("span", {}, ...children);
  const go = (event) => { event.preventDefault(); openLink(url); };
  return h("a", { href: url.href, rel: "noopener noreferrer", onclick: go, onauxclick: go }, ...children);
}
