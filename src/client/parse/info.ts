/** `show info`: HAProxy's keys; what is a decimal number is one. Fields that newer versions add pass through. */
export interface Info {
  readonly Name: string;
  readonly Version: string;
  readonly Pid: number;
  readonly Uptime_sec: number;
  readonly [field: string]: string | number;
}

/** Keys whose values are text even where they look like numbers. */
const texts = new Set(['Name', 'Version', 'Release_date', 'Uptime', 'node', 'description', 'Tainted', 'Build info']);

/** Reads `key: value` lines. */
export function parseInfo(text: string): Info {
  const info: Record<string, string | number> = {};
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const key = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    info[key] = texts.has(key) ? value : numberOr(value);
  }
  return info as Info;
}

/** The number that the text is, or the text. */
export function numberOr(text: string): string | number {
  if (!/^-?\d{1,20}(\.\d+)?$/.test(text)) return text;
  return Number(text);
}
