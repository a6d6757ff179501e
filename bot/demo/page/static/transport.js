// Talking with the server: requests of people, and the stream of events (Server-Sent Events).

import { toast } from "./dialogs.js";
import { $ } from "./elements.js";
import { app } from "./state.js";
import { t } from "./words.js";

/** What somebody does, as JSON or a form; null when it did not work, and the page has said so, or was given up. */
export async function post(path, body, signal = null) {
  const isForm = body instanceof FormData;
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: isForm ? {} : { "Content-Type": "application/json" },
      body: isForm ? body : JSON.stringify(body),
      signal,
    });
    const answer = await response.json();
    if (answer.ok) return answer;
    toast(t("failed", { why: answer.error }));
  } catch {
    if (!signal?.aborted) toast(t("lost"));
  }
  return null;
}

/** Has the bot, and everybody's Telegram, speak the page's language from now on. */
export function tellLanguage() {
  for (const person of app.people.values()) person.language = app.language;
  return post("/language", { language: app.language });
}

/** The whole of what there is; it throws where there is no answer. */
export const fetchState = async () => (await fetch("/state")).json();

/** The PBXs; it throws where there is no answer. */
export const fetchSources = async () => (await fetch("/sources")).json();

let stream = null;

/** Hear all that happens after `app.position`, and again when the connection broke. */
export function listen(receive) {
  stream?.close();
  const opened = new EventSource(`/events?after=${app.position}`);
  stream = opened;
  opened.onmessage = receive;
  opened.onopen = () => { $("offline").hidden = true; };
  opened.onerror = () => {
    $("offline").hidden = false;
    $("offline").textContent = t("lost");
    if (opened.readyState === EventSource.CLOSED) setTimeout(listen, 2000, receive);
  };
}
