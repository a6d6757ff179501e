// A message in one line of text, for lists, quotes and notices.

import { nameOf } from "./state.js";
import { t } from "./words.js";

const MEDIA = ["photo", "animation", "video", "video_note", "audio", "voice", "document", "sticker"];

const SIGNS = { photo: "🖼", animation: "🎞", video: "🎬", video_note: "🎬", audio: "🎵", voice: "🎤", document: "📎", contact: "👤", location: "📍" };

export const textOf = (message) => message.text ?? message.caption ?? "";

export const kindOf = (message) => MEDIA.find((kind) => message[kind]) ?? (message.contact ? "contact" : message.location ? "location" : null);

/** What nobody wrote: who came, who left, what was pinned. */
export const isService = (message) => Boolean(message.new_chat_members || message.left_chat_member || message.pinned_message);

export function serviceText(message) {
  if (message.pinned_message) return t("pinned", { what: preview(message.pinned_message).slice(0, 60) });
  const who = message.new_chat_members?.map(nameOf).join(", ") ?? nameOf(message.left_chat_member);
  return t(message.new_chat_members ? "joined" : "left", { who });
}

export function preview(message) {
  if (isService(message)) return serviceText(message);
  const kind = kindOf(message);
  const text = textOf(message).split("\n").filter(Boolean).join(" · ");
  if (kind === "sticker") return `${message.sticker.emoji ?? ""} ${t("sticker")}`;
  return kind ? `${SIGNS[kind]} ${text || t(kind)}` : text || t("other");
}
