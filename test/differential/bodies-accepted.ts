import { ACCEPTED, type Accepted } from './accepted.ts';
import type { Difference } from './compare.ts';

/** Differences of the family `bodies` that are meant: those of the family `http`, and its own. */
export const BODIES_ACCEPTED: readonly Accepted[] = [
  ...ACCEPTED,
  {
    name: 'how much of a body is waited for',
    why: 'A rule that waits for a body that is larger than the buffer has as much of it as `tune.bufsize` says; HAProxy leaves room for `tune.maxrewrite` and the head.',
    sends: /Bodies[\s\S]{15000}/,
    lines: /wait-for-body|http-buffer-request|check_post/,
    shows: butForLengths,
  },
  {
    name: 'bytes of large bodies that nobody has waited for',
    why: '`%U` and `bin` of a request that a rule has answered count what has been read of its body by then, which is more than HAProxy reads at once.',
    sends: /Bodies[\s\S]{15000}/,
    lines: /^http-request (deny|return|redirect) /,
    shows: ({ part, haproxy, sluice }) =>
      (part === 'log' || part === 'counters') &&
      haproxy.replaceAll(/\b\d{4,}\b/g, 'N') === sluice.replaceAll(/\b\d{4,}\b/g, 'N'),
  },
  {
    name: 'requests sent again that nearly fill the buffer',
    why: '`retry-on` sends a request again that fits into `tune.bufsize` (manual, `retry-on`); HAProxy one that leaves room for `tune.maxrewrite` beside it.',
    sends: /x-want: (failed|busy)\r\n[\s\S]*Bodies[\s\S]{15000}/,
    lines: /^retry-on /,
    shows: ({ part }) => ['log', 'servers', 'counters'].includes(part),
  },
  {
    name: 'connections behind large bodies that nobody has waited for',
    why: 'The connection of a request that a rule has answered stays open when all of its body has come; HAProxy ends it when the body is larger than what it reads at once.',
    sends: /Bodies[\s\S]{15000}/,
    lines: /^http-request (deny|return|redirect) /,
    shows: butForEnd,
  },
  {
    name: 'another status for a 101',
    why: 'A response that switches protocols and gets another status by a rule ends there, with `content-length: 0`, and a status below 200 that a rule makes of another one ends the connection; HAProxy 2.6 sends what the server has sent behind the former as its body.',
    sends: /^x-want: switch\r$/m,
    lines: /set-status/,
  },
];

/** Only how much is told of a body is not the same, or the connection has ended behind a part of it. */
function butForLengths({ part, haproxy, sluice }: Difference): boolean {
  const told = (text: string) => text.replaceAll(/\b\d{4,}\b/g, 'N').replaceAll('\r\nconnection: close\r\n', '\r\n');
  if (haproxy === '<nothing>' || told(haproxy) === told(sluice)) return true;
  if (part.endsWith(' closed')) return haproxy === 'true';
  return (part === 'log' || part === 'servers') && told(sluice).startsWith(told(haproxy));
}

/** HAProxy has ended the connection where Sluice goes on. */
function butForEnd({ part, haproxy, sluice }: Difference): boolean {
  if (part.endsWith(' closed')) return haproxy === 'true';
  if (part === 'counters') return requestsIn(haproxy) < requestsIn(sluice);
  return haproxy === '<nothing>' || sluice.startsWith(haproxy.replaceAll('connection: close\r\n', ''));
}

/** Requests that all frontends and backends have counted. */
const requestsIn = (counters: string): number =>
  [...counters.matchAll(/ req_tot=(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
