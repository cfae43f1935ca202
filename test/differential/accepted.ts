import type { Difference } from './compare.ts';

/** A difference from HAProxy 2.6 that is meant. docs/differences.md is made from this list. */
export interface Accepted {
  readonly name: string;
  /** What is different and why, in a sentence or two. */
  readonly why: string;
  readonly explains: (difference: Difference) => boolean;
}

/** The scenario sends bytes like these: what comes behind them, on either side, differs with them. */
const sends =
  (pattern: RegExp): Accepted['explains'] =>
  ({ scenario }) =>
    scenario.connections.some((exchanges) => exchanges.some(({ bytes }) => pattern.test(bytes)));

const wants = (...names: string[]): Accepted['explains'] =>
  sends(new RegExp(`^x-want: (${names.join('|')})\\r$`, 'im'));

const has =
  (pattern: RegExp): Accepted['explains'] =>
  ({ scenario }) =>
    scenario.lines.some((line) => pattern.test(line));

export const ACCEPTED: readonly Accepted[] = [
  {
    name: 'lines folded',
    why: 'A header line that goes on in the next one is refused (RFC 9112, section 5.2), in requests with 400, in responses with 502; HAProxy joins the lines.',
    explains: (difference) => sends(/\r\n[ \t]+\S/)(difference) || wants('folded')(difference),
  },
  {
    name: 'bare line feeds',
    why: 'A line of a request ends with CR and LF (RFC 9112, section 2.2): recipients that disagree on it are what smuggling lives on. HAProxy takes an LF alone.',
    explains: sends(/[^\r]\n/),
  },
  {
    name: 'blanks in request lines',
    why: 'There is one space between the parts of a request line (RFC 9112, section 3); HAProxy takes several.',
    explains: sends(/^(\w+ {2}|\w+ \S+ {2}|\w+\t)/m),
  },
  {
    name: 'other versions',
    why: 'A request of HTTP/2.0 or a version that is none is refused with 400; HAProxy 2.6 passes some on.',
    explains: sends(/ HTTP\/(?!1\.[0-9]\r)\S*\r/),
  },
  {
    name: 'user information',
    why: 'A target with user information or without a host is refused (RFC 9110, sections 4.2.1 and 4.2.4).',
    explains: sends(/^\w+ http:\/\/([^/ ]*@|\/)/m),
  },
  {
    name: 'bytes outside of ASCII in targets',
    why: 'A target consists of visible ASCII (RFC 9112, section 3.2); HAProxy 2.6 passes other bytes on.',
    explains: sends(/^\w+ \S*[^\x21-\x7e\r\n ]\S* HTTP/m),
  },
  {
    name: 'invalid status lines and fields of servers',
    why: 'A response with a NUL in a field, a status of four digits or a version that HTTP/1 has not is answered with 502, as no receiver may accept it; HAProxy 2.6 passes it on.',
    explains: wants('nul', 'badStatus', 'version'),
  },
  {
    name: 'chunks in HTTP/1.0',
    why: 'HTTP/1.0 knows no chunks; where they come with it, HAProxy 2.6 and later versions differ in what they keep open.',
    explains: (difference) =>
      wants('oldChunked')(difference) || sends(/HTTP\/1\.0\r\n(.*\r\n)*?transfer-encoding/i)(difference),
  },
  {
    name: 'dates far away',
    why: 'A date beyond the year 275,760 has no text.',
    explains: ({ haproxy, sluice }) =>
      /\d{6,} \d\d:\d\d:\d\d GMT/.test(haproxy) && !/\d{6,} \d\d:\d\d:\d\d GMT/.test(sluice),
  },
  {
    name: 'kept connections that a server ends',
    why: 'When a server ends a kept connection without a whole head of a response, the request is sent again where it may be, else answered with 502; HAProxy closes the connection of the client without an answer.',
    explains: wants('nothing', 'cutHead'),
  },
  {
    name: 'WebSocket handshakes without a key',
    why: 'They are refused as requests that could be read, and logged so; in HAProxy they count as unreadable.',
    explains: sends(/^upgrade: websocket/im),
  },
  {
    name: 'targets in no form',
    why: 'A target is in one of four forms (RFC 9112, section 3.2).',
    explains: sends(/^[A-Z]+ (?!\/|\*|https?:\/\/|\S+:\d+ )\S* HTTP/m),
  },
  {
    name: 'bytes of answers made in place of a response',
    why: 'When a rule answers in place of the response of a server, `%B` has the bytes of the answer; HAProxy adds what it had read of the response.',
    explains: (difference) => {
      const { part, haproxy, sluice } = difference;
      if (part !== 'log') return false;
      const numberless = (log: string) => log.replace(/\b\d+\b/g, 'N');
      return has(/http-response (return|deny|redirect)/)(difference)
        ? numberless(haproxy) === numberless(sluice)
        : withoutSizes(haproxy) === withoutSizes(sluice);
    },
  },
  {
    name: 'statuses in expressions of log lines',
    why: '`status` has its value in log lines, too; in HAProxy the response has gone by then.',
    explains: (difference) => difference.part === 'log' && has(/^(error-)?log-format.*\[status\b/)(difference),
  },
  {
    name: 'interim responses to clients of HTTP/1.0',
    why: 'They are not sent (RFC 9110, section 15.2); HAProxy 2.6 passes those of servers on.',
    explains: (difference) => wants('hints')(difference) && sends(/ HTTP\/1\.0\r/)(difference),
  },
  {
    name: 'responses denied with fields of their own',
    why: 'An `http-response deny status ... hdr ...` is answered so; HAProxy 2.6 closes some of the connections without an answer.',
    explains: has(/^http-response deny status \d+ hdr /),
  },
  {
    name: 'versions of requests in logs',
    why: 'A request with a minor version above 1 is logged as HTTP/1.1, which is how it is treated.',
    explains: ({ part, haproxy, sluice }) =>
      part === 'log' && haproxy.replace(/HTTP\/1\.[2-9]/g, 'HTTP/1.1') === sluice,
  },
  {
    name: 'variables of lines about unreadable requests',
    why: 'Converters that set variables, and what stands for a variable that is not set, work in lines about requests that could not be read; HAProxy has no variables there.',
    explains: (difference) =>
      difference.part === 'log' &&
      has(/^log-format.*(set-var|var\(txn\.c,none)/)(difference) &&
      /<BADREQ>/.test(difference.haproxy),
  },
  {
    name: 'NUL in fields',
    why: 'A field with a NUL is refused (RFC 9110, section 5.5), as in HAProxy since 2.6.15.',
    explains: sends(/\0/),
  },
  {
    name: 'redirections of requests with a body',
    why: 'The connection stays open when all of the body has come; HAProxy closes it behind some redirections.',
    explains: (difference) =>
      sends(/^(expect: 100-continue|content-length: [1-9]|transfer-encoding: chunked)/im)(difference) &&
      has(/redirect /)(difference),
  },
  {
    name: 'bodies of answers made here',
    why: '`res.body` and what tells of it in `http-after-response` are about the response of the server, also when a rule has answered in its place.',
    explains: has(/http-after-response.*res\.body/),
  },
  {
    name: 'parts of all fields',
    why: '`host_only` and its like of `res.hdrs` and `req.hdrs`, which are no hosts, end at another colon.',
    explains: has(/\.hdrs,[^ ]*(host|port)_only/),
  },
  {
    name: 'statuses of responses that checkcache keeps back',
    why: '`option checkcache` answers with 502; HAProxy with the page of the status that the response has, where there is such a page.',
    explains: (difference) =>
      has(/option checkcache/)(difference) &&
      (wants('cookieCached')(difference) || has(/http-response set-status/)(difference)),
  },
  {
    name: 'bodies that are waited for',
    why: 'A rule that waits for a body asks for it with 100 when it has not come; HAProxy does so also when it is there already, and keeps the expectation from the server.',
    explains: (difference) =>
      sends(/^expect: 100-continue/im)(difference) &&
      has(/wait-for-body|buffer-request|check_post|req\.body/)(difference),
  },
  {
    name: 'encoded bodies that are cut',
    why: 'What was compressed of a body that a server cut off is other bytes, as another library compresses.',
    explains: ({ haproxy, sluice }) =>
      [haproxy, sluice].every((text) => /content-encoding: \w+\r[\s\S]*<cut>/.test(text)),
  },
  {
    name: 'bytes of responses to HEAD with a compression filter',
    why: '`%B` counts what was received; HAProxy counts what the filter would have made of it, too.',
    explains: ({ part, haproxy, sluice, scenario: one }) =>
      part === 'log' &&
      one.lines.some((line) => /^compression|^filter compression/.test(line)) &&
      haproxy.replace(/\b\d+\b/g, 'N') === sluice.replace(/\b\d+\b/g, 'N') &&
      /HEAD/.test(haproxy),
  },
  {
    name: 'early hints in front of an answer to a response',
    why: 'An answer that a rule on responses makes arrives behind early hints that were sent; HAProxy 2.6 closes the connection instead.',
    explains: (difference) => has(/early-hint/)(difference) && has(/http-response (return|deny|redirect)/)(difference),
  },
  {
    name: 'version of responses that were replaced',
    why: '`capture.res.ver` gives the version of the response that a server sent even when a rule has answered in its place.',
    explains: has(/capture\.res\.ver/),
  },
  {
    name: 'absolute targets without a path',
    why: 'A target such as `http://a.example` stays as it is when rules replace its path; HAProxy 2.6 sends an empty target.',
    explains: (difference) =>
      sends(/^\w+ http:\/\/[^/ ]+ HTTP/m)(difference) &&
      has(/(replace|set)-(path|uri|query)|normalize-uri/)(difference),
  },
  {
    name: 'several hosts in one field',
    why: 'A Host field with a comma in it is taken as a whole; HAProxy takes what is in front of the comma in redirections.',
    explains: sends(/^host: .*,/im),
  },
  {
    name: 'another status for a 304',
    why: 'A response without a body that gets another status by a rule says `content-length: 0`; HAProxy 2.6 leaves a length that nothing follows.',
    explains: (difference) => wants('s304', 's204', 's204length')(difference) && has(/set-status/)(difference),
  },
  {
    name: 'requests without a key on a ring',
    why: 'With `hash-type consistent` a request that has no key goes to the servers in turn, by weight; HAProxy goes along its ring, which is uneven.',
    explains: (difference) => has(/^hash-type consistent/)(difference) && butForServers(difference),
  },
  {
    name: 'the last server of a connection',
    why: '`option prefer-last-server` goes on with the server of the last request while a connection to it is there; HAProxy has given away some of those.',
    explains: (difference) => has(/prefer-last-server/)(difference) && butForServers(difference),
  },
];

/** Only which servers were chosen is not the same. */
function butForServers({ haproxy, sluice }: Difference): boolean {
  return haproxy.replace(/\bs[123](c?)\b/g, 's$1') === sluice.replace(/\bs[123](c?)\b/g, 's$1');
}

/** Log lines without the number of bytes of those that a rule or a filter ended behind the response. */
function withoutSizes(log: string): string {
  return log
    .split('\n')
    .map((line) => (/\b[PL]H/.test(line) ? line.replace(/\b\d+\b/g, 'N') : line))
    .join('\n');
}
