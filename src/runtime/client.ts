import net from 'node:net';

/** Where a Runtime API is reached: the path of a Unix socket, or `host:port`. */
export type RuntimeAddress = { readonly path: string } | { readonly host: string; readonly port: number };

export interface ClientOptions {
  /** Longest time for one command, ms; default 30,000. */
  readonly timeout?: number;
  /** Most bytes of an answer; default 256 MB. */
  readonly limit?: number;
  /** The socket is a master CLI: commands go to its current worker (`@1`). */
  readonly master?: boolean;
}

/** An answer with what HAProxy says of its severity. */
export interface RuntimeAnswer {
  /** Syslog number: 3 error, 4 warning, 5 notice, 6 info; null for dumps and for success without a word. */
  readonly severity: number | null;
  /** Without the empty line that ends it. */
  readonly text: string;
}

/** Why no answer came. `code`: errno name, `TIMEOUT`, `TOO_LONG` or `CLOSED`. */
export class RuntimeClientError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_LIMIT = 256 * 1024 * 1024;

/**
 * Sends one command on a connection of its own and resolves with the answer. `payload`: lines for commands that take some; it may
 * hold empty lines. Rejects with a RuntimeClientError when no whole answer comes; what the program refuses is an answer.
 */
export async function runtimeCommand(
  address: RuntimeAddress,
  words: readonly string[],
  payload: string | null = null,
  options: ClientOptions = {},
): Promise<RuntimeAnswer> {
  const text = await exchange(address, request(words, payload, options.master ?? false), options);
  return parseAnswer(text);
}

/**
 * The bytes of a request. A master keeps connections open, so there it says `quit` at the end. `@@1` is not used: it needs HAProxy 3.2.
 */
function request(words: readonly string[], payload: string | null, master: boolean): string {
  const command = words.map(quote).join(' ');
  const prefix = master ? 'set severity-output number;@1 ' : 'set severity-output number;';
  if (payload === null) return `${prefix}${command}${master ? ';quit' : ''}\n`;
  const lines = payload.replace(/\n+$/, '');
  const end = terminator(lines);
  return `${prefix}${command} <<${end}\n${lines}\n${end}\n${master ? 'quit\n' : ''}`;
}

/** A word that splits back to itself. Throws on what no command line can hold. */
function quote(word: string): string {
  if (word === '' || /[\n\r\0]/.test(word))
    throw new RuntimeClientError(
      'EINVAL',
      `a word of a command may not be empty or hold line ends: ${JSON.stringify(word)}`,
    );
  // A word that begins with `<<` would announce a payload.
  return word.replace(/[\\ \t;]|^</g, '\\$&');
}

/** `` when no line of the payload is empty (any version takes that), else a word that no line equals (HAProxy 2.9 and later). */
function terminator(lines: string): string {
  if (!/^\r?$/m.test(lines)) return '';
  for (let i = 0; ; i++) {
    const word = `EOF${i}`;
    if (!lines.split(/\r?\n/).includes(word)) return word;
  }
}

/** Takes `[3]: ` and the empty line at the end off; the answer to `set severity-output` before it is an empty line. */
function parseAnswer(text: string): RuntimeAnswer {
  const body = text.replace(/^\n/, '').replace(/\n$/, '');
  const match = /^\[([0-7])\]: /.exec(body);
  const rest = match ? body.slice(match[0].length) : body;
  return { severity: match ? Number(match[1]) : null, text: rest.replace(/\n$/, '') };
}

/** Sends all, reads until the program closes. */
function exchange(address: RuntimeAddress, data: string, options: ClientOptions): Promise<string> {
  const timeout = options.timeout ?? DEFAULT_TIMEOUT_MS;
  const limit = options.limit ?? DEFAULT_LIMIT;
  const name = 'path' in address ? address.path : `${address.host}:${address.port}`;
  return new Promise((resolve, reject) => {
    const socket = net.connect(address);
    const chunks: Buffer[] = [];
    let length = 0;
    const fail = (code: string, why: string) => {
      clearTimeout(timer);
      socket.destroy();
      reject(new RuntimeClientError(code, `${why}: ${name}`));
    };
    const timer = setTimeout(() => fail('TIMEOUT', `no answer within ${timeout} ms`), timeout);
    socket.on('connect', () => socket.write(data));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > limit) fail('TOO_LONG', `answer of more than ${limit} bytes`);
    });
    socket.on('error', (problem: NodeJS.ErrnoException) =>
      fail(problem.code ?? 'CLOSED', problem.code === 'ENOENT' ? 'no such socket' : (problem.code ?? problem.message)),
    );
    socket.on('end', () => {
      clearTimeout(timer);
      socket.end();
      if (length === 0) reject(new RuntimeClientError('CLOSED', `closed without an answer: ${name}`));
      else resolve(Buffer.concat(chunks).toString());
    });
  });
}
