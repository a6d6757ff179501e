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

const BARS = 36;
const LONGEST_DRAWN = 900; // seconds; a longer one would take its hundreds of megabytes decoded

/** How loud a sound is from its beginning to its end, from 0 to 1. */
async function loudness(source) {
  const bytes = await (await fetch(source)).arrayBuffer();
  const samples = (await new OfflineAudioContext(1, 1, 16000).decodeAudioData(bytes)).getChannelData(0);
  const step = Math.ceil(samples.length / BARS);
  const peaks = Array.from({ length: BARS }, (_, bar) =>
    samples.subarray(bar * step, (bar + 1) * step).reduce((peak, one) => Math.max(peak, Math.abs(one)), 0));
  const loudest = Math.max(...peaks, 0.01);
  return peaks.map((peak) => peak / loudest);
}

/** The one recording that plays. */
export let playing = null;

function audioPlayer(kind, file, source) {
  const audio = h("audio", { src: source, preload: "metadata" });
  const button = h("button", { type: "button", class: "disc", "aria-label": t("play"), onclick: () => (audio.paused ? audio.play() : audio.pause()) }, icon("play"));
  const track = h("input", { type: "range", min: 0, max: 1000, value: 0, "aria-label": t("position") });
  const wave = h("span", { class: "wave", "aria-hidden": "true" });
  const place = h("span", { class: "place" }, wave, track);
  const length = () => (Number.isFinite(audio.duration) ? audio.duration : file.duration);
  const time = h("small", {}, minutesAndSeconds(file.duration));
  const draw = () => {
    const at = audio.currentTime;
    time.textContent = at ? `${minutesAndSeconds(at)} / ${minutesAndSeconds(length())}` : minutesAndSeconds(length());
    track.value = length() ? (at / length()) * 1000 : 0;
    for (const [bar, one] of [...wave.children].entries()) one.classList.toggle("heard", bar * 1000 < track.value * BARS);
    track.setAttribute("aria-valuetext", minutesAndSeconds(at));
    button.replaceChildren(icon(audio.paused ? "play" : "pause"));
    button.setAttribute("aria-label", t(audio.paused ? "play" : "pause"));
  };
  track.addEventListener("input", () => { audio.currentTime = (track.value / 1000) * length(); });
  audio.addEventListener("play", () => { if (playing !== audio) playing?.pause(); playing = audio; });
  for (const name of ["play", "pause", "timeupdate", "loadedmetadata", "ended"]) audio.addEventListener(name, draw);
  audio.addEventListener("error", () => { button.disabled = true; });
  if (kind === "voice" && file.duration <= LONGEST_DRAWN) {
    loudness(source).then((peaks) => {
      wave.append(...peaks.map(() => h("i", {})));
      for (const [bar, peak] of peaks.entries()) wave.children[bar].style.height = `${Math.max(12, peak * 100)}%`;
      place.classList.add("drawn");
      draw();
    }, () => {});
  }
  const title = kind === "voice" ? t("voice") : [file.performer, file.title].filter(Boolean).join(" – ") || file.file_name || t("audio");
  return h("span", { class: "file" }, button, h("span", { class: "track" }, h("b", {}, title), place, time), audio);
}
