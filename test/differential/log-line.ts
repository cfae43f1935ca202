/** A log line without the time, the ports, the process and how long things took. */
export function lineOf(line: string): string {
  return line
    .replace(/^(<\d+>)\w+ +\d+ [\d:]+ (\S+ \S+?)\[\d+\]: /, '$1$2: ')
    .replace(/(127\.0\.[01]\.\d+|192\.0\.2\.\d+|10\.0\.0\.1|2001:db8::\d):\d+ \[[^\]]*\]/, '$1 [DATE]')
    .replace(/(\S+) - (\S+) \[[^\]]*\]/, '$1 - $2 [DATE]')
    .replace(
      / (-?\d+)\/(-?\d+)\/(-?\d+)\/(-?\d+)\/\+?(-?\d+) /,
      (_, ...timers: string[]) =>
        ` ${timers
          .slice(0, 5)
          .map((t) => (t === '-1' ? t : 'T'))
          .join('/')} `,
    )
    .replace(
      / (-?\d+)\/(-?\d+)\/\+?(-?\d+) (\+?\d+ [A-Za-z-]{2} )/,
      (_, ...parts: string[]) =>
        ` ${parts
          .slice(0, 3)
          .map((t) => (t === '-1' ? t : 'T'))
          .join('/')} ${parts[3]}`,
    )
    .replace(/ \d+\/\d+\/\d+\/\d+\/(\+?\d+) (\d+\/\d+) /, ' C/C/C/C/$1 $2 ')
    .replace(/ \+\d+ /, ' +SOFAR ')
    .replace(/check duration: \d+ms/, 'check duration: MS')
    .replace(/Connect from 127.0.0.1:\d+/, 'Connect from CLIENT')
    .replace(
      /(- \S+ \[DATE\].*") \d+ \d{3} ("fe_.*?) -?\d+ -?\d+ -?\d+ -?\d+ \+?-?\d+ (\S{4} )\d+ \d+ \d+ \d+ /,
      '$1 PORT MS $2 T $3 C ',
    );
}
