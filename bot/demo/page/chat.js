// The demo's chat page: draws what the Bot API server tells of, sends back what people do.
// Whatever came from outside becomes text nodes only, never HTML.

const WORDS = {
  uk: {
    demo: "Демо.",
    demoWide: "Справжній бот, вигадані люди й дзвінки. Нічого не виходить за межі цього комп'ютера.",
    demoNarrow: "Нічого не йде в інтернет.",
    language: "EN", languageLabel: "EN, English", themeLabel: "Світла або темна тема",
    people: "Хто перед екраном", messages: "Повідомлення", message: "Повідомлення",
    actAs: "Ви тут:", more: "Ще", openPanel: "Телефонна станція", close: "Закрити",
    panel: "Телефонна станція", panelHint: "Натисніть, і це станеться у вигаданій компанії.",
    calls: "Дзвінки", faults: "Негаразди",
    commands: "Команди бота", menu: "Меню", menuLabel: "Меню: команди бота", attach: "Прикріпити файл", send: "Надіслати",
    cancelReply: "Не відповідати", reply: "Відповісти", down: "До останнього",
    earlier: "Показати давніші", fresh: "Непрочитані повідомлення", edited: "змінено",
    bot: "бот", typing: "пише…", uploading: "надсилає файл…", notStarted: "ще не починали",
    group: "група", you: "Ви", start: "ПОЧАТИ",
    empty: "Журнал дзвінків компанії в чаті.\n\nНатисніть ПОЧАТИ, а тоді замовте дзвінок на телефонній станції: про пропущений за мить дізнаються всі, кого він стосується.",
    block: "Заблокувати бота", unblock: "Розблокувати бота", restart: "РОЗБЛОКУВАТИ Й ПОЧАТИ ЗНОВУ",
    blocked: "бота заблоковано", photo: "Фото", document: "Файл", audio: "Аудіо", voice: "Голосове",
    video: "Відео", animation: "Анімація", video_note: "Відеоповідомлення", sticker: "Наліпка", contact: "Контакт",
    location: "Місце на мапі", service: "Подія", other: "Повідомлення",
    joined: "{who} тепер у групі", left: "{who} більше не в групі", pinned: "Закріплено: «{what}»",
    forwarded: "Переслано від: {who}", copy: "Скопіювати", copied: "Скопійовано", hidden: "прихований текст",
    play: "Слухати", pause: "Зупинити", position: "Місце запису", save: "Зберегти {name}",
    openPicture: "Відкрити фото", ok: "Гаразд", cancel: "Скасувати", open: "Відкрити",
    openLink: "Це посилання веде за межі демо. Відкрити його?", whoOpens: "Хто відкриє це посилання?",
    notHere: "У демо цього немає", noAnswer: "Бот не відповів",
    failed: "Не вийшло: {why}", tooLarge: "Файл завеликий", lost: "Зв'язок утрачено, відновлюю…",
    today: "Сьогодні", yesterday: "Учора", changed: "Змінено: {what}", unread: "непрочитаних: {n}",
    b: "Б", kb: "КБ", mb: "МБ",
  },
  en: {
    demo: "A demo.",
    demoWide: "The real bot, imaginary people and calls. Nothing leaves this computer.",
    demoNarrow: "Nothing leaves this computer.",
    language: "УК", languageLabel: "УК, Українська", themeLabel: "Light or dark theme",
    people: "Who is looking", messages: "Messages", message: "Message",
    actAs: "You are:", more: "More", openPanel: "Phone system", close: "Close",
    panel: "Phone system", panelHint: "Press, and it happens in the imaginary company.",
    calls: "Calls", faults: "Troubles",
    commands: "Bot commands", menu: "Menu", menuLabel: "Menu: bot commands", attach: "Attach a file", send: "Send",
    cancelReply: "Cancel the reply", reply: "Reply", down: "To the newest",
    earlier: "Show earlier", fresh: "Unread messages", edited: "edited",
    bot: "bot", typing: "typing…", uploading: "sending a file…", notStarted: "not started yet",
    group: "group", you: "You", start: "START",
    empty: "The company's call log in chat.\n\nPress START, then order a call from the phone system: of a missed one all whom it concerns are told at once.",
    block: "Block the bot", unblock: "Unblock the bot", restart: "UNBLOCK AND RESTART",
    blocked: "the bot is blocked", photo: "Photo", document: "File", audio: "Audio", voice: "Voice message",
    video: "Video", animation: "Animation", video_note: "Video message", sticker: "Sticker", contact: "Contact",
    location: "Location", service: "Event", other: "Message",
    joined: "{who} joined the group", left: "{who} left the group", pinned: "Pinned “{what}”",
    forwarded: "Forwarded from {who}", copy: "Copy", copied: "Copied", hidden: "hidden text",
    play: "Play", pause: "Pause", position: "Position", save: "Save {name}",
    openPicture: "Open the photo", ok: "OK", cancel: "Cancel", open: "Open",
    openLink: "This link leads out of the demo. Open it?", whoOpens: "Who opens this link?",
    notHere: "Not a part of the demo", noAnswer: "The bot did not answer",
    failed: "It did not work: {why}", tooLarge: "The file is too large", lost: "Connection lost, trying again…",
    today: "Today", yesterday: "Yesterday", changed: "Changed: {what}", unread: "unread: {n}",
    b: "B", kb: "KB", mb: "MB",
  },
};
const MEDIA = ["photo", "animation", "video", "video_note", "audio", "voice", "document", "sticker"];
const SIGNS = { photo: "🖼", animation: "🎞", video: "🎬", video_note: "🎬", audio: "🎵", voice: "🎤", document: "📎", contact: "👤", location: "📍" };
const SHOWN_AT_ONCE = 120;
const QUIET_AFTER_NOTICE = 12_000;
const HAS_NO_MOUSE = matchMedia("(hover: none)").matches;
const MAX_TEXT = 4096;

