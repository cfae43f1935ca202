const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const FORMS = [
  // Sun, 06 Nov 1994 08:49:37 GMT
  /^[A-Za-z]{3}, (?<day>\d{2}) (?<month>[A-Za-z]{3}) (?<year>\d{4}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/,
  // Sunday, 06-Nov-94 08:49:37 GMT
  /^[A-Za-z]{6,9}, (?<day>\d{2})-(?<month>[A-Za-z]{3})-(?<year>\d{2}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/,
  // Sun Nov  6 08:49:37 1994
  /^[A-Za-z]{3} (?<month>[A-Za-z]{3}) (?<day>[ \d]\d) (?<time>\d{2}:\d{2}:\d{2}) (?<year>\d{4})$/,
];

/** Seconds since the epoch of a date in one of the forms of RFC 9110, 5.6.7; null for any other text. */
export function parseHttpDate(text: string): number | null {
  for (const form of FORMS) {
    const parts = form.exec(text)?.groups;
    if (parts === undefined) continue;
    const month = MONTHS.indexOf(parts['month']!.toLowerCase());
    if (month < 0) return null;
    const digits = Number(parts['year']);
    const year = digits >= 100 ? digits : digits + (digits < 60 ? 2000 : 1900);
    const [hour, minute, second] = parts['time']!.split(':').map(Number) as [number, number, number];
    return Date.UTC(year, month, Number(parts['day']), hour, minute, second) / 1000;
  }
  return null;
}
