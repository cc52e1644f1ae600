/** Times in words. Instants are UTC milliseconds; every clock shown is Asia/Shanghai. */
import type { Messages } from './messages/zh.ts';

export type Language = 'zh' | 'en';

const zone = { timeZone: 'Asia/Shanghai' } as const;
const minute_ms = 60_000;
const day_ms = 86_400_000;

const parts = new Intl.DateTimeFormat('en-GB', {
  ...zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
});
const dayNames: Record<Language, Intl.DateTimeFormat> = {
  zh: new Intl.DateTimeFormat('zh-CN', { ...zone, month: 'long', day: 'numeric', weekday: 'short' }),
  en: new Intl.DateTimeFormat('en-GB', { ...zone, month: 'short', day: 'numeric', weekday: 'short' }),
};

function fields(at_ms: number): Record<string, string> {
  return Object.fromEntries(parts.formatToParts(at_ms).map((part) => [part.type, part.value]));
}

/** `08:42`, or `08:42:07` when seconds are wanted. */
export function clockTime(at_ms: number, precision: 'minute' | 'second' = 'minute'): string {
  const f = fields(at_ms);
  return precision === 'minute' ? `${f['hour']}:${f['minute']}` : `${f['hour']}:${f['minute']}:${f['second']}`;
}

/** `7月28日周二` or `Tue, 28 Jul`. */
export function dayName(at_ms: number, language: Language): string {
  return dayNames[language].format(at_ms);
}

/** `2026-07-28` */
export function businessDate(at_ms: number): string {
  const f = fields(at_ms);
  return `${f['year']}-${f['month']}-${f['day']}`;
}

/** The clock time alone on the business day of `now_ms`, with the date before it on any other day. */
export function stamp(at_ms: number, now_ms: number): string {
  const date = businessDate(at_ms);
  return date === businessDate(now_ms) ? clockTime(at_ms) : `${date.slice(5)} ${clockTime(at_ms)}`;
}

/** A length of time to the minute, in the two largest units; negative lengths count as none. */
export function duration(length_ms: number, words: Messages['time']): string {
  const minutes = Math.floor(Math.max(0, length_ms) / minute_ms);
  if (minutes < 1) return words.underMinute;
  if (minutes < 60) return words.minutes(minutes);
  const hours = Math.floor(minutes / 60);
  if (length_ms < day_ms) return words.hours(hours, minutes % 60);
  return words.days(Math.floor(hours / 24), hours % 24);
}
