import { ACCEPTED, type Accepted, butForNumbers, wants } from './accepted.ts';
import type { Difference } from './compare.ts';

/** Differences of the family `h2-servers` that are meant: those of servers of HTTP/1, and its own. */
export const H2_SERVERS_ACCEPTED: readonly Accepted[] = [
  ...ACCEPTED,
  {
    name: 'streams that servers of HTTP/2 do not answer',
    why: 'A request is answered with 502 when its stream or connection ends without a response, or sent again where it may be; HAProxy closes the connection of a client that has had a response before, without an answer.',
    sends: wants('garbage', 'huge'),
  },
  {
    name: 'responses over HTTP/2 that are shorter than they say',
    why: 'The connection of a client of HTTP/1 ends with such a response; HAProxy leaves it open, so that the client takes the next response for the rest.',
    sends: wants('lengthAndChunked'),
  },
  {
    name: 'what servers of HTTP/2 send behind a response to HEAD',
    why: 'A response to HEAD is complete with its head; HAProxy waits for the end of its stream, and ends the connection of the client when the server makes a mistake by then.',
    sends: /^HEAD .*\r\n(.+\r\n)*x-want: (badChunk|gzipChunked)\r$/im,
  },
  {
    name: 'streams that servers of HTTP/2 refuse',
    why: 'A stream that is reset with REFUSED_STREAM has not been processed (RFC 9113, section 8.7): its request is sent again as after a connection that failed. HAProxy takes it for a response that ended early.',
    sends: wants('old'),
  },
  {
    name: 'bodies without a length for clients of HTTP/1.0',
    why: 'They get them up to the end of the connection (RFC 9112, section 6.1); HAProxy 2.6 sends chunks.',
    sends: / HTTP\/1\.0\r/,
    shows: butForEnd,
  },
  {
    name: 'bodies of responses over HTTP/2 that were not waited for',
    why: '`res.body` has what `http-response wait-for-body` has waited for; HAProxy gives what has come with the head, too, by how the server put it into packets.',
    lines: /^http-.*res\.body/,
  },
  {
    name: 'bytes of responses over HTTP/2 that may not be so',
    why: '`%B` has the bytes of the answer made in their place; HAProxy adds what it had read of the response up to what may not be.',
    sends: wants('lengthsDiffer', 'oldChunked', 'spaceColon', 'noColon', 'linefeeds', 'upgrade'),
    shows: butForNumbers,
  },
  {
    name: 'counters of responses over HTTP/2 that may not be so',
    why: 'They count as one response that failed (`eresp`); HAProxy counts two.',
    sends: wants('lengthsDiffer', 'oldChunked', 'spaceColon', 'noColon', 'linefeeds', 'upgrade'),
    shows: ({ part, haproxy, sluice }) =>
      part === 'counters' && haproxy.replace(/ eresp=\d+/g, '') === sluice.replace(/ eresp=\d+/g, ''),
  },
  {
    name: 'paths without a slash towards servers of HTTP/2',
    why: 'What a rule has left of a path goes to a server of HTTP/2 with a slash in front, and nothing as `/`, or `*` for OPTIONS (RFC 9113, section 8.3.1); HAProxy adds it to the authority, or closes the connection of the client.',
    lines: /(set|replace)-(path|pathq|uri) .*(regsub\(\/,|'%\[req\.hdr\(x-a\)\]')/,
  },
];

/** The same, or the connection has ended behind a part of it. */
function butForEnd({ part, haproxy, sluice }: Difference): boolean {
  if (part.endsWith(' closed')) return sluice === 'true';
  if (sluice === '<nothing>' || unframed(haproxy) === unframed(sluice)) return true;
  return (part === 'log' || part === 'servers') && haproxy.startsWith(sluice);
}

/** Without what tells how far a body goes that has no length. */
const unframed = (text: string): string =>
  text
    .replaceAll('connection: keep-alive\r\ntransfer-encoding: chunked\r\n', 'connection: close\r\n')
    .replaceAll('transfer-encoding: chunked\r\n', '')
    .replace('<cut> ', '')
    .replaceAll('[x-t: 1]', '');
