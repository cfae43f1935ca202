const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * A duration as the configuration and the Runtime API write it: a number and an optional unit (us, ms, s, m, h, d), here in ms.
 * `unit`: what a bare number counts. Null when it is no duration or beyond 2^31 - 1 ms.
 */
export function parseDuration(text: string, unit: 'ms' | 's'): number | null {
  const match = /^(\d+)(us|ms|s|m|h|d)?$/.exec(text);
  if (!match) return null;
  const ms = Number(match[1]) * UNITS[match[2] ?? unit]!;
  return ms > 0x7fffffff ? null : Math.ceil(ms);
}

/** `d:hh:mm:ss`, as in the timed prompt. */
export function clockText(ms: number): string {
  const { days, hours, minutes, seconds } = split(ms);
  return `${days}:${two(hours)}:${two(minutes)}:${two(seconds)}`;
}

/** `0d 0h00m05s`, as in `show info`. */
export function uptimeText(ms: number): string {
  const { days, hours, minutes, seconds } = split(ms);
  return `${days}d ${hours}h${two(minutes)}m${two(seconds)}s`;
}

/** `0d00h00m04s`, as in `show proc`. */
export function processUptime(ms: number): string {
  const { days, hours, minutes, seconds } = split(ms);
  return `${days}d${two(hours)}h${two(minutes)}m${two(seconds)}s`;
}

/** A short age or time left: the two largest units (`1d2h`, `3m4s`, `5s`), as in `show sess`. */
export function shortTime(ms: number): string {
  const { days, hours, minutes, seconds } = split(ms);
  if (days > 0) return hours > 0 ? `${days}d${hours}h` : `${days}d`;
  if (hours > 0) return minutes > 0 ? `${hours}h${minutes}m` : `${hours}h`;
  if (minutes > 0) return seconds > 0 ? `${minutes}m${seconds}s` : `${minutes}m`;
  return `${seconds}s`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `21/Nov/2026:03:42:28.930` in local time; `micros` appends three more digits. */
export function dateText(ms: number, micros = false): string {
  const date = new Date(ms);
  const day = `${two(date.getDate())}/${MONTHS[date.getMonth()]}/${date.getFullYear()}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const fraction = String(Math.floor(ms) % 1000).padStart(3, '0');
  return `${day}:${time}.${fraction}${micros ? String(Math.floor((ms % 1) * 1000)).padStart(3, '0') : ''}`;
}

function split(ms: number): { days: number; hours: number; minutes: number; seconds: number } {
  const total = Math.max(0, Math.floor(ms / 1000));
  return {
    days: Math.floor(total / 86400),
    hours: Math.floor(total / 3600) % 24,
    minutes: Math.floor(total / 60) % 60,
    seconds: total % 60,
  };
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}
