// What appears over the chat: toasts and dialogs.

import { $, h } from "./elements.js";
import { t } from "./words.js";

/** A few words at the foot, for a while that depends on their length. */
export function toast(words) {
  $("toast").textContent = words;
  $("toast").classList.add("shown");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => $("toast").classList.remove("shown"), 2500 + words.length * 30);
}

/** A question over everything; each choice is [label, what to do] or [label, where to go]. */
export function askInDialog(words, choices) {
  const dialog = h("dialog", { "aria-label": words }, h("p", {}, words));
  const buttons = choices.map(([label, action]) =>
    typeof action === "string"
      ? h("a", { href: action, target: "_blank", rel: "noopener noreferrer", onclick: () => dialog.close() }, label)
      : h("button", { type: "button", onclick: () => { dialog.close(); action?.(); } }, label));
  dialog.append(h("div", { class: choices.length > 2 ? "choices list" : "choices" }, ...buttons));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  buttons.at(-1).focus();
}

export async function copyText(text) {
  try { await navigator.clipboard.writeText(text); toast(t("copied")); } catch { toast(text); }
}

export function enlarge(source) {
  const dialog = h("dialog", { class: "picture", onclick: () => dialog.close() }, h("img", { src: source, alt: t("photo") }));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