const $ = (id) => document.getElementById(id);
const app = { people: new Map(), chats: new Map(), panel: [], current: null, actor: null, position: "" };

// ---- Small things

function recall(name) {
  try { return localStorage.getItem(`dzvinok.${name}`); } catch { return null; }
}

function keep(name, value) {
  try { localStorage.setItem(`dzvinok.${name}`, value); } catch { /* a private window */ }
}

app.language = recall("language") ?? (/^(uk|ru|be)/.test(navigator.language) ? "uk" : "en");

function t(name, values = {}) {
  return WORDS[app.language][name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

/** An element; strings among the children become text. */
function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

const nameOf = (account) => [account.first_name, account.last_name].filter(Boolean).join(" ");

function face(element, id, name) {
  const letters = name.match(/[\p{L}\p{N}]+/gu) ?? ["?"];
  element.className = `avatar av${id < 0 ? 5 : id % 7}`;
  element.replaceChildren(name ? letters.slice(0, 2).map((word) => [...word][0]).join("").toUpperCase() : icon("group"));
  return element;
}

const clock = (date) => new Date(date * 1000).toLocaleTimeString(app.language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

function dayName(date) {
  const day = new Date(date * 1000);
  const ago = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(day).setHours(0, 0, 0, 0)) / 864e5);
  if (ago === 0) return t("today");
  if (ago === 1) return t("yesterday");
  const year = day.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return day.toLocaleDateString(app.language, { day: "numeric", month: "long", year });
}

function size(bytes) {
  if (bytes < 1024) return `${bytes} ${t("b")}`;
  const [value, unit] = bytes < 1024 ** 2 ? [bytes / 1024, "kb"] : [bytes / 1024 ** 2, "mb"];
  return `${value.toLocaleString(app.language, { maximumFractionDigits: 1 })} ${t(unit)}`;
}

const minutes = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

function say(words) {
  $("spoken").textContent = "";
  requestAnimationFrame(() => { $("spoken").textContent = words; });
}

function toast(words) {
  $("toast").textContent = words;
  $("toast").classList.add("shown");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => $("toast").classList.remove("shown"), 2500 + words.length * 30);
}

/** A question over everything; each choice is [label, what to do] or [label, where to go]. */
function ask(words, choices) {
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

async function copy(text) {
  try { await navigator.clipboard.writeText(text); toast(t("copied")); } catch { toast(text); }
}

async function post(path, body) {
  const isForm = body instanceof FormData;
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: isForm ? {} : { "Content-Type": "application/json" },
      body: isForm ? body : JSON.stringify(body),
    });
    const answer = await response.json();
    if (answer.ok) return answer;
    toast(t("failed", { why: answer.error }));
  } catch {
    toast(t("lost"));
  }
  return null;
}

// ---- Formatted text: entities over UTF-16 offsets, as JavaScript's own strings have them

function formatted(text, entities = []) {
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
      if (start > at) nodes.push(...plain(text.slice(at, start)));
      nodes.push(span(entity, text.slice(start, end), build(start, end, nested)));
      at = end;
    }
    if (at < to) nodes.push(...plain(text.slice(at, to)));
    return nodes;
  };
  return build(0, text.length, sorted);
}

/** A phone number stays on one line. */
function plain(text) {
  return text.split(/(\+\d[\d ]{7,16}\d)/).map((part, at) => at % 2 ? h("span", { class: "phone" }, part) : part);
}

function span(entity, text, children) {
  switch (entity.type) {
    case "bold": return h("strong", {}, ...children);
    case "italic": return h("em", {}, ...children);
    case "underline": return h("u", {}, ...children);
    case "strikethrough": return h("s", {}, ...children);
    case "code": return pressable(h("code", { title: t("copy") }, ...children), () => copy(text));
    case "pre": return h("pre", {}, ...children);
    case "spoiler": return spoiler(children);
    case "blockquote": return h("blockquote", {}, ...children);
    case "expandable_blockquote": return longQuote(children);
    case "text_link": return link(entity.url, children);
    case "url": return link(/^[a-z]+:/i.test(text) ? text : `https://${text}`, children);
    case "email": return link(`mailto:${text}`, children);
    case "phone_number": return link(`tel:${text.replace(/[^+\d]/g, "")}`, children);
    case "bot_command":
      return h("button", { type: "button", class: "command", onclick: () => sendText(text) }, ...children);
    case "mention": case "text_mention": case "hashtag": case "cashtag":
      return h("span", { class: "tag" }, ...children);
    default: return h("span", {}, ...children);
  }
}

