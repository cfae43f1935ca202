import { ACCEPTED, type Accepted } from './accepted.ts';
import type { Scenario } from './family.ts';

/** What is different between sections and is meant. */
export const SECTIONS_ACCEPTED: readonly Accepted[] = [
  {
    name: 'pages of requests that cannot be read',
    why: '`errorfile 400` and its like are used for them, too, as in HAProxy since 3.2; HAProxy 2.6 has one page for all.',
    lines: /^(errorfile|errorloc\d*) 400 /,
    shows: ({ haproxy, part }) =>
      part.endsWith(' closed') || haproxy.includes('HTTP/1.1 400 Bad request\r\nContent-length: 90\r\n'),
  },
  {
    name: 'rules of HTTP in frontends of mode tcp',
    why: 'They are ignored where no rule switches to HTTP, as a warning says; HAProxy says so, too, and runs them when a connection is upgraded because its backend speaks HTTP.',
    lines: /^http-(request|response|after-response) /,
    shows: ({ scenario }) => staysRaw(scenario),
  },
  {
    name: 'statuses in mode tcp',
    why: 'A line about a connection of mode tcp has the status of the answer to a request that could not be read; HAProxy 2.6 has 0 there, and -1 where some rule of the proxy could look at requests.',
    lines: /^(error-)?log-format .*%ST/,
    shows: ({ scenario, part, haproxy, sluice }) =>
      part === 'log' && scenario.lines.includes('mode tcp') && withoutStatus(haproxy) === withoutStatus(sluice),
  },
  ...ACCEPTED,
];

const withoutStatus = (log: string): string => log.replaceAll(/ (0|-1|400)(?=\||$)/gm, ' ST');

/** The frontend is one of mode tcp that no rule switches. */
function staysRaw({ lines }: Scenario): boolean {
  const start = lines.findIndex((line) => /^(frontend|listen) fe_/.test(line));
  const end = lines.findIndex((line, at) => at > start && /^(backend|listen) /.test(line));
  const own = lines.slice(start, end);
  return own.includes('mode tcp') && !own.some((line) => / switch-mode /.test(line));
}
