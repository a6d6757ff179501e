// Times, days and sizes as people read them.

import { app } from "./state.js";
import { t } from "./words.js";

export const timeOfDay = (date) => new Date(date * 1000).toLocaleTimeString(app.language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

export function dayName(date) {
  const day = new Date(date * 1000);
  const ago = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(day).setHours(0, 0, 0, 0)) / 864e5);
  if (ago === 0) return t("today");
  if (ago === 1) return t("yesterday");
  const year = day.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return day.toLocaleDateString(app.language, { day: "numeric", month: "long", year });
}

export function fileSize(bytes) {
  if (bytes < 1024) return `${bytes} ${t("b")}`;
  const [value, unit] = bytes < 1024 ** 2 ? [bytes / 1024, "kb"] : [bytes / 1024 ** 2, "mb"];
  return `${value.toLocaleString(app.language, { maximumFractionDigits: 1 })} ${t(unit)}`;
}

export const minutesAndSeconds = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
