// What the page knows: the chats and people of the server, and what this browser remembers.

/**
 * `current` is the id of the chat on the screen, `actor` the person who writes in the group,
 * `position` the last event heard; `wasAtEnd` and `top` tell where the messages were scrolled to.
 * A chat is what the server tells of it, with its `messages` by number, the `draft`, the message
 * replied to, the presses not yet answered (`busy`) and the last number `read`.
 */
export const app = { people: new Map(), chats: new Map(), panel: [], current: null, actor: null, position: "" };

/** What this browser keeps for the next visit; nothing in a private window. */
export function recall(name) {
  try { return localStorage.getItem(`dzvinok.${name}`); } catch { return null; }
}

export function remember(name, value) {
  try { localStorage.setItem(`dzvinok.${name}`, value); } catch { /* a private window */ }
}

app.language = recall("language") ?? (/^(uk|ru|be)/.test(navigator.language) ? "uk" : "en");

export const current = () => app.chats.get(app.current);

/** Whose eyes see the chat: its own person, in the group the one chosen there. */
export function viewer(chat) {
  return chat.person ?? app.actor;
}

/** The language of the bot's words in a chat. */
export const languageOf = (chat) => app.people.get(viewer(chat))?.language ?? app.language;

export const nameOf = (account) => [account.first_name, account.last_name].filter(Boolean).join(" ");
