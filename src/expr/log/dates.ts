/** Dates of log lines (HAProxy manual, sections 8.2.2 to 8.2.6), in ms since the epoch. Texts are kept for the current second. */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const two = (value: number): string => (value < 10 ? `0${value}` : String(value));
const three = (value: number): string => String(value).padStart(3, '0');

/** Milliseconds of a date, three digits. */
export function milliseconds(date: number): string {
  return three(Math.floor(date) % 1000);
}

/** A formatter that computes its text once per second. */
function perSecond(make: (date: Date) => string): (date: number) => string {
  let second = Number.NaN;
  let text = '';
  return (date) => {
    const wanted = Math.floor(date / 1000);
    if (wanted !== second) {
      second = wanted;
      text = make(new Date(wanted * 1000));
    }
    return text;
  };
}

function localText(date: Date): string {
  const day = `${two(date.getDate())}/${MONTHS[date.getMonth()]!}/${date.getFullYear()}`;
  return `${day}:${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function zone(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${two(size % 60)}`;
}

const local = perSecond(localText);

/** `09/Feb/2009:12:12:51.655`, local time. */
export function localDateWithMs(date: number): string {
  return `${local(date)}.${milliseconds(date)}`;
}

/** `09/Feb/2009:12:12:51 +0100`, local time. */
export const localDate = perSecond((date) => `${localText(date)} ${zone(date)}`);

/** `09/Feb/2009:11:12:51 +0000`. */
export const gmtDate = perSecond((date) => {
  const day = `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]!}/${date.getUTCFullYear()}`;
  return `${day}:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
});
