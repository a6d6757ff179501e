// The demo's chat page: draws what the Bot API server tells of, sends back what people do.
// Here is what the page listens to; each module has a subject, and none imports another in a circle.

import { cancelReply, closeCommands, drawFoot, onInput, onTextKey, openCommands, submitText, uploadFile } from "./composer.js";
import { $ } from "./elements.js";
import { load } from "./events.js";
import { isAtEnd, toEnd } from "./feed.js";
import { closeInline, isInlineOpen, more } from "./inline.js";
import { SHOWN_AT_ONCE, closeMore, drawHead, drawMessages, showChat } from "./open-chat.js";
import { closePanel, drawPanel, togglePanel } from "./panel.js";
import { drawRows } from "./people.js";
import { drawSources, watchSources } from "./sources.js";
import { app, current, recall, remember } from "./state.js";
import { post, tellLanguage } from "./transport.js";
import { markRead, readElsewhere, unreadCount } from "./unread.js";
import { drawWords } from "./words.js";

// The bar

function setTheme(theme) {
  if (theme) document.documentElement.style.colorScheme = theme;
}

$("language").addEventListener("click", () => {
  app.language = app.language === "uk" ? "en" : "uk";
  remember("language", app.language);
  tellLanguage();
  drawWords();
  drawPanel();
  drawSources();
  closeInline();
  if (!current()) return;
  drawHead();
  drawMessages();
  drawFoot();
  drawRows();
});
$("theme").addEventListener("click", () => {
  const now = document.documentElement.style.colorScheme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  remember("theme", now === "dark" ? "light" : "dark");
  setTheme(recall("theme") ?? "dark");
});

// The head of the chat

$("actor").addEventListener("change", () => {
  app.actor = Number($("actor").value);
  closeInline();
  drawMessages();
  drawFoot();
});
$("more").addEventListener("click", () => {
  const isOpen = $("more-menu").hidden;
  $("more-menu").hidden = !isOpen;
  $("more").setAttribute("aria-expanded", String(isOpen));
  if (isOpen) $("block").focus();
});
$("block").addEventListener("click", async () => {
  const chat = current();
  closeMore();
  $("more").focus();
  await post("/block", { as: chat.person, is_blocked: !chat.is_blocked });
});

// The messages

$("earlier").addEventListener("click", () => {
  const left = $("feed").scrollHeight - $("feed").scrollTop;
  current().shown += SHOWN_AT_ONCE;
  drawMessages();
  $("feed").scrollTop = $("feed").scrollHeight - left;
});
$("feed").addEventListener("scroll", () => {
  const top = $("feed").scrollTop;
  app.wasAtEnd = isAtEnd() || (app.wasAtEnd && top >= app.top); // what comes below moves nobody away
  app.top = top;
  $("down").hidden = app.wasAtEnd;
  if (app.wasAtEnd && current() && unreadCount(current())) { markRead(current()); drawRows(); }
}, { passive: true });
$("down").addEventListener("click", () => { toEnd(); $("text").focus(); });

// Writing

$("big").addEventListener("click", async () => {
  const chat = current();
  if (chat.is_blocked) await post("/block", { as: chat.person, is_blocked: false });
  await post("/start", { as: chat.person });
});
$("composer").addEventListener("submit", (event) => { event.preventDefault(); submitText(); });
$("text").addEventListener("keydown", onTextKey);
$("text").addEventListener("input", onInput);
$("inline").addEventListener("scroll", more, { passive: true });
$("text").addEventListener("paste", (event) => {
  const [file] = event.clipboardData.files;
  if (file && !$("attach").hidden) { event.preventDefault(); uploadFile(file); }
});
$("menu").addEventListener("click", () => {
  if ($("commands").hidden) openCommands(); else closeCommands();
  $("text").focus();
});
$("attach").addEventListener("click", () => $("file").click());
$("file").addEventListener("change", () => {
  const [file] = $("file").files;
  $("file").value = "";
  if (file) uploadFile(file);
});
$("chat").addEventListener("dragover", (event) => event.preventDefault());
$("chat").addEventListener("drop", (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  if (file && !$("composer").hidden && !$("attach").hidden) uploadFile(file);
});
$("replying").querySelector("button").addEventListener("click", () => { cancelReply(); $("text").focus(); });

// The panel

$("open-panel").addEventListener("click", () => togglePanel(true));
$("close-panel").addEventListener("click", () => togglePanel(false));
$("shade").addEventListener("click", () => togglePanel(false));
$("through").addEventListener("toggle", watchSources);
matchMedia("(max-width: 1099px)").addEventListener("change", closePanel);

// The whole page

document.addEventListener("click", (event) => {
  if (!event.target.closest("#foot, .via")) { closeCommands(); closeInline(); }
  if (!event.target.closest("#more, #more-menu")) closeMore();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
    if (isInlineOpen()) closeInline();
    else if (!$("commands").hidden) closeCommands();
    else if (!$("more-menu").hidden) { closeMore(); $("more").focus(); }
    else if ($("panel").classList.contains("open")) togglePanel(false);
    else if (current()?.replyTo) cancelReply();
  } else if (event.altKey && ["ArrowUp", "ArrowDown"].includes(event.key) && current()) {
    event.preventDefault();
    const ids = [...app.chats.keys()];
    const step = event.key === "ArrowDown" ? 1 : -1;
    showChat(ids[(ids.indexOf(app.current) + step + ids.length) % ids.length]);
  }
});
addEventListener("storage", (event) => { if (readElsewhere(event)) drawRows(); });
document.addEventListener("start-by-link", ({ detail: { person, payload } }) => {
  showChat(person);
  post("/start", { as: person, payload });
});
document.addEventListener("visibilitychange", () => {
  if (current() && isAtEnd()) { markRead(current()); drawRows(); }
});
const sizes = new ResizeObserver(() => { if (app.wasAtEnd) toEnd(); });
sizes.observe($("messages"));
sizes.observe($("feed"));

setTheme(recall("theme"));
drawWords();
load();
