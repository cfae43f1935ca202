/** Reason phrases of the statuses that a proxy answers by itself. */
const REASONS: Readonly<Record<number, string>> = {
  100: 'Continue',
  101: 'Switching Protocols',
  103: 'Early Hints',
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  203: 'Non-Authoritative Information',
  204: 'No Content',
  205: 'Reset Content',
  206: 'Partial Content',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  305: 'Use Proxy',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Time-out',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Request Entity Too Large',
  414: 'Request-URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Requested range unsatisfiable',
  417: 'Expectation failed',
  418: "I'm a teapot",
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  423: 'Locked',
  424: 'Method failure',
  425: 'Too Early',
  426: 'Upgrade Required',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  451: 'Unavailable For Legal Reasons',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway or Proxy Error',
  503: 'Service Unavailable',
  504: 'Gateway Time-out',
  505: 'HTTP Version not supported',
};

import type { Stream } from './stream.ts';

const FAMILIES = ['Informational', 'Success', 'Redirection', 'Client Error', 'Server Error'];

/** HAProxy's reason phrase of a status; one of its family, or 'Other', where the status has none. */
export function reasonOf(status: number): string {
  return REASONS[status] ?? FAMILIES[Math.floor(status / 100) - 1] ?? 'Other';
}

/** A response made by the proxy itself. */
export interface LocalResponse {
  /** 0: nothing is sent, the connection ends. */
  readonly status: number;
  /** Status that the log tells, where it is not that of the page. */
  readonly logged?: number;
  /** The connection ends behind it. */
  readonly closes?: boolean;
  /** It counts as an error of what the client's session tracks, behind the rules on it. */
  readonly counts?: boolean;
  /** 10 for a page that says so of itself, else 11. */
  readonly version?: number;
  /** Reason phrase, null = the usual one. */
  readonly reason: string | null;
  /** Lower-case names and values, in order; content-length included where there is a body. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string | Uint8Array;
  /** Makes it anew for each stream; what is here otherwise does not count then, but for the status. */
  readonly make?: (stream: Stream) => LocalResponse;
}

/** HAProxy's built-in pages: reason in the start line, title, sentence. */
const BUILT_IN: readonly (readonly [number, string, string, string])[] = [
  [200, 'OK', '200 OK', 'Service ready.'],
  [400, 'Bad request', '400 Bad request', 'Your browser sent an invalid request.'],
  [401, 'Unauthorized', '401 Unauthorized', 'You need a valid user and password to access this content.'],
  [403, 'Forbidden', '403 Forbidden', 'Request forbidden by administrative rules.'],
  [404, 'Not Found', '404 Not Found', 'The resource could not be found.'],
  [
    405,
    'Method Not Allowed',
    '405 Method Not Allowed',
    'A request was made of a resource using a request method not supported by that resource',
  ],
  [407, 'Unauthorized', '407 Unauthorized', 'You need a valid user and password to access this content.'],
  [408, 'Request Time-out', '408 Request Time-out', "Your browser didn't send a complete request in time."],
  [410, 'Gone', '410 Gone', 'The resource is no longer available and will not be available again.'],
  [413, 'Payload Too Large', '413 Payload Too Large', 'The request entity exceeds the maximum allowed.'],
  [414, 'URI Too Long', '414 URI Too Long', 'The request-target is too long.'],
  [421, 'Misdirected Request', '421 Misdirected Request', 'Request sent to a non-authoritative server.'],
  [422, 'Unprocessable Content', '422 Unprocessable Content', 'The server cannot process the contained instructions.'],
  [425, 'Too Early', '425 Too Early', 'Your browser sent early data.'],
  [429, 'Too Many Requests', '429 Too Many Requests', 'You have sent too many requests in a given amount of time.'],
  [
    431,
    'Request Header Fields Too Large',
    '431 Request Header Fields Too Large',
    'The request header fields are too large.',
  ],
  [500, 'Internal Server Error', '500 Internal Server Error', 'An internal server error occurred.'],
  [
    501,
    'Not Implemented',
    '501 Not Implemented',
    'The server does not support the functionality required to fulfill the request.',
  ],
  [502, 'Bad Gateway', '502 Bad Gateway', 'The server returned an invalid or incomplete response.'],
  [503, 'Service Unavailable', '503 Service Unavailable', 'No server is available to handle this request.'],
  [504, 'Gateway Time-out', '504 Gateway Time-out', "The server didn't respond in time."],
];

const builtIn = new Map<number, LocalResponse & { readonly body: string }>(
  BUILT_IN.map(([status, reason, title, text]) => {
    const body = `<html><body><h1>${title}</h1>\n${text}\n</body></html>\n`;
    const headers: [string, string][] = [
      ['content-length', String(body.length)],
      ['cache-control', 'no-cache'],
      ['content-type', 'text/html'],
    ];
    return [status, { status, reason, headers, body, closes: status === 400 || status === 408 }];
  }),
);

/** HAProxy's page for a request that could not be parsed: a whole message, which ends the connection. */
export function rawPage(status: number): string {
  const { reason, body } = builtIn.get(status) ?? builtIn.get(400)!;
  const close = status === 413 ? '' : 'Connection: close\r\n';
  return `HTTP/1.1 ${status} ${reason}\r\nContent-length: ${body.length}\r\nCache-Control: no-cache\r\n${close}Content-Type: text/html\r\n\r\n${body}`;
}

/** Statuses that HAProxy has a page for. */
export const errorStatuses: readonly number[] = [...builtIn.keys()];

/** The pages of a proxy: its own ones (`errorfile`, `http-errors`, `errorloc`), else its defaults', else the built-in ones. */
export class ErrorPages {
  readonly #own: ReadonlyMap<number, LocalResponse>;

  constructor(own: ReadonlyMap<number, LocalResponse> = new Map()) {
    this.#own = own;
  }

  /** The proxy's own page for `status`, null when it has none. */
  own(status: number): LocalResponse | null {
    return this.#own.get(status) ?? null;
  }

  has(status: number): boolean {
    return this.#own.has(status) || builtIn.has(status);
  }

  /** Page for `status`; statuses without one get that of 500 family's closest: 403 for 4xx, 500 else. */
  get(status: number): LocalResponse {
    return this.#own.get(status) ?? builtIn.get(status) ?? builtIn.get(status < 500 ? 403 : 500)!;
  }
}