/** Text that is a button: by the mouse, a finger and the keyboard. */
function pressable(element, act) {
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

/** One press opens all that is hidden in the message, as in Telegram. */
function spoiler(children) {
  const inside = h("span", { "aria-hidden": "true" }, ...children);
  return pressable(h("span", { class: "spoiler", "aria-label": t("hidden") }, inside), () => {
    for (const one of inside.closest(".body").querySelectorAll(".spoiler:not(.open)")) {
      one.classList.add("open");
      for (const name of ["role", "tabindex", "aria-label"]) one.removeAttribute(name);
      one.firstChild.removeAttribute("aria-hidden");
    }
  });
}

function longQuote(children) {
  const quote = h("blockquote", { class: "long", "aria-expanded": "false" }, ...children);
  return pressable(quote, () => quote.setAttribute("aria-expanded", String(quote.classList.toggle("open"))));
}

function link(address, children) {
  const url = safeUrl(address);
  if (!url) return h("span", {}, ...children);
  const go = (event) => { event.preventDefault(); openLink(url); };
  return h("a", { href: url.href, rel: "noopener noreferrer", onclick: go, onauxclick: go }, ...children);
}

function safeUrl(address) {
  try {
    const url = new URL(address);
    return ["http:", "https:", "mailto:", "tel:"].includes(url.protocol) ? url : null;
  } catch { return null; }
}

function openLink(url) {
  const isOurs = url.hostname === "t.me" && url.pathname.slice(1).toLowerCase() === app.bot.username.toLowerCase();
  if (!isOurs) return ask(`${t("openLink")}\n\n${url.href}`, [[t("cancel"), null], [t("open"), url.href]]);
  const payload = url.searchParams.get("start") ?? "";
  const open = (person) => { show(person.id); post("/start", { as: person.id, payload }); };
  const choices = [...app.people.values()].map((person) => [person.name, () => open(person)]);
  return ask(t("whoOpens"), [...choices, [t("cancel"), null]]);
}

// ---- Messages

const textOf = (message) => message.text ?? message.caption ?? "";
const kindOf = (message) => MEDIA.find((kind) => message[kind]) ?? (message.contact ? "contact" : message.location ? "location" : null);
const isService = (message) => Boolean(message.new_chat_members || message.left_chat_member || message.pinned_message);

function serviceText(message) {
  if (message.pinned_message) return t("pinned", { what: preview(message.pinned_message).slice(0, 60) });
  const who = message.new_chat_members?.map(nameOf).join(", ") ?? nameOf(message.left_chat_member);
  return t(message.new_chat_members ? "joined" : "left", { who });
}

function preview(message) {
  if (isService(message)) return serviceText(message);
  const kind = kindOf(message);
  const text = textOf(message).split("\n").filter(Boolean).join(" · ");
  if (kind === "sticker") return `${message.sticker.emoji ?? ""} ${t("sticker")}`;
  return kind ? `${SIGNS[kind]} ${text || t(kind)}` : text || t("other");
}

function viewer(chat) {
  return chat.person ?? app.actor;
}

function bubble(chat, message) {
  if (isService(message)) return h("li", { class: "chip", "data-id": message.message_id }, serviceText(message));
  const isOwn = message.from.id === viewer(chat);
  const kind = kindOf(message);
  const text = textOf(message);
  const replied = message.reply_to_message;
  const content = h("div", { class: "bubble" },
    !chat.person && !isOwn && h("span", { class: "who" }, nameOf(message.from)),
    message.forward_origin && h("span", { class: "origin" }, t("forwarded", { who: nameOf(message.forward_origin.sender_user ?? { first_name: message.forward_origin.sender_user_name ?? "" }) })),
    replied && h("button", { type: "button", class: "quote", onclick: () => flash(replied.message_id) },
      h("strong", {}, nameOf(replied.from)), h("span", {}, preview(replied))),
    !message.show_caption_above_media && kind && attachment(kind, message),
    text && h("span", { class: "body", lang: languageOf(chat) }, ...formatted(text, message.entities ?? message.caption_entities)),
    message.show_caption_above_media && kind && attachment(kind, message),
    h("span", { class: "meta" },
      message.edit_date && !message.reply_markup && h("span", {}, t("edited")),
      h("time", {}, clock(message.date)), isOwn && icon("read")));
  const answer = h("button", { type: "button", class: "icon answer", "aria-label": t("reply"), title: t("reply"), onclick: () => replyTo(message) }, icon("reply"));
  const rows = message.reply_markup?.inline_keyboard;
  const item = h("li", {
    class: `message${isOwn ? " own" : ""}${rows ? " keyed" : ""}`,
    "data-id": message.message_id,
    ondblclick: () => replyTo(message),
    onclick: (event) => event.currentTarget.classList.toggle("touched", HAS_NO_MOUSE && !event.target.closest("button, a, .spoiler")),
  }, h("span", { class: "hidden" }, `${isOwn ? t("you") : nameOf(message.from)}: `), content, answer);
  if (rows) item.append(h("div", { class: "keyboard" }, ...rows.map((row) =>
    h("div", { class: "keys" }, ...row.map((button) => key(chat, message, button))))));
  return item;
}

function key(chat, message, button) {
  const style = ["danger", "success", "primary"].includes(button.style) ? ` ${button.style}` : "";
  const isBusy = chat.busy.has(pressName(viewer(chat), message.message_id, button.callback_data));
  return h("button", {
    type: "button", class: `key${style}`, disabled: "disabled" in button, title: button.text.length > 18 && button.text,
    "aria-busy": isBusy && "true", "data-press": button.callback_data,
    onclick: () => pressKey(chat, message, button),
    ondblclick: (event) => event.stopPropagation(),
  }, button.text, button.url && h("span", { class: "mark", "aria-hidden": "true" }, "↗"));
}

const pressName = (person, message, data) => `${person}:${message}:${data}`;

async function pressKey(chat, message, button) {
  if (button.url) { const url = safeUrl(button.url); return url && openLink(url); }
  if (button.copy_text) return copy(button.copy_text.text);
  if (button.callback_data === undefined) return toast(t("notHere"));
  const person = viewer(chat);
  if (chat.busy.has(pressName(person, message.message_id, button.callback_data))) return;
  setBusy(chat, person, message.message_id, button.callback_data, true);
  app.pressed = message.message_id;
  const done = await post("/press", { as: person, chat: chat.id, message_id: message.message_id, data: button.callback_data });
  if (!done) setBusy(chat, person, message.message_id, button.callback_data, false);
}

function setBusy(chat, person, number, data, isBusy) {
  const name = pressName(person, number, data);
  clearTimeout(chat.busy.get(name));
  chat.busy.delete(name);
  if (isBusy) {
    chat.busy.set(name, setTimeout(() => {
      setBusy(chat, person, number, data, false);
      if (chat === current() && person === viewer(chat)) toast(t("noAnswer"));
    }, app.lifetime * 1000));
  }
  if (chat !== current() || person !== viewer(chat)) return;
  for (const element of found(number)?.querySelectorAll(".key") ?? []) {
    if (element.dataset.press !== data) continue;
    if (isBusy) element.setAttribute("aria-busy", "true"); else element.removeAttribute("aria-busy");
  }
}

function attachment(kind, message) {
  if (kind === "contact") {
    return h("span", { class: "file" }, face(h("span"), message.contact.user_id ?? 3, message.contact.first_name),
      h("span", {}, h("b", {}, nameOf(message.contact)), h("small", {}, message.contact.phone_number)));
  }
  if (kind === "location") {
    const { latitude, longitude } = message.location;
    return h("span", { class: "file" }, h("span", { class: "disc" }, "📍"), h("small", {}, `${latitude}, ${longitude}`));
  }
  const file = kind === "photo" ? message.photo.at(-1) : message[kind];
  const source = `/media/${file.file_id}`;
  switch (kind) {
    case "photo": {
      const picture = h("img", { src: source, alt: textOf(message) || t("photo"), width: file.width, height: file.height });
      return h("button", { type: "button", class: "photo", "aria-label": t("openPicture"), onclick: () => enlarge(source) }, picture);
    }
    case "video": case "animation": case "video_note":
      return h("video", { class: "video", src: source, controls: true, preload: "metadata" });
    case "audio": case "voice": return player(kind, file, source);
    case "sticker": return h("span", { class: "sticker" }, file.emoji ?? "🖼");
    default: {
      const name = file.file_name ?? t("document");
      return h("a", { class: "file", href: source, download: name, "aria-label": t("save", { name }) },
        h("span", { class: "disc" }, icon("file")), h("span", {}, h("b", {}, name), h("small", {}, size(file.file_size))));
    }
  }
}

function enlarge(source) {
  const dialog = h("dialog", { class: "picture", onclick: () => dialog.close() }, h("img", { src: source, alt: t("photo") }));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

let playing = null;

function player(kind, file, source) {
  const audio = h("audio", { src: source, preload: "metadata" });
  const button = h("button", { type: "button", class: "disc", "aria-label": t("play"), onclick: () => (audio.paused ? audio.play() : audio.pause()) }, icon("play"));
  const track = h("input", { type: "range", min: 0, max: 1000, value: 0, "aria-label": t("position") });
  const length = () => (Number.isFinite(audio.duration) ? audio.duration : file.duration);
  const time = h("small", {}, minutes(file.duration));
  const draw = () => {
    const at = audio.currentTime;
    time.textContent = at ? `${minutes(at)} / ${minutes(length())}` : minutes(length());
    track.value = length() ? (at / length()) * 1000 : 0;
    track.setAttribute("aria-valuetext", minutes(at));
    button.replaceChildren(icon(audio.paused ? "play" : "pause"));
    button.setAttribute("aria-label", t(audio.paused ? "play" : "pause"));
  };
  track.addEventListener("input", () => { audio.currentTime = (track.value / 1000) * length(); });
  audio.addEventListener("play", () => { if (playing !== audio) playing?.pause(); playing = audio; });
  for (const name of ["play", "pause", "timeupdate", "loadedmetadata", "ended"]) audio.addEventListener(name, draw);
  audio.addEventListener("error", () => { button.disabled = true; });
  const title = kind === "voice" ? t("voice") : [file.performer, file.title].filter(Boolean).join(" – ") || file.file_name || t("audio");
  return h("span", { class: "file" }, button, h("span", { class: "track" }, h("b", {}, title), track, time), audio);
}

// ---- The open chat

const current = () => app.chats.get(app.current);
const found = (number) => $("messages").querySelector(`[data-id="${number}"]`);
const languageOf = (chat) => app.people.get(viewer(chat))?.language ?? app.language;
const isAtEnd = () => $("feed").scrollHeight - $("feed").scrollTop - $("feed").clientHeight < 70;

function toEnd() {
  app.wasAtEnd = true;
  $("feed").scrollTop = $("feed").scrollHeight;
  app.top = $("feed").scrollTop;
}

function show(id, { focus = true } = {}) {
  const chat = app.chats.get(id);
  if (current()) {
    current().draft = $("text").value;
    if (app.wasAtEnd) markRead(current()); // also what came just now
  }
  app.current = id;
  keep("chat", id);
  if (chat.person) app.actor = chat.person;
  else if (!chat.members.includes(app.actor)) app.actor = chat.members[0] ?? null;
  chat.shown = SHOWN_AT_ONCE;
  chat.fresh = unreadMessages(chat)[0]?.message_id;
  $("text").value = chat.draft;
  $("notices").querySelector(`[data-chat="${id}"]`)?.remove();
  $("toast").classList.remove("shown");
  closePanel();
  drawHead();
  drawMessages();
  drawFoot();
  markRead(chat);
  drawRows();
  if (focus && !matchMedia("(pointer: coarse)").matches) ($("composer").hidden ? $("big") : $("text")).focus();
}

function drawHead() {
  const chat = current();
  const person = app.people.get(chat.person);
  if (person) face($("head-avatar"), 5, app.bot.name); else face($("head-avatar"), chat.id, "");
  $("head-title").textContent = person ? app.bot.name : chat.title;
  $("head-line").hidden = !person;
  $("head-line").className = chat.doing ? "typing" : "";
  const doing = chat.doing === "typing" ? t("typing") : t("uploading");
  $("head-line").textContent = chat.doing ? doing : `${t("bot")} · ${person?.name}, ${person?.role[app.language]}`;
  $("acting").hidden = Boolean(person) || !chat.members.length;
  $("actor").replaceChildren(...chat.members.map((id) =>
    h("option", { value: id, selected: id === app.actor }, app.people.get(id).name)));
  $("more").hidden = !person || !chat.is_started;
  $("block").textContent = t(chat.is_blocked ? "unblock" : "block");
  closeMore();
}

function drawMessages() {
  const chat = current();
  const all = [...chat.messages.values()];
  const shown = all.slice(-chat.shown);
  $("earlier").hidden = shown.length === all.length;
  $("messages").replaceChildren();
  for (const message of shown) {
    append(chat, message, message.message_id === chat.fresh && h("li", { class: "fresh" }, t("fresh")));
  }
  drawAbout();
  toEnd();
  const mark = $("messages").querySelector(".fresh");
  if (mark && mark.offsetTop < $("feed").scrollTop + $("feed").offsetTop) mark.scrollIntoView();
  app.wasAtEnd = isAtEnd();
}

function drawAbout() {
  const chat = current();
  $("about").hidden = chat.messages.size > 0;
  $("about").textContent = chat.description || t("empty");
}

function append(chat, message, mark = null) {
  const day = new Date(message.date * 1000).toDateString();
  const list = $("messages");
  if (list.dataset.day !== day || !list.children.length) list.append(h("li", { class: "day" }, dayName(message.date)));
  list.dataset.day = day;
  if (mark) list.append(mark);
  list.append(bubble(chat, message));
}

/** Redraw a message where it stands; the keyboard's focus stays where it was. */
function redraw(chat, message) {
  const old = found(message.message_id);
  if (!old) return;
  const wasAtEnd = isAtEnd();
  const keys = [...old.querySelectorAll(".keys")];
  const focused = document.activeElement;
  const row = keys.findIndex((one) => one.contains(focused));
  const column = row < 0 ? -1 : [...keys[row].children].indexOf(focused);
  const label = focused?.textContent;
  const fresh = bubble(chat, message);
  old.replaceWith(fresh);
  if (row >= 0) {
    const rows = [...fresh.querySelectorAll(".keys")];
    const near = (rows[row] ?? rows.at(-1))?.children;
    const same = [...fresh.querySelectorAll(".key")].find((one) => one.textContent === label && /\D/.test(label));
    (same ?? near?.[column] ?? near?.[near.length - 1] ?? $("text")).focus({ preventScroll: true });
  } else if (old.contains(focused)) $("text").focus();
  if (wasAtEnd) toEnd();
}

function remove(number) {
  const item = found(number);
  if (!item) return;
  if (item.contains(document.activeElement)) $("text").focus();
  item.removeAttribute("data-id");
  item.classList.add("gone");
  setTimeout(() => {
    item.remove();
    for (const mark of $("messages").querySelectorAll(".day, .fresh")) {
      if (!mark.nextElementSibling || mark.nextElementSibling.matches(".day")) mark.remove();
    }
    if (!$("messages").children.length) $("messages").dataset.day = "";
    drawAbout();
  }, 180);
}

function flash(number) {
  const item = found(number);
  if (!item) return;
  item.scrollIntoView({ block: "center", behavior: "smooth" });
  item.classList.remove("flash");
  requestAnimationFrame(() => item.classList.add("flash"));
}

// ---- Unread

/** What has come since the person last looked, or wrote: writing is looking too. */
function unreadMessages(chat) {
  const all = [...chat.messages.values()];
  const seen = all.findLastIndex((one) => one.message_id <= chat.read || one.from.id === viewer(chat));
  return all.slice(seen + 1).filter((one) => !isService(one));
}

const unread = (chat) => unreadMessages(chat).length;

function markRead(chat) {
  if (chat.id !== app.current || document.visibilityState !== "visible") return;
  chat.read = [...chat.messages.keys()].at(-1) ?? 0;
  keep("read", JSON.stringify({ session: app.session, read: Object.fromEntries([...app.chats.values()].map((one) => [one.id, one.read])) }));
}

/** What was read in another tab is read. */
function readElsewhere({ key, newValue }) {
  if (key !== "dzvinok.read" || !newValue) return;
  const { session, read } = JSON.parse(newValue);
  if (session !== app.session) return;
  for (const chat of app.chats.values()) chat.read = Math.max(chat.read, read[chat.id] ?? 0);
  drawRows();
}

// ---- The people

function buildRows() {
  $("rows").replaceChildren(...[...app.chats.values()].map((chat) => {
    const person = app.people.get(chat.person);
    chat.row = h("button", { type: "button", class: "row", onclick: () => show(chat.id) },
      face(h("span", { "aria-hidden": "true" }), chat.id, person?.name ?? ""),
      h("b", {}), h("span", { class: "role" }), h("time", {}), h("span", { class: "last" }), h("span", { class: "badge", hidden: true }));
    return h("li", {}, chat.row);
  }));
}

function drawRows() {
  let total = 0;
  for (const chat of app.chats.values()) {
    const person = app.people.get(chat.person);
    const count = unread(chat);
    const last = [...chat.messages.values()].at(-1);
    const [name, role, time, line, badge] = [...chat.row.children].slice(1);
    const own = last && last.from.id === viewer(chat) && !isService(last) ? `${t("you")}: ` : "";
    const [first, ...rest] = (person?.name ?? chat.title).split(" ");
    name.replaceChildren(first, h("span", { class: "rest" }, ` ${rest.join(" ")}`));
    role.textContent = person ? person.role[app.language] : t("group");
    time.textContent = last ? clock(last.date) : "";
    line.textContent = chat.is_blocked ? `🚫 ${t("blocked")}` : last ? own + preview(last) : t("notStarted");
    badge.textContent = count > 99 ? "99+" : count;
    badge.setAttribute("aria-label", t("unread", { n: count }));
    badge.hidden = !count;
    if (chat.id === app.current) chat.row.setAttribute("aria-current", "true"); else chat.row.removeAttribute("aria-current");
    total += count;
  }
  document.title = `${total ? `(${total}) ` : ""}${app.bot.name} · ${t("demo").replace(".", "")}`;
  const hidden = current() ? unread(current()) : 0;
  const badge = $("down").querySelector(".badge");
  badge.textContent = hidden;
  badge.hidden = !hidden;
}

/** Once, however much comes together: a burst must not stop the page. */
function drawRowsSoon() {
  app.due ??= setTimeout(() => {
    app.due = null;
    if (app.wasAtEnd) { trim(); toEnd(); markRead(current()); }
    drawRows();
  }, 30);
}

/** A chat that is only watched does not grow for ever: the oldest are behind "Show earlier". */
function trim() {
  const { children } = $("messages");
  while (children.length > 2 * SHOWN_AT_ONCE && !children[0].contains(document.activeElement) && !children[0].contains(playing)) {
    children[0].remove();
    $("earlier").hidden = false;
    current().shown = children.length;
  }
}

/** A message has come to a chat nobody is looking at: what a phone shows on top of everything. */
function notice(chat, message) {
  if (Date.now() - (chat.noticed ?? 0) < QUIET_AFTER_NOTICE) return;
  chat.noticed = Date.now();
  const person = app.people.get(chat.person);
  const name = person?.name ?? chat.title;
  $("notices").querySelector(`[data-chat="${chat.id}"]`)?.remove();
  while ($("notices").children.length > 2) $("notices").lastChild.remove();
  const item = h("button", { type: "button", class: "notice", "data-chat": chat.id, onclick: () => show(chat.id) },
    face(h("span", { "aria-hidden": "true" }), chat.id, person?.name ?? ""),
    h("div", {}, h("b", {}, name), h("span", {}, preview(message))));
  $("notices").prepend(item);
  setTimeout(() => item.remove(), 5000);
  say(`${name}: ${preview(message).slice(0, 120)}`);
}

// ---- Writing

function drawFoot() {
  const chat = current();
  const canWrite = chat.is_started && !chat.is_blocked && (chat.person || chat.members.length);
  $("composer").hidden = !canWrite;
  $("big").hidden = Boolean(canWrite);
  $("big").className = chat.is_blocked ? "" : "main";
  $("big").textContent = t(chat.is_blocked ? "restart" : "start");
  $("attach").hidden = !chat.person;
  $("menu").hidden = !commandsOf(chat).length;
  drawReply();
  drawKeys();
  fitText();
  closeCommands();
}

function fitText() {
  const text = $("text");
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight}px`;
}

function drawReply() {
  const chat = current();
  const message = chat.messages.get(chat.replyTo);
  $("replying").hidden = !message;
  const words = message?.force_reply?.input_field_placeholder ?? chat.keyboard?.input_field_placeholder;
  $("text").placeholder = words ?? t("message");
  if (!message) { chat.replyTo = null; return; }
  $("replying").querySelector("strong").textContent = nameOf(message.from);
  $("replying").querySelector("div span").textContent = preview(message);
}

function drawKeys() {
  const chat = current();
  const rows = chat.keyboard?.keyboard ?? [];
  $("keys").hidden = !rows.length || $("composer").hidden;
  const press = (label) => post("/send", { as: viewer(chat), chat: chat.id, key: label });
  $("keys").replaceChildren(...rows.map((row) => h("div", { class: "keys" }, ...row.map((button) =>
    h("button", { type: "button", class: "key", onclick: () => press(button.text) }, button.text)))));
}

function replyTo(message) {
  if ($("composer").hidden) return;
  current().replyTo = message.message_id;
  drawReply();
  $("text").focus();
}

function cancelReply() {
  current().replyTo = null;
  drawReply();
}

async function sendText(whole) {
  const chat = current();
  const text = whole.trim();
  if (!text || $("composer").hidden) return false;
  const letters = [...text];
  for (let at = 0; at < letters.length; at += MAX_TEXT) {
    const part = letters.slice(at, at + MAX_TEXT).join("");
    const sent = await post("/send", { as: viewer(chat), chat: chat.id, text: part, reply_to: at ? null : chat.replyTo });
    if (!sent) return false;
  }
  chat.replyTo = null;
  if (chat === current()) drawReply();
  return true;
}

async function submit() {
  const chat = current();
  const text = $("text").value;
  $("text").value = "";
  fitText();
  closeCommands();
  if (text.trim() && !(await sendText(text)) && chat === current() && !$("text").value) {
    $("text").value = text;
    fitText();
  }
}

async function upload(file) {
  if (file.size > app.maxFile) return toast(t("tooLarge"));
  const form = new FormData();
  form.append("as", viewer(current()));
  form.append("caption", $("text").value.trim().slice(0, 1024));
  form.append("file", file);
  if (await post("/upload", form)) { $("text").value = ""; fitText(); }
}

// ---- The command menu: the button opens all of it, a slash finds in it

const commandsOf = (chat) => chat.commands[viewer(chat)] ?? [];

const slashTyped = () => /^\/(\w*)$/.exec($("text").value)?.[1];

function openCommands(start = "") {
  const list = commandsOf(current()).filter((one) => one.command.startsWith(start));
  $("commands").replaceChildren(...list.map((one, index) =>
    h("li", { id: `command-${index}`, role: "option", "aria-selected": "false", "data-command": one.command, onclick: () => choose(one.command) },
      h("b", {}, `/${one.command}`), h("span", { lang: languageOf(current()) }, one.description))));
  $("commands").hidden = !list.length;
  $("menu").setAttribute("aria-expanded", String(list.length > 0));
  if (list.length) moveChoice(1);
}

function closeCommands() {
  $("commands").hidden = true;
  $("menu").setAttribute("aria-expanded", "false");
  $("text").removeAttribute("aria-activedescendant");
}

function moveChoice(step) {
  const items = [...$("commands").children];
  const at = items.findIndex((one) => one.ariaSelected === "true");
  items[at]?.setAttribute("aria-selected", "false");
  const next = items[(Math.max(at, step < 0 ? 0 : -1) + step + items.length) % items.length];
  next.setAttribute("aria-selected", "true");
  next.scrollIntoView({ block: "nearest" });
  $("text").setAttribute("aria-activedescendant", next.id);
}

function choose(command) {
  $("text").value = "";
  fitText();
  closeCommands();
  $("text").focus();
  sendText(`/${command}`);
}

function typed(event) {
  const isOpen = !$("commands").hidden;
  if (event.isComposing) return;
  if (isOpen && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    event.preventDefault();
    moveChoice(event.key === "ArrowDown" ? 1 : -1);
  } else if (isOpen && ["Enter", "Tab"].includes(event.key) && !event.shiftKey) {
    event.preventDefault();
    choose($("commands").querySelector("[aria-selected=true]").dataset.command);
  } else if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    submit();
  }
}

// ---- The panel

function drawPanel() {
  const focused = document.activeElement?.dataset?.action;
  for (const [kind, place] of [["call", "panel-calls"], ["fault", "panel-faults"]]) {
    $(place).replaceChildren(...app.panel.filter((one) => one.kind === kind).map((action) =>
      h("button", { type: "button", class: `action ${kind}`, "data-action": action.key, onclick: (event) => act(action.key, event.currentTarget) }, action[app.language])));
    $(place).previousElementSibling.hidden = !$(place).children.length;
  }
  if (focused) $("panel").querySelector(`[data-action="${CSS.escape(focused)}"]`)?.focus();
}

async function act(name, button) {
  if (button.ariaBusy === "true") return;
  button.setAttribute("aria-busy", "true");
  const done = await post("/panel", { key: name });
  button.removeAttribute("aria-busy");
  if (!done) return;
  button.classList.add("done");
  setTimeout(() => button.classList.remove("done"), 1200);
}

/** On a narrow screen the panel lies over all else; a wide one has room for it. */
function openPanel(isOpen) {
  $("panel").classList.toggle("open", isOpen);
  $("shade").hidden = !isOpen;
  for (const covered of ["bar", "people", "chat"]) $(covered).inert = isOpen;
  $("open-panel").setAttribute("aria-expanded", String(isOpen));
  if (isOpen) $("panel").querySelector(".action")?.focus(); else $("open-panel").focus();
}

function closePanel() {
  if ($("panel").classList.contains("open")) openPanel(false);
}

// ---- What the server tells

const tell = {
  new(chat, event) {
    const message = event.message;
    const isKnown = chat.messages.has(message.message_id);
    const isOwn = message.from.id === viewer(chat);
    chat.messages.set(message.message_id, message);
    if (message.from.is_bot) stopDoing(chat);
    if (message.force_reply && !isKnown) chat.replyTo = message.message_id;
    if (chat === current()) {
      if (isKnown) return redraw(chat, message);
      append(chat, message);
      drawAbout();
      if (message.force_reply) { drawReply(); $("text").focus(); }
      if (isOwn) toEnd();
      if (!isOwn) say(`${nameOf(message.from)}: ${preview(message).slice(0, 300)}`);
    } else if (!isOwn && !isKnown && !isService(message)) notice(chat, message);
    drawRowsSoon();
  },
  edited(chat, { message }) {
    if (!chat.messages.has(message.message_id)) return;
    chat.messages.set(message.message_id, message);
    if (chat === current()) {
      redraw(chat, message);
      drawReply();
      if (app.pressed === message.message_id) say(t("changed", { what: preview(message).slice(0, 300) }));
    }
    drawRowsSoon();
  },
  deleted(chat, event) {
    chat.messages.delete(event.message_id);
    if (chat === current()) { remove(event.message_id); drawReply(); }
    drawRowsSoon();
  },
  pressed(chat, event) {
    setBusy(chat, event.person, event.message_id, event.data, true);
  },
  answered(chat, event) {
    setBusy(chat, event.person, event.message_id, event.data, false);
    if (chat !== current() || event.person !== viewer(chat)) return;
    const url = event.url && safeUrl(event.url);
    if (event.text && event.show_alert) ask(event.text, [[t("ok"), null]]);
    else if (event.text) toast(event.text);
    if (url) openLink(url);
  },
  action(chat, event) {
    clearTimeout(chat.doingTimer);
    chat.doing = event.action;
    chat.doingTimer = setTimeout(() => stopDoing(chat), 5000);
    if (chat === current()) drawHead();
  },
  chat(chat, event) {
    const hadStarted = chat.is_started && !chat.is_blocked;
    Object.assign(chat, event.now);
    if (chat === current()) {
      drawHead();
      const isFocused = document.activeElement === $("big") || document.activeElement === document.body;
      const isChoosing = !$("commands").hidden;
      drawFoot();
      if (isChoosing && !$("composer").hidden) openCommands(slashTyped());
      if (!hadStarted && chat.is_started && isFocused) $("text").focus();
    }
    drawRows();
  },
};

function stopDoing(chat) {
  clearTimeout(chat.doingTimer);
  if (!chat.doing) return;
  chat.doing = null;
  if (chat === current()) drawHead();
}

function hear(event) {
  const body = JSON.parse(event.data);
  app.position = event.lastEventId;
  if (body.kind === "resync") load();
  else if (body.kind === "panel") { app.panel = body.actions; drawPanel(); }
  else if (app.chats.has(body.chat)) tell[body.kind]?.(app.chats.get(body.chat), body);
}

function listen() {
  app.stream?.close();
  const stream = new EventSource(`/events?after=${app.position}`);
  app.stream = stream;
  stream.onmessage = hear;
  stream.onopen = () => { $("offline").hidden = true; };
  stream.onerror = () => {
    $("offline").hidden = false;
    $("offline").textContent = t("lost");
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  };
}

async function load() {
  let state;
  try { state = await (await fetch("/state")).json(); } catch { setTimeout(load, 2000); return; }
  const stored = JSON.parse(recall("read") ?? "{}");
  const read = stored.session === state.session ? stored.read : {};
  const before = app.session === state.session ? app.chats : new Map();
  Object.assign(app, {
    session: state.session, position: state.position, bot: state.bot, panel: state.panel,
    lifetime: state.callback_lifetime, maxFile: state.max_file,
    people: new Map(state.people.map((person) => [person.id, person])),
  });
  app.chats = new Map(state.chats.map((chat) => [chat.id, {
    draft: "", replyTo: null, ...before.get(chat.id),
    busy: new Map(), doing: null, shown: SHOWN_AT_ONCE, read: read[chat.id] ?? 0, ...chat,
    messages: new Map(chat.messages.map((message) => [message.message_id, message])),
  }]));
  const wanted = Number(app.current ?? recall("chat"));
  if (app.chats.has(app.current)) current().draft = $("text").value;
  app.current = null;
  app.actor ??= state.people[0].id;
  buildRows();
  drawPanel();
  show(app.chats.has(wanted) ? wanted : state.people[0].id, { focus: before.size === 0 });
  listen();
}

// ---- The page itself

function drawWords() {
  document.documentElement.lang = app.language;
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", t(element.dataset.label));
    if (element.matches("button")) element.title = t(element.dataset.label);
  }
  $("text").placeholder = t("message");
  $("language").textContent = t("language");
}

function closeMore() {
  $("more-menu").hidden = true;
  $("more").setAttribute("aria-expanded", "false");
}

function setTheme(theme) {
  if (theme) document.documentElement.style.colorScheme = theme;
}

$("language").addEventListener("click", () => {
  app.language = app.language === "uk" ? "en" : "uk";
  keep("language", app.language);
  drawWords();
  drawPanel();
  if (!current()) return;
  drawHead();
  drawMessages();
  drawFoot();
  drawRows();
});
$("theme").addEventListener("click", () => {
  const now = document.documentElement.style.colorScheme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  keep("theme", now === "dark" ? "light" : "dark");
  setTheme(recall("theme") ?? "dark");
});
$("actor").addEventListener("change", () => {
  app.actor = Number($("actor").value);
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
$("big").addEventListener("click", async () => {
  const chat = current();
  if (chat.is_blocked) await post("/block", { as: chat.person, is_blocked: false });
  await post("/start", { as: chat.person });
});
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
  if (app.wasAtEnd && current() && unread(current())) { markRead(current()); drawRows(); }
}, { passive: true });
$("down").addEventListener("click", () => { toEnd(); $("text").focus(); });
$("composer").addEventListener("submit", (event) => { event.preventDefault(); submit(); });
$("text").addEventListener("keydown", typed);
$("text").addEventListener("input", () => {
  fitText();
  const start = slashTyped();
  if (start === undefined) closeCommands(); else openCommands(start);
});
$("text").addEventListener("paste", (event) => {
  const [file] = event.clipboardData.files;
  if (file && !$("attach").hidden) { event.preventDefault(); upload(file); }
});
$("menu").addEventListener("click", () => {
  if ($("commands").hidden) openCommands(); else closeCommands();
  $("text").focus();
});
$("attach").addEventListener("click", () => $("file").click());
$("file").addEventListener("change", () => {
  const [file] = $("file").files;
  $("file").value = "";
  if (file) upload(file);
});
$("chat").addEventListener("dragover", (event) => event.preventDefault());
$("chat").addEventListener("drop", (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  if (file && !$("composer").hidden && !$("attach").hidden) upload(file);
});
$("replying").querySelector("button").addEventListener("click", () => { cancelReply(); $("text").focus(); });
$("open-panel").addEventListener("click", () => openPanel(true));
$("close-panel").addEventListener("click", () => openPanel(false));
$("shade").addEventListener("click", () => openPanel(false));
matchMedia("(max-width: 1099px)").addEventListener("change", closePanel);
document.addEventListener("click", (event) => {
  if (!event.target.closest("#foot")) closeCommands();
  if (!event.target.closest("#more, #more-menu")) closeMore();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
    if (!$("commands").hidden) closeCommands();
    else if (!$("more-menu").hidden) { closeMore(); $("more").focus(); }
    else if ($("panel").classList.contains("open")) openPanel(false);
    else if (current()?.replyTo) cancelReply();
  } else if (event.altKey && ["ArrowUp", "ArrowDown"].includes(event.key) && current()) {
    event.preventDefault();
    const ids = [...app.chats.keys()];
    const step = event.key === "ArrowDown" ? 1 : -1;
    show(ids[(ids.indexOf(app.current) + step + ids.length) % ids.length]);
  }
});
addEventListener("storage", readElsewhere);
document.addEventListener("visibilitychange", () => {
  if (current() && isAtEnd()) { markRead(current()); drawRows(); }
});
const sizes = new ResizeObserver(() => { if (app.wasAtEnd) toEnd(); });
sizes.observe($("messages"));
sizes.observe($("feed"));

setTheme(recall("theme"));
drawWords();
load();
