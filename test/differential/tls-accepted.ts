import type { Accepted } from './accepted.ts';
import { H2_ACCEPTED } from './h2-accepted.ts';
import { H2_SERVERS_ACCEPTED } from './h2-servers-accepted.ts';

/** Differences of the family `tls` that are meant: those of what is carried in it, and its own. */
export const TLS_ACCEPTED: readonly Accepted[] = [
  ...new Set([...H2_ACCEPTED, ...H2_SERVERS_ACCEPTED]),
  {
    name: 'groups of key exchanges',
    why: 'Without `curves` the groups are those of the library, whose newer versions take the one that they prefer also when the client has sent a share of another.',
    shows: ({ scenario, part, haproxy, sluice }) =>
      part.endsWith('handshake') &&
      withoutGroup(haproxy) === withoutGroup(sluice) &&
      !scenario.lines.some((line) => /^bind .* (curves|ecdhe) /.test(line)),
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
    name: 'answers when connecting takes too long',
    why: 'A request for whose server the connect timeout is over is answered with the page of 503, also over HTTP/2 and behind other requests of its connection; HAProxy refuses its stream, or ends the connection, without an answer.',
    shows: ({ scenario, part, haproxy, sluice }) => {
      if (!scenario.lines.some((line) => SILENT.test(line))) return false;
      if (part === 'log' || part === 'servers') return withoutSome(sluice, haproxy);
      if (part.endsWith('closed')) return haproxy === 'true';
      if (part === 'counters') return requestsOf(haproxy) <= requestsOf(sluice);
      return sluice.startsWith(haproxy.replace('<nothing>', '')) || unlessRefused(haproxy, sluice) === sluice;
    },
  },
  {
    name: 'certificates that no cipher of the line is for',
    why: 'Where the ciphers of a line are for RSA alone, clients up to TLS 1.2 are shown the certificate with RSA; HAProxy shows the one with ECDSA to those that take both, and the handshake fails.',
    lines: /^bind .*crt site-ec\.pem .*ciphers ECDHE-RSA-AES128-GCM-SHA256/,
    shows: ({ part, haproxy, sluice }) =>
      part.endsWith('handshake')
        ? haproxy.endsWith('ALERT_HANDSHAKE_FAILURE') && sluice.startsWith('TLSv1')
        : haproxy === '<nothing>' || part === 'log' || part === 'servers',
  },
  {
    name: 'names of servers as hosts, over HTTP/2',
    why: 'With `http-send-name-header host` a server of HTTP/2 is sent its name in place of the host that a client of HTTP/2 asked for; HAProxy leaves that.',
    sends: / h2(<|\r)/,
    lines: /^http-send-name-header host/,
    shows: ({ part, haproxy, sluice }) =>
      part === 'log'
        ? butForNumbers(haproxy) === butForNumbers(sluice)
        : withoutHosts(haproxy) === withoutHosts(sluice),
  },
  {
    name: 'versions that the security level forbids',
    why: 'Where `ssl-min-ver` lets a version in that the security level of `ciphers` forbids, its clients are told that their version is not taken, as the library does since it knows; the one that HAProxy 2.6 has goes on to find that there is no cipher, or no signature.',
    shows: ({ scenario, part, haproxy, sluice }) =>
      part.endsWith('handshake') &&
      scenario.lines.some((line) => /^bind .*ssl-min-ver TLSv1.0/.test(line)) &&
      /ALERT_(HANDSHAKE_FAILURE|INTERNAL_ERROR)$/.test(haproxy) &&
      sluice.endsWith('ALERT_PROTOCOL_VERSION'),
  },
];

/** A server that is asked for TLS and speaks none. */
const SILENT = /^server \S+ \{addr:s\d\} ssl /;

/** Requests that a frontend has got. */
const requestsOf = (rows: string): number => Number(/\/FRONTEND .* req_tot=(\d+)/.exec(rows)?.[1]);

const butForNumbers = (text: string): string => text.replaceAll(/\d+/g, 'N');
const withoutHosts = (text: string): string =>
  text.replaceAll(/^(:authority|host): .*\r\n|^content-length: \d+\r\n/gm, '');

/** All lines of `part` are in `whole`, but for their numbers. */
function withoutSome(whole: string, part: string): boolean {
  const linesOf = (text: string): string[] => butForNumbers(text).split('\n');
  const all = linesOf(whole);
  return linesOf(part).every((line) => all.includes(line));
}

/** `haproxy`, with what `sluice` has of the streams that were refused there without an answer. */
function unlessRefused(haproxy: string, sluice: string): string {
  const streams = (text: string): string[] => text.split(/^(?=\d+> )/m);
  const ours = streams(sluice);
  return streams(haproxy)
    .map((stream, at) => (/^\d+> \r\n<reset 7>/.test(stream) ? ours[at] : stream))
    .join('');
}

const withoutGroup = (text: string): string => text.replace(/ \S+$/, '');
const withoutFacts = (text: string): string => text.replaceAll(/ (\S+ \S+ \S+) (?=0$)/gm, ' FACTS ');
