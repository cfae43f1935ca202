import type { Accepted } from './accepted.ts';
import { H2_ACCEPTED } from './h2-accepted.ts';
import { H2_SERVERS_ACCEPTED } from './h2-servers-accepted.ts';

/** Differences of the family `tls` that are meant: those of what is carried in it, and its own. */
export const TLS_ACCEPTED: readonly Accepted[] = [
  ...new Set([...H2_ACCEPTED, ...H2_SERVERS_ACCEPTED]),
  {
    name: 'groups of key exchanges',
    why: 'Without `curves` the groups are those of the library, whose newer versions take the one that they prefer also when the client has sent a share of another.',
    shows: ({ part, haproxy, sluice }) => part.endsWith('handshake') && withoutGroup(haproxy) === withoutGroup(sluice),
  },
  {
    name: 'facts of handshakes that failed',
    why: 'Of a handshake that fails the error is told that was found last, the name that the client asked for also when no version was shared, and nothing more of one that `strict-sni` refused; HAProxy tells the error that its library found first, and the name only when it has read it.',
    lines: /^error-log-format .*ssl_fc_err/,
    shows: ({ part, haproxy, sluice }) => part === 'log' && withoutFacts(haproxy) === withoutFacts(sluice),
  },
  {
    name: 'errors of connections that were refused',
    why: '`bc_err` has its value in the line of a request for which no connection could be made; HAProxy has let go of the connection by then.',
    lines: /bc_err/,
    shows: ({ part, haproxy, sluice }) => part === 'log' && haproxy === sluice.replaceAll(' 6 503 ', ' - 503 '),
  },
  {
    name: 'refusals of client certificates in TLS 1.2',
    why: 'A client whose certificate is refused is told so by the end of the connection right behind the handshake, before a request is read; HAProxy ends the handshake with an alert.',
    lines: /^bind .*verify (required|optional)/,
    shows: ({ part, haproxy, sluice }) =>
      part.endsWith('handshake')
        ? haproxy.startsWith('ERR_SSL') && sluice.startsWith('TLSv1.2')
        : haproxy === '<nothing>' && (sluice === '' || sluice === 'true'),
  },
];

const withoutGroup = (text: string): string => text.replace(/ \S+$/, '');
const withoutFacts = (text: string): string => text.replaceAll(/ (\S+ \S+ \S+) (?=0$)/gm, ' FACTS ');
