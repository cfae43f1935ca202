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
    name: 'the common log format in mode tcp',
    why: '`option httplog clf` falls back to `option tcplog clf`, which HAProxy 2.6 does not know yet.',
    lines: /^option httplog clf/,
    shows: ({ scenario, part }) => part === 'log' && scenario.lines.includes('mode tcp'),
  },
  {
    name: 'lines without a format in mode tcp',
    why: 'Without a log format each request of a connection that speaks HTTP has its line, also where mode tcp has written one before; HAProxy leaves out that of the first request.',
    shows: ({ scenario, part, haproxy, sluice }) =>
      part === 'log' &&
      scenario.lines.includes('mode tcp') &&
      [...haproxy.split('\n'), ...sluice.split('\n')].every((line) => /: Connect from /.test(line)),
  },
  {
    name: 'choices before anything has come',
    why: 'A frontend of mode tcp without a rule that waits chooses a backend and sets addresses at once; what HAProxy sees then is what has come with the connection.',
    lines: /^(use_backend|tcp-request content set-(src|dst)) .*(path|METH|method|HTTP|req\.|url|hdr|query)/,
    shows: ({ scenario }) =>
      ownLines(scenario).includes('mode tcp') &&
      !ownLines(scenario).some((line) => /^tcp-request content (?!set-(priority-class|src|dst) )/.test(line)),
  },
  {
    name: 'payloads of connections that are switched to HTTP',
    why: 'Content rules are run for each request of a connection that was switched, where there is no payload; in HAProxy the first request has what they have found in mode tcp.',
    lines: /^tcp-request content set-var\(.*req\.payload/,
    shows: ({ scenario }) => ownLines(scenario).some((line) => / switch-mode /.test(line)),
  },
  {
    name: 'unreadable requests of connections that were in mode tcp',
    why: 'Such a request is one that failed (`ereq`); HAProxy counts it twice, and as a session of the backend because of which it was switched to HTTP, which its client has left (`stot`, `cli_abrt`).',
    lines: /^mode tcp$/,
    shows: ({ part, haproxy, sluice }) => part === 'counters' && withoutUnread(haproxy) === withoutUnread(sluice),
  },
  {
    name: 'sessions that have no way back to mode tcp',
    why: 'A connection that was switched to HTTP and ends because its backend is of mode tcp is no session of that any more; HAProxy 2.6 counts it as one (`scur`) for good.',
    lines: /^mode tcp$/,
    shows: ({ part, haproxy, sluice }) =>
      part === 'counters' && !/ scur=[1-9]/.test(sluice) && haproxy.replace(/ scur=\d+/g, ' scur=0') === sluice,
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

const withoutUnread = (text: string): string =>
  text.replace(/ ereq=\d+/g, '').replace(/^(\S+\/BACKEND .* stot=)\d+(.* cli_abrt=)\d+/gm, '$1N$2N');

const withoutStatus = (log: string): string => log.replaceAll(/ (0|-1|400|422)(?=\||$)/gm, ' ST');

/** The lines of the section that the client speaks to. */
function ownLines({ lines }: Scenario): readonly string[] {
  const start = lines.findIndex((line) => /^(frontend|listen) fe_/.test(line));
  return lines.slice(
    start,
    lines.findIndex((line, at) => at > start && /^(backend|listen) /.test(line)),
  );
}

/** The frontend is one of mode tcp that no rule switches. */
function staysRaw(scenario: Scenario): boolean {
  const own = ownLines(scenario);
  return own.includes('mode tcp') && !own.some((line) => / switch-mode /.test(line));
}
