/** One HTTP/1 message read off the front of a text; null while it is incomplete. Written for tests: lenient, slow, of its own. */
export interface Message {
  readonly first: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** Characters it takes. */
  readonly size: number;
}

/** `bodiless`: the head is all. `closed`: nothing more will come, which ends a body without a length. */
export function readMessage(text: string, bodiless: boolean, closed: boolean): Message | null {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [first, ...lines] = text.slice(0, end).split('\r\n');
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const start = end + 4;
  const message = (body: string, size: number) => ({ first: first!, headers, body, size });
  const request = !first!.startsWith('HTTP/');
  if (bodiless || /^HTTP\/1.. (1..|204|304)/.test(first!)) return message('', start);
  if (headers.get('transfer-encoding') === 'chunked') return chunked(text, start, message);
  const length = headers.get('content-length');
  if (length === undefined)
    return request ? message('', start) : closed ? message(text.slice(start), text.length) : null;
  const body = text.slice(start, start + Number(length));
  return body.length === Number(length) ? message(body, start + body.length) : null;
}

function chunked(text: string, start: number, message: (body: string, size: number) => Message): Message | null {
  let body = '';
  for (let pos = start; ; ) {
    const eol = text.indexOf('\r\n', pos);
    if (eol < 0) return null;
    const line = text.slice(pos, eol);
    if (!/^[0-9a-f]+$/i.test(line)) throw new Error(`no chunk size: ${JSON.stringify(line.slice(0, 80))}`);
    const size = Number.parseInt(line, 16);
    pos = eol + 2;
    if (size === 0)
      return text.startsWith('\r\n', pos) ? message(body, pos + 2) : text.length < pos + 2 ? null : fail(text, pos);
    if (text.length < pos + size + 2) return null;
    body += text.slice(pos, pos + size);
    if (text.slice(pos + size, pos + size + 2) !== '\r\n') fail(text, pos + size);
    pos += size + 2;
  }
}

function fail(text: string, pos: number): never {
  throw new Error(`broken chunk at ${pos}: ${JSON.stringify(text.slice(Math.max(0, pos - 40), pos + 40))}`);
}

/** A body that tells where in it each byte belongs, and whose it is. */
export function pattern(id: number, size: number): string {
  const unit = `<${id}:abcdefghijklmnopqrstuvwxyz0123456789>`;
  let text = '';
  for (let i = 0; text.length < size; i++) text += `${i}${unit}`;
  return text.slice(0, size);
}

/** The same bytes, framed as chunks of sizes that `random` gives. */
export function asChunks(body: string, random: () => number): string {
  let text = '';
  for (let pos = 0; pos < body.length; ) {
    const size = Math.min(body.length - pos, 1 + Math.floor(random() * random() * 5000));
    text += `${size.toString(16)}${random() < 0.1 ? ';ext=1' : ''}\r\n${body.slice(pos, pos + size)}\r\n`;
    pos += size;
  }
  return `${text}0\r\n\r\n`;
}
