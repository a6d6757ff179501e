// Files, contacts and places in messages.

import { enlarge } from "./dialogs.js";
import { drawAvatar, h, icon } from "./elements.js";
import { fileSize, minutesAndSeconds } from "./format.js";
import { nameOf } from "./state.js";
import { textOf } from "./summary.js";
import { t } from "./words.js";

export function attachment(kind, message) {
  if (kind === "contact") {
    return h("span", { class: "file" }, drawAvatar(h("span"), message.contact.user_id ?? 3, message.contact.first_name),
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
    case "audio": case "voice": return audioPlayer(kind, file, source);
    case "sticker": return h("span", { class: "sticker" }, file.emoji ?? "🖼");
    default: {
      const name = file.file_name ?? t("document");
      return h("a", { class: "file", href: source, download: name, "aria-label": t("save", { name }) },
        h("span", { class: "disc" }, icon("file")), h("span", {}, h("b", {}, name), h("small", {}, fileSize(file.file_size))));
    }
  }
}

/** The one recording that plays. */
export let playing = null;

function audioPlayer(kind, file, source) {
  const audio = h("audio", { src: source, preload: "metadata" });
  const button = h("button", { type: "button", class: "disc", "aria-label": t("play"), onclick: () => (audio.paused ? audio.play() : audio.pause()) }, icon("play"));
  const track = h("input", { type: "range", min: 0, max: 1000, value: 0, "aria-label": t("position") });
  const length = () => (Number.isFinite(audio.duration) ? audio.duration : file.duration);
  const time = h("small", {}, minutesAndSeconds(file.duration));
  const draw = () => {
    const at = audio.currentTime;
    time.textContent = at ? `${minutesAndSeconds(at)} / ${minutesAndSeconds(length())}` : minutesAndSeconds(length());
    track.value = length() ? (at / length()) * 1000 : 0;
    track.setAttribute("aria-valuetext", minutesAndSeconds(at));
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
