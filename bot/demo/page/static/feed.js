// The list of messages as a place: where its end is, and how one gets to a message.

import { $ } from "./elements.js";
import { app } from "./state.js";

export const messageElement = (number) => $("messages").querySelector(`[data-id="${number}"]`);

/** A little above the end counts as the end. */
export const isAtEnd = () => $("feed").scrollHeight - $("feed").scrollTop - $("feed").clientHeight < 70;

export function toEnd() {
  app.wasAtEnd = true;
  $("feed").scrollTop = $("feed").scrollHeight;
  app.top = $("feed").scrollTop;
}

export function flashMessage(number) {
  const item = messageElement(number);
  if (!item) return;
  item.scrollIntoView({ block: "center", behavior: "smooth" });
  item.classList.remove("flash");
  requestAnimationFrame(() => item.classList.add("flash"));
}
