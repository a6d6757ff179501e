// What has been read, and what has not.

import { app, remember, viewer } from "./state.js";
import { isService } from "./summary.js";

/** What has come since the person last looked, or wrote: writing is looking too. */
export function unreadMessages(chat) {
  const all = [...chat.messages.values()];
  const seen = all.findLastIndex((one) => one.message_id <= chat.read || one.from.id === viewer(chat));
  return all.slice(seen + 1).filter((one) => !isService(one));
}

export const unreadCount = (chat) => unreadMessages(chat).length;

/** All of the chat on the screen, unless the whole page is out of sight. */
export function markRead(chat) {
  if (chat.id !== app.current || document.visibilityState !== "visible") return;
  chat.read = [...chat.messages.keys()].at(-1) ?? 0;
  remember("read", JSON.stringify({ session: app.session, read: Object.fromEntries([...app.chats.values()].map((one) => [one.id, one.read])) }));
}

/** What was read in another tab is read; true when this tells of something. */
export function readElsewhere({ key, newValue }) {
  if (key !== "dzvinok.read" || !newValue) return false;
  const { session, read } = JSON.parse(newValue);
  if (session !== app.session) return false;
  for (const chat of app.chats.values()) chat.read = Math.max(chat.read, read[chat.id] ?? 0);
  return true;
}
