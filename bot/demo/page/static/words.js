// The words of the page in Ukrainian and English. The bot's own texts come from the bot.

import { $ } from "./elements.js";
import { app } from "./state.js";

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
    through: "Через:", linked: "на зв'язку з {time}", noLink: "немає зв'язку з {time}",
    lastCall: "останній дзвінок {time}", noCalls: "дзвінків ще не було",
    takes: "Щоб під'єднати справжню, треба {what}.", howTo: "Як саме",
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
    found: "знайдено: {n}", results: "Що знайшов бот", via: "через {who}",
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
    through: "Through:", linked: "connected since {time}", noLink: "no answer since {time}",
    lastCall: "last call {time}", noCalls: "no calls yet",
    takes: "A real one takes {what}.", howTo: "How to connect it",
    commands: "Bot commands", menu: "Menu", menuLabel: "Menu: bot commands", attach: "Attach a file", send: "Send",
    cancelReply: "Cancel the reply", reply: "Reply", down: "To the newest",
    earlier: "Show earlier", fresh: "Unread messages", edited: "edited",
    bot: "bot", typing: "typing…", uploading: "sending a file…", notStarted: "not started yet",
    group: "group", you: "You", start: "START",
    empty: "The company's call log in chat.\n\nPress START, then order a call from the phone system: a missed one is told at once to everyone it concerns.",
    block: "Block the bot", unblock: "Unblock the bot", restart: "UNBLOCK AND RESTART",
    blocked: "the bot is blocked", photo: "Photo", document: "File", audio: "Audio", voice: "Voice message",
    video: "Video", animation: "Animation", video_note: "Video message", sticker: "Sticker", contact: "Contact",
    location: "Location", service: "Event", other: "Message",
    joined: "{who} joined the group", left: "{who} left the group", pinned: "Pinned “{what}”",
    forwarded: "Forwarded from {who}", copy: "Copy", copied: "Copied", hidden: "hidden text",
    play: "Play", pause: "Pause", position: "Position", save: "Save {name}",
    openPicture: "Open the photo", ok: "OK", cancel: "Cancel", open: "Open",
    found: "found: {n}", results: "What the bot found", via: "via {who}",
    openLink: "This link leads out of the demo. Open it?", whoOpens: "Who opens this link?",
    notHere: "Not a part of the demo", noAnswer: "The bot did not answer",
    failed: "It did not work: {why}", tooLarge: "The file is too large", lost: "Connection lost, trying again…",
    today: "Today", yesterday: "Yesterday", changed: "Changed: {what}", unread: "unread: {n}",
    b: "B", kb: "KB", mb: "MB",
  },
};

/** The words of that name in the language chosen; `{n}` of them comes from `values`. */
export function t(name, values = {}) {
  return WORDS[app.language][name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

export function drawWords() {
  document.documentElement.lang = app.language;
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", t(element.dataset.label));
    if (element.matches("button")) element.title = t(element.dataset.label);
  }
  $("text").placeholder = t("message");
  $("language").textContent = t("language");
}
