import { ACCEPTED, type Accepted, butForNumbers, wants } from './accepted.ts';

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
    why: 'A path begins with a slash and has no fragment, `*` is for OPTIONS alone, scheme and authority are not empty, an authority is a host and a port, a method is a token, a field has a name, a length goes with a body, and Host fields agree (RFC 9113, sections 8.1.1, 8.2.1 and 8.3.1; RFC 9110, sections 7.2 and 9.1): else the stream is reset. HAProxy 2.6 passes some of them on, answers some with 400, and ends the connection because of others.',
    sends:
      / h2(?!<open>)[^\r]*\r\n(.+\r\n)*content-length: [1-9]|^(\w+ \S*#|(?!OPTIONS )\S+ \* )|^:authority: (.*[@/ ].*)?\r$|^:method: .*[@ ]|^: |^:scheme: (?!https?\r)|^host: (.*)\r\nhost: (?!\4\r)/m,
  },
  {
    name: 'requests with trailers that are sent again, over HTTP/2',
    why: 'A request that has come with its trailers is whole, and is sent again where `retry-on` says so; HAProxy sends none again that has trailers.',
    sends: /<more><fields> {2}h2\r\nx-trailer: /,
    lines: /^retry-on /,
  },
  {
    name: 'paths without a slash, over HTTP/2',
    why: 'A path that a rule makes and that does not begin with a slash stands by itself in `url` and in what requests are balanced by; HAProxy puts it right behind the authority, as in `http://a.example-b`, and takes the authority away with the next path.',
    lines: /^http-request set-pathq? '%\[/,
  },
  {
    name: 'blanks around values, over HTTP/2',
    why: 'Blanks in front of a value and behind it are taken off, as by later versions; HAProxy 2.6 passes them on, which no field may have (RFC 9113, section 8.2.1).',
    sends: / h2[^\r]*\r\n(.+\r\n)*[^:\s]+: ([ \t].*|.*[ \t])\r$/m,
  },
  {
    name: 'order of lines of requests that are left, under a cache',
    why: 'A request whose client resets it is logged when it ends; in HAProxy one that a cache looks at stays until a timeout wakes it.',
    sends: /<reset>|h2<open>/m,
    lines: /cache-(use|store)/,
    shows: ({ part, haproxy, sluice }) => part === 'log' && sortedLines(haproxy) === sortedLines(sluice),
  },
  {
    name: 'bytes of bodies that are answered before they have come',
    why: '`%U` of a request that a rule answers has what had come of its body by then; HAProxy stops at the size of its buffer.',
    sends: /z{15000}/,
    lines: /%U/,
    shows: butForNumbers,
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
    name: 'HEADERS without any byte, over HTTP/2',
    why: 'They are a request without the fields that each has, and reset as one; HAProxy ends the connection, as by a frame that is too short.',
    sends: /^<frame 1 of 0>/m,
  },
  {
    name: 'streams of a connection that ends by an error, over HTTP/2',
    why: 'What has come of them until then is answered and logged; HAProxy resets those that it has not begun without an error.',
    sends: /^GET \/second h2\r\n(.+\r\n)+\r\nGET \/first|z{17000}/m,
  },
  {
    name: 'streams beside one that a rule ends, over HTTP/2',
    why: 'A rule that rejects a request ends the connection at once; HAProxy looks at the other requests that have come, and resets and logs each.',
    lines: /\b(reject|silent-drop)\b/,
    shows: ({ part, haproxy, sluice }) =>
      part === 'log'
        ? sluice.split('\n').every((line) => haproxy.includes(line))
        : sluice.endsWith('<goaway 11>') &&
          haproxy.replaceAll(/<reset (0|11)>/g, '') === sluice.replaceAll('<reset 11>', ''),
  },
  {
    name: 'handshakes of WebSocket that get to no server',
    why: 'An extended CONNECT for which no connection can be made is answered with 503; HAProxy resets its stream.',
    sends: /^:protocol: /m,
    lines: /^server .*\{addr:refused\}/,
  },
  {
    name: 'keys of handshakes that are made for HTTP/2',
    why: '`http-send-name-header` tells the name behind the key that a handshake gets for HTTP/1; HAProxy tells it in front.',
    sends: /^:protocol: /m,
    lines: /^http-send-name-header/,
    shows: ({ part, haproxy, sluice }) => part === 'servers' && sortedLines(haproxy) === sortedLines(sluice),
  },
  {
    name: 'answers that are empty, over HTTP/2',
    why: 'A stream that ends without an answer is reset as after an internal error; HAProxy says that the stream was refused, by which a client may send again what a server has got.',
    shows: ({ haproxy, sluice }) =>
      sluice.includes('<reset 2>') && haproxy.replaceAll('<reset 7>', '<reset 2>') === sluice,
  },
];

const sortedLines = (text: string): string => text.split('\n').sort().join('\n');
const withoutEnds = (text: string): string => text.replaceAll(/<(end|reset 2)>/g, '');
