import type { Difference } from './compare.ts';
import { withoutServersIn } from './counters.ts';

/** A difference from HAProxy 2.6 that is meant. docs/differences.md is made from this list. */
export interface Accepted {
  readonly name: string;
  /** What is different and why, in a sentence or two. */
  readonly why: string;
  /** An exchange of the scenario has to send this; such exchanges are left out when the rest is played again. */
  readonly sends?: RegExp;
  /** A line of the scenario has to be like this; without `sends` such lines are left out when the rest is played again. */
  readonly lines?: RegExp;
  /** What the difference itself has to look like. */
  readonly shows?: (difference: Difference) => boolean;
}

/** The request asks a server for one of these answers. */
export const wants = (...names: string[]): RegExp => new RegExp(`^x-want: (${names.join('|')})\\r$`, 'im');

export const ACCEPTED: readonly Accepted[] = [
  {
    name: 'lines folded',
    why: 'A header line that goes on in the next one is refused (RFC 9112, section 5.2), in requests with 400, in responses with 502; HAProxy joins the lines.',
    sends: /\r\n[ \t]+\S|^x-want: folded\r$/im,
  },
  {
    name: 'bare line feeds',
    why: 'A line of a request ends with CR and LF (RFC 9112, section 2.2): recipients that disagree on it are what smuggling lives on. HAProxy takes an LF alone.',
    sends: /[^\r]\n/,
  },
  {
    name: 'blanks in request lines',
    why: 'There is one space between the parts of a request line (RFC 9112, section 3); HAProxy takes several.',
    sends: /^(\w+ {2}|\w+ \S+ {2}|\w+\t)/m,
  },
  {
    name: 'other versions',
    why: 'A request of HTTP/2.0 or a version that is none is refused with 400; HAProxy 2.6 passes some on.',
    sends: / HTTP\/(?!1\.[0-9]\r)\S*\r/,
  },
  {
    name: 'user information',
    why: 'A target with user information or without a host is refused (RFC 9110, sections 4.2.1 and 4.2.4).',
    sends: /^\w+ http:\/\/([^/ ]*@|\/)/m,
  },
  {
    name: 'bytes outside of ASCII in targets',
    why: 'A target consists of visible ASCII (RFC 9112, section 3.2); HAProxy 2.6 passes other bytes on.',
    sends: /^\w+ \S*[^\x21-\x7e\r\n ]\S* (HTTP|h2)/m,
  },
  {
    name: 'invalid status lines and fields of servers',
    why: 'A response with a NUL in a field, a status of four digits or a version that HTTP/1 has not is answered with 502, as no receiver may accept it; HAProxy 2.6 passes it on.',
    sends: wants('nul', 'badStatus', 'version'),
  },
  {
    name: 'chunks in HTTP/1.0',
    why: 'HTTP/1.0 knows no chunks; where they come with it, HAProxy 2.6 and later versions differ in what they keep open.',
    sends: /^x-want: oldChunked\r$|HTTP\/1\.0\r\n(.*\r\n)*?transfer-encoding/im,
  },
  {
    name: 'dates far away',
    why: 'A date beyond the year 275,760 has no text.',
    shows: ({ haproxy, sluice }) =>
      /\d{6,} \d\d:\d\d:\d\d GMT/.test(haproxy) && !/\d{6,} \d\d:\d\d:\d\d GMT/.test(sluice),
  },
  {
    name: 'dates before 1970',
    why: 'A negative time is one before 1970; HAProxy takes it for a date millions of years away.',
    lines: /(-\d|txn\.n|sub\(|neg|cpl|mul\(|jwt_verify\(|xxh\w*|hex2i)[^'"\]]*,(utime|ltime|http_date)/,
  },
  {
    name: 'numbers of fields that are none',
    why: '`hdr_val` reads the digits that a field begins with, as later versions do; HAProxy 2.6 makes a number of other chars, too.',
    lines: /hdr_val\(/,
  },
  {
    name: 'words that are not there',
    why: '`word` gives nothing where there is no such word, as in later versions; HAProxy 2.6 gives an empty text.',
    lines: /word\(/,
  },
  {
    name: 'texts of bodies and patterns',
    why: 'What expressions give is put into bodies and patterns as it is, and in quotes where the format says so, as in later versions; HAProxy 2.6 writes control chars as `%XX` there and leaves out the quotes.',
    lines: /(lf-string|lf-file|set-map|add-acl|del-acl|del-map).*%(\{[^}]*\})?\[/,
    shows: ({ haproxy, sluice }) => /%[01][0-9A-F]|%7F/.test(haproxy) || sluice.includes('"'),
  },
  {
    name: 'CONNECT with another status',
    why: 'A CONNECT that a server grants and that gets a status of refusal by a rule ends, and so does one that a rule alone grants: the client would send through a tunnel that is none, or requests through one. HAProxy goes on with the tunnel.',
    sends: /^CONNECT /m,
    lines: /set-status/,
  },
  {
    name: 'Vary in small letters',
    why: 'A response that says `Vary: accept-encoding` is not told to say `Accept-Encoding` as well.',
    shows: ({ haproxy, sluice }) =>
      /vary: accept-encoding\r/.test(sluice) && haproxy.replace('\r\nvary: Accept-Encoding', '') === sluice,
  },
  {
    name: 'normalizers with a condition',
    why: '`normalize-uri` does what it says; HAProxy 2.6 does something else where a condition stands in the place of an option.',
    lines: /normalize-uri (path-strip-dotdot|percent-decode-unreserved|percent-to-uppercase) (if|unless)/,
  },
  {
    name: 'requests that are not logged',
    why: '`capture.req.uri` and its like have their value in conditions whatever is logged; in HAProxy they have one where a log line takes parts of the request.',
    lines: /^[^l].*capture\.req\.(uri|method|ver)/,
    shows: ({ scenario }) =>
      !scenario.lines.some((line) => /^option httplog|^log-format .*%(\{.*?\})?(r|H[A-Z]+)\b/.test(line)),
  },
  {
    name: 'second choices without a path',
    why: 'A request whose path a rule has taken away is balanced in turn when it is tried again; HAProxy takes the hash of nothing.',
    lines: /set-path '%\[/,
    shows: ({ scenario }) => scenario.lines.some((line) => /^balance uri/.test(line)),
  },
  {
    name: 'lengths that rules change',
    why: 'Rules about `content-length` and `transfer-encoding` have no effect, and a warning says so; HAProxy ends the connection where its message has another length then, and sends chunks where there is none.',
    lines: /(set|add|del|replace)-(header|value) (content-length|transfer-encoding)\b/i,
  },
  {
    name: 'regular expressions of names',
    why: '`del-header` with `-m reg` knows names of fields in large and small letters, as with the other methods; in HAProxy only small ones match.',
    lines: /del-header \S*[A-Z]\S* -m reg/,
  },
  {
    name: 'kept connections that a server ends',
    why: 'When a server ends a kept connection without a whole head of a response, the request is sent again where it may be, else answered with 502; HAProxy closes the connection of the client without an answer.',
    sends: /^x-want: (nothing|cutHead)\r$|^HEAD .*\r\n(.+\r\n)*x-want: (cut|cutChunk)\r$/im,
  },
  {
    name: 'WebSocket handshakes without a key',
    why: 'They are refused as requests that could be read, and logged so; in HAProxy they count as unreadable.',
    sends: /^upgrade: websocket/im,
  },
  {
    name: 'targets in no form',
    why: 'A target is in one of four forms, of which `*` is for OPTIONS (RFC 9112, section 3.2), as in HAProxy 3.4.',
    sends: /^(?:[A-Z]+ (?!\/|\*|https?:\/\/|\S+:\d+ )\S*|(?!OPTIONS )[A-Z]+ \*) HTTP/m,
  },
  {
    name: 'bytes of answers made in place of a response',
    why: 'When a rule answers in place of the response of a server, `%B` has the bytes of the answer; HAProxy adds what it had read of the response.',
    shows: ({ part, haproxy, sluice }) => part === 'log' && withoutSizes(haproxy) === withoutSizes(sluice),
  },
  {
    name: 'bytes of answers of rules on responses',
    why: 'The same where the line does not tell how the exchange ended.',
    lines: /http-response (return|deny|redirect)/,
    shows: butForNumbers,
  },
  {
    name: 'bytes in lines that are written early',
    why: "With `option logasap`, `%U` has what the client has sent so far, and `%B` what has been received of the server's answer; HAProxy has 0 for uploads, and counts another form of the response.",
    lines: /^option logasap/,
    shows: butForNumbers,
  },
  {
    name: 'statuses in expressions of log lines',
    why: '`status` has its value in log lines, too; in HAProxy the response has gone by then.',
    lines: /^(error-)?log-format.*\[status\b/,
    shows: ({ part }) => part === 'log',
  },
  {
    name: 'interim responses to clients of HTTP/1.0',
    why: 'They are not sent (RFC 9110, section 15.2); HAProxy 2.6 passes those of servers on.',
    sends: / HTTP\/1\.0\r\n(.*\r\n)*x-want: (hints|goOn|processing)\r/i,
  },
  {
    name: 'answers to responses with fields of their own',
    why: 'An `http-response deny` or `return` with `hdr` is answered so; HAProxy 2.6 closes some of the connections without an answer.',
    lines: /^http-response (deny|return) status .*\bhdr /,
  },
  {
    name: 'versions of requests in logs',
    why: 'A request with a minor version above 1 is logged as HTTP/1.1, which is how it is treated.',
    shows: ({ part, haproxy, sluice }) => part === 'log' && haproxy.replace(/HTTP\/1\.[2-9]/g, 'HTTP/1.1') === sluice,
  },
  {
    name: 'variables of lines about unreadable requests',
    why: 'Converters that set variables, and what stands for a variable that is not set, work in lines about requests that could not be read; HAProxy has no variables there.',
    lines: /^log-format.*(set-var|capture-req|var\(\w+\.\w+,)/,
    shows: ({ part, haproxy }) => part === 'log' && /<BADREQ>|<NOSRV> (400|0)$/m.test(haproxy),
  },
  {
    name: 'NUL in fields',
    why: 'A field with a NUL is refused (RFC 9110, section 5.5), as in HAProxy since 2.6.15.',
    sends: /\0/,
  },
  {
    name: 'connections that end behind 422',
    why: 'The page of 422 says `Connection: close`, as those of other statuses do behind which the connection ends; that of HAProxy does not say so.',
    sends: /^transfer-encoding:(?! *chunked *\r$)/im,
    shows: ({ part, haproxy, sluice }) =>
      haproxy === sluice.replace('\r\nConnection: close', '') || (/^\d+\.\d+$/.test(part) && sluice === '<nothing>'),
  },
  {
    name: 'control characters in log lines',
    why: 'Those in values of expressions are written as `#XX`, so that nobody can forge a line; HAProxy writes them as they are.',
    shows: ({ part, haproxy, sluice }) =>
      part === 'log' &&
      haproxy ===
        sluice.replace(/#([01][0-9A-F]|7F)/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))),
  },
  {
    name: 'a stray dot',
    why: "HAProxy's page of 501 begins with one.",
    shows: ({ scenario, haproxy, sluice, part }) =>
      part === 'log'
        ? [sluice, ...scenario.lines].some((line) => /\b501\b/.test(line)) && isOneMore(haproxy, sluice)
        : haproxy
            .replaceAll(/(content-length): 136/gi, '$1: 135')
            .replaceAll('\n.The server does', '\nThe server does') === sluice,
  },
  {
    name: 'redirections of requests with a body',
    why: 'The connection stays open when all of the body has come; HAProxy closes it behind some redirections.',
    sends: /^(expect: 100-continue|content-length: [1-9]|transfer-encoding:\s*chunked)|h2<open>/im,
    lines: /redirect /,
  },
  {
    name: 'bodies of answers made here',
    why: '`res.body` and what tells of it in `http-after-response` are about the response of the server, also when a rule has answered in its place.',
    lines: /http-after-response.*res\.body/,
  },
  {
    name: 'parts of all fields',
    why: '`host_only` and its like of `res.hdrs` and `req.hdrs`, which are no hosts, end at another colon.',
    lines: /\.hdrs,[^ ]*(host|port)_only/,
  },
  {
    name: 'statuses of responses that checkcache keeps back',
    why: '`option checkcache` answers with 502; HAProxy with the page of the status that the response has, where there is such a page.',
    lines: /option checkcache/,
    sends: wants('cookieCached'),
  },
  {
    name: 'bodies that are waited for',
    why: 'A rule that waits for a body asks for it with 100 when it has not come; HAProxy does so also when it is there already, and keeps the expectation from the server.',
    sends: /^expect: 100-continue/im,
    lines: /wait-for-body|buffer-request|check_post|req\.body/,
  },
  {
    name: 'encoded bodies that are cut',
    why: 'What was compressed of a body that a server cut off is other bytes, as another library compresses.',
    shows: ({ haproxy, sluice }) => [haproxy, sluice].every((text) => /content-encoding: \w+\r[\s\S]*<cut>/.test(text)),
  },
  {
    name: 'bytes of responses to HEAD',
    why: '`%B` counts what was received; HAProxy 2.6 counts the body that is announced, too, where the connection to the server ends or a filter for compression waits for it.',
    sends: /^HEAD /m,
    shows: butForNumbers,
  },
  {
    name: 'early hints in front of an answer to a response',
    why: 'An answer that a rule on responses makes arrives behind early hints that were sent; HAProxy 2.6 closes the connection instead.',
    lines: /early-hint/,
  },
  {
    name: 'version of responses that were replaced',
    why: '`capture.res.ver` gives the version of the response that a server sent even when a rule has answered in its place.',
    lines: /capture\.res\.ver/,
  },
  {
    name: 'absolute targets without a path',
    why: 'A target such as `http://a.example` stays as it is when rules replace its path; HAProxy 2.6 sends an empty target.',
    sends: /^\w+ http:\/\/[^/ ]+ HTTP/m,
    lines: /(replace|set)-(path|uri|query)|normalize-uri/,
  },
  {
    name: 'several hosts in one field',
    why: 'A Host field with a comma in it is taken as a whole; HAProxy takes what is in front of the comma in redirections.',
    sends: /^host: .*,/im,
  },
  {
    name: 'another status for a 304',
    why: 'A response without a body that gets another status by a rule says `content-length: 0`; HAProxy 2.6 leaves a length that nothing follows.',
    sends: wants('s304', 's204', 's204length'),
    lines: /set-status/,
  },
  {
    name: 'rules of mode tcp on responses of HTTP',
    why: 'In mode http `tcp-response content` rules see the response, also without `tcp-response inspect-delay`; HAProxy 2.6 has decided them before it comes then.',
    lines: /^tcp-response content .*\bres\./,
  },
  {
    name: 'requests without a key on a ring',
    why: 'With `hash-type consistent` a request that has no key goes to the servers in turn, by weight; HAProxy goes along its ring, which is uneven.',
    lines: /^hash-type consistent/,
    shows: butForServers,
  },
  {
    name: 'the last server of a connection',
    why: '`option prefer-last-server` goes on with the server of the last request while a connection to it is there; HAProxy has given away some of those.',
    lines: /prefer-last-server/,
    shows: (difference) => butForServers(withoutCookies(difference)),
  },
  {
    name: 'tokens without a path',
    why: '`jwt_header_query` and `jwt_payload_query` without a path give the whole header or payload, as in later versions; HAProxy 2.6 gives nothing.',
    lines: /jwt_(header|payload)_query(?!\([^)])/,
  },
  {
    name: 'texts of answers in place of a response',
    why: 'The text that `http-response return` or `deny` makes may tell of the response in whose place it stands; HAProxy has thrown that away by then, so that nothing stands in the text for it.',
    lines: /^(http-response (return|deny)|http-error) .*lf-(string|file).*\[(res\.|scook|status|capture\.res)/,
  },
  {
    name: 'addresses of booleans',
    why: 'What has been calculated from a boolean is a number, and an address where one is asked for; in HAProxy such a number has no address.',
    lines:
      /[[', ](always_\w+|http_first_req|bool(\(\w+\))?|dst_is_local|http_auth\(users\)|req\.proto_http|res\.comp|res\.cache_hit|not|odd|even|fix_is_valid|secure_memcmp\([^)]*\))((,\w+(\([^)]*\))?)*),(ipmask|map_ip)/,
  },
  {
    name: 'bytes of booleans',
    why: 'What has been calculated from a boolean is a number, and its bytes are those of the number; in HAProxy they are those of 0 or 1.',
    lines:
      /[[', ](always_\w+|http_first_req|bool(\(\w+\))?|dst_is_local|http_auth\(users\)|req\.proto_http|res\.comp|res\.cache_hit|not|odd|even|fix_is_valid)(,\w+(\([^)]*\))?)*,(add|sub|mul|div|mod|and|or|xor|cpl|neg)\b[^' \]]*,(hex|be2hex|be2dec|base64|ub64enc|bytes|sha1|sha2|digest|hmac|crc32c?|djb2|sdbm|wt6|xxh\w+)/,
  },
  {
    name: 'attributes of cookies',
    why: '`res.cook` without a name has the values of cookies; in conditions HAProxy takes those of their attributes, such as `Path`, for more of them.',
    lines: /\{ ?'res\.cook[,' ]/,
  },
  {
    name: 'dates of failed verifications',
    why: '`jwt_verify` gives a negative number when it fails, and a date made of that is one before 1970; HAProxy 2.6 takes it for another number.',
    lines: /jwt_verify\([^)]*\),(utime|ltime|http_date)/,
  },
  {
    name: 'other methods in place of HEAD and CONNECT',
    why: 'When a rule makes another method of HEAD or CONNECT, the exchange is one of that method; HAProxy 2.6 waits for a body that does not come where it was HEAD, and for the end of the connection where it was CONNECT.',
    sends: /^(HEAD|CONNECT) /m,
    lines: /^http-request set-method/,
  },
  {
    name: 'methods that rules make of others',
    why: 'An ACL about methods knows one that a rule has put in the place of a method that HAProxy does not know by number, such as PATCH; HAProxy compares that with other such methods only.',
    sends: /^(?!(OPTIONS|GET|HEAD|POST|PUT|DELETE|TRACE|CONNECT) )\S+ \S+ (HTTP|h2)/m,
    lines: /^http-request set-method (GET|POST)/,
    shows: ({ scenario }) => scenario.lines.some((line) => /METH_|'method[,']/.test(line)),
  },
  {
    name: 'connections that failed with success',
    why: 'A connection that a client has ended behind its part of the handshake is no failure; HAProxy logs `Success` for some of them.',
    shows: ({ part, haproxy, sluice }) =>
      part === 'log' &&
      haproxy
        .split('\n')
        .filter((line) => !line.endsWith(': Success'))
        .join('\n') === sluice,
  },
  {
    name: 'counters of retries because of responses',
    why: 'What `retry-on` makes be sent again counts as one retry (`wretr`), over a connection that was opened or used again (`connect`, `reuse`) as it was; HAProxy counts two retries, and the kind of the first connection once more, also where the server has ended a kept connection, which needs no retry.',
    lines: /^retry-on /,
    shows: ({ part, haproxy, sluice }) => part === 'counters' && withoutRetries(haproxy) === withoutRetries(sluice),
  },
  {
    name: 'bytes of servers that a cookie names',
    why: 'A request that a rule of a backend answers counts for no server; HAProxy counts its bytes for the one that its cookie names.',
    lines: /^cookie /,
    shows: ({ part, scenario, haproxy, sluice }) =>
      part === 'counters' &&
      scenario.lines.some((line) => /^(?:http-request (?:deny|return|redirect|auth|tarpit)|redirect) /.test(line)) &&
      withoutServersIn(haproxy) === withoutServersIn(sluice),
  },
];

/** Counters without those of retries, and with connections that were opened and used again as one. */
const withoutRetries = (text: string): string =>
  text
    .replaceAll(/^(\S+\/s\d .* stot=)\d+/gm, '$1N')
    .replace(
      / wretr=\d+(.*?) connect=(\d+) reuse=(\d+)/g,
      (_, others: string, opened: string, reused: string) => `${others} connections=${Number(opened) + Number(reused)}`,
    );

/** Only numbers in log lines are not the same. */
/** Whether numbers in `text` are those of `other`, or one more, and the rest is the same. */
function isOneMore(text: string, other: string): boolean {
  const numbers = (of: string): number[] => [...of.matchAll(/\d+/g)].map(Number);
  const [ones, others] = [numbers(text), numbers(other)];
  return (
    text.replaceAll(/\d+/g, 'N') === other.replaceAll(/\d+/g, 'N') &&
    ones.every((one, at) => one === others[at] || one === others[at]! + 1)
  );
}

export function butForNumbers({ part, haproxy, sluice }: Difference): boolean {
  return part === 'log' && haproxy.replace(/\b\d+\b/g, 'N') === sluice.replace(/\b\d+\b/g, 'N');
}

/** Only which servers were chosen is not the same, and numbers in log lines, which may be the server's. */
function butForServers({ part, haproxy, sluice }: Difference): boolean {
  if (part === 'counters') return withoutServers(haproxy) === withoutServers(sluice);
  const same = part === 'log' ? /(\bs)?\d+/g : /\bs[123](?=c?\b)/g;
  return haproxy.replace(same, '') === sluice.replace(same, '');
}

/** Counters without those of servers, and of connections to them. */
const withoutServers = (text: string): string =>
  text.replace(/^\S+\/s\d .*\n/gm, '').replace(/ (wretr|connect|reuse)=\d+/g, '');

/** A difference without the cookies that tell clients their servers. */
function withoutCookies(difference: Difference): Difference {
  const without = (text: string): string => text.replace(/set-cookie: SRV=.*\r\n/g, '').replace(/ --N[NI] /g, ' ');
  return { ...difference, haproxy: without(difference.haproxy), sluice: without(difference.sluice) };
}

/** Log lines without the number of bytes of those that a rule or a filter ended behind the response. */
function withoutSizes(log: string): string {
  return log
    .split('\n')
    .map((line) => (/\b[PL]H/.test(line) ? line.replace(/\b\d+\b/g, 'N') : line))
    .join('\n');
}
