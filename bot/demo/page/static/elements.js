// Elements of the page. Whatever came from outside becomes text nodes only, never HTML.

export const $ = (id) => document.getElementById(id);

/** An element; strings among the children become text. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** A disc with the initials of a name; with the sign of a group when there is no name. */
export function drawAvatar(element, id, name) {
  const letters = name.match(/[\p{L}\p{N}]+/gu) ?? ["?"];
  element.className = `avatar av${id < 0 ? 5 : id % 7}`;
  element.replaceChildren(name ? letters.slice(0, 2).map((word) => [...word][0]).join("").toUpperCase() : icon("group"));
  return element;
}
