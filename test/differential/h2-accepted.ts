import { ACCEPTED, type Accepted, wants } from './accepted.ts';

/** Differences of the family `h2` that are meant: those of requests over HTTP/1, and its own. */
export const H2_ACCEPTED: readonly Accepted[] = [
  ...ACCEPTED,
  {
    name: 'responses of servers that are cut, over HTTP/2',
    why: 'A client of HTTP/2 is told by a reset that a response is not whole (RFC 9113, section 8.1.1); HAProxy 2.6 ends it as if it were.',
    shows: ({ part, haproxy, sluice }) =>
      part !== 'log' && sluice.includes('<reset 2>') && withoutEnds(haproxy) === withoutEnds(sluice),
  },
  {
    name: 'what comes behind a request, or in trailers that no request may have, over HTTP/2',
    why: 'They are a protocol error of their stream (RFC 9113, section 8.1.1), as those of a request that is complete are an error of a closed stream; HAProxy resets the stream with the code of an internal error, and ends the connection for the latter.',
    sends: /<fields> (?! *h2\r\nx-t(railer)?: )|^GET \S+ h2(?!<open>).*\r\n(.+\r\n)*\r\n(<fields>|behind)/m,
  },
  {
    name: 'heads that no request may have, over HTTP/2',
    why: 'A path begins with a slash and has no fragment, `*` is for OPTIONS alone, scheme and authority are not empty, a length goes with a body, and Host fields agree (RFC 9113, sections 8.1.1 and 8.3.1; RFC 9110, section 7.2): else the stream is reset. HAProxy 2.6 passes some of them on, answers some with 400, and ends the connection because of others.',
    sends:
      / h2(?!<open>)[^\r]*\r\n(.+\r\n)*content-length: [1-9]|^(\w+ \S*#|(?!OPTIONS )\S+ \* )|^:authority: \r$|^:scheme: (?!https?\r)|^host: (.*)\r\nhost: (?!\3\r)/m,
  },
  {
    name: 'backends of requests that are left while their body is waited for, over HTTP/2',
    why: 'The line of a request that its client resets while a rule waits for its body tells where it was then; HAProxy goes on to the choice of a backend.',
    sends: /<reset>|<fields>|^POST \/ h2<open>/m,
    lines: /http-buffer-request|wait-for-body|req\.body|balance url_param/,
    shows: ({ part, haproxy, sluice }) => part === 'log' && /\bCR/.test(haproxy) && /\bC[RDC]/.test(sluice),
  },
  {
    name: 'trailers behind an answer, over HTTP/2',
    why: 'Trailers that come when the request has been answered are passed over; HAProxy ends the connection, or not, by what it has sent meanwhile.',
    sends: /<fields>/,
    lines: /\b(deny|return|redirect|auth|reject|tarpit|monitor-uri)\b/,
  },
  {
    name: 'lengths of responses that have none, over HTTP/2',
    why: 'A response with 204 has no `content-length` (RFC 9110, section 8.6), as over HTTP/1; HAProxy 2.6 leaves it there over HTTP/2.',
    sends: wants('s204length'),
  },
  {
    name: 'frames of a wrong size, over HTTP/2',
    why: 'Which error the connection ends with is that of RFC 9113, sections 6.1 to 6.10; HAProxy looks at the stream of a frame first, and takes HEADERS without any byte for an error of the connection.',
    sends: /^<frame [13]>/m,
  },
  {
    name: 'answers that are empty, over HTTP/2',
    why: 'A stream that ends without an answer is reset as after an internal error; HAProxy says that the stream was refused, by which a client may send again what a server has got.',
    shows: ({ haproxy, sluice }) =>
      sluice.includes('<reset 2>') && haproxy.replaceAll('<reset 7>', '<reset 2>') === sluice,
  },
];

const withoutEnds = (text: string): string => text.replaceAll(/<(end|reset 2)>/g, '');
