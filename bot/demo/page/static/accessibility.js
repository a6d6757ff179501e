// For those who do not see the screen or use no mouse.

import { $ } from "./elements.js";

/** For a screen reader; the same words again are read again. */
export function announce(words) {
  $("spoken").textContent = "";
  requestAnimationFrame(() => { $("spoken").textContent = words; });
}

/** Text that is a button: by the mouse, a finger and the keyboard. */
export function pressable(element, act) {
  element.setAttribute("role", "button");
  element.tabIndex = 0;
  element.addEventListener("click", act);
  element.addEventListener("keydown", (event) => {
    if (event.target !== element || !["Enter", " "].includes(event.key)) return;
    event.preventDefault();
    act();
  });
  return element;
}
