/**
 * The first message of a TLS client (RFC 8446, section 4.1.2; RFC 5246, 7.4.1.2), read before the library sees it: what a server must
 * know to choose certificate, versions and session.
 */

const RECORD_HEADER = 5;
const MESSAGE_HEADER = 4;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const GREASE_MASK = 0x0f0f;
const GREASE = 0x0a0a;
/** A hello that is larger is left to the library. */
const HELLO_MAX = 65_536;

/** Numbers of extensions. */
const Extension = {
  serverName: 0,
  statusRequest: 5,
  groups: 10,
  pointFormats: 11,
  signatureAlgorithms: 13,
  alpn: 16,
  ticket: 35,
  preSharedKey: 41,
  versions: 43,
} as const;

/** A ClientHello. Its bytes are those it was read from: they must stay as they are. */
export class ClientHello {
  /** From the version on. */
  readonly body: Buffer;
  /** Version in the hello itself: 0x0303 in TLS 1.2 and 1.3. */
  readonly legacyVersion: number;
  readonly sessionId: Buffer;
  /** Two bytes each. */
  readonly ciphers: Buffer;
  /** Numbers of the extensions, in order. */
  readonly extensions: readonly number[];
  /** Name asked for, in small letters; '' for none. */
  readonly serverName: string;
  /** Protocols on offer (RFC 7301), each with its length in front; null without the extension. */
  readonly alpn: Buffer | null;
  /** A staple is asked for. */
  readonly wantsOcsp: boolean;
  /** The client can keep tickets (TLS 1.2). */
  readonly takesTickets: boolean;
  /** The first session of TLS 1.3 that the client offers to resume: a ticket, or what names the session; empty for none. */
  readonly preSharedKey: Buffer;
  /** Versions on offer beside `legacyVersion` (supported_versions), two bytes each; null without the extension. */
  readonly versions: Buffer | null;
  readonly groups: Buffer | null;
  readonly pointFormats: Buffer | null;
  readonly signatureAlgorithms: Buffer | null;

  /** Throws a RangeError for a malformed message. */
  constructor(body: Buffer) {
    this.body = body;
    this.legacyVersion = body.readUInt16BE(0);
    let at = 34;
    this.sessionId = vector(body, at, 1, body.length);
    at += 1 + this.sessionId.length;
    this.ciphers = vector(body, at, 2, body.length);
    at += 2 + this.ciphers.length;
    at += 1 + vector(body, at, 1, body.length).length;
    const extensions: number[] = [];
    let serverName = '';
    let alpn: Buffer | null = null;
    let wantsOcsp = false;
    let takesTickets = false;
    let preSharedKey = body.subarray(0, 0);
    let versions: Buffer | null = null;
    let groups: Buffer | null = null;
    let pointFormats: Buffer | null = null;
    let signatureAlgorithms: Buffer | null = null;
    const end = at === body.length ? at : at + 2 + vector(body, at, 2, body.length).length;
    for (at += 2; at < end; ) {
      const type = body.readUInt16BE(at);
      const content = vector(body, at + 2, 2, end);
      at += 4 + content.length;
      extensions.push(type);
      if (type === Extension.serverName) serverName = hostName(content);
      else if (type === Extension.alpn) alpn = vector(content, 0, 2, content.length);
      else if (type === Extension.statusRequest) wantsOcsp = content[0] === 1;
      else if (type === Extension.ticket) takesTickets = true;
      else if (type === Extension.preSharedKey) preSharedKey = firstIdentity(content);
      else if (type === Extension.versions) versions = vector(content, 0, 1, content.length);
      else if (type === Extension.groups) groups = vector(content, 0, 2, content.length);
      else if (type === Extension.pointFormats) pointFormats = vector(content, 0, 1, content.length);
      else if (type === Extension.signatureAlgorithms) signatureAlgorithms = vector(content, 0, 2, content.length);
    }
    this.extensions = extensions;
    this.serverName = serverName;
    this.alpn = alpn;
    this.wantsOcsp = wantsOcsp;
    this.takesTickets = takesTickets;
    this.preSharedKey = preSharedKey;
    this.versions = versions;
    this.groups = groups;
    this.pointFormats = pointFormats;
    this.signatureAlgorithms = signatureAlgorithms;
  }

  get random(): Buffer {
    return this.body.subarray(2, 34);
  }

  /** The newest version on offer, as on the wire (0x0304: TLS 1.3). */
  get newestVersion(): number {
    let newest = 0;
    for (let at = 0; this.versions !== null && at + 2 <= this.versions.length; at += 2) {
      const version = this.versions.readUInt16BE(at);
      if (!isGrease(version) && version <= 0x0304 && version > newest) newest = version;
    }
    return newest === 0 ? this.legacyVersion : newest;
  }

  /** `protocol` is on offer. */
  offersAlpn(protocol: string): boolean {
    const { alpn } = this;
    for (let at = 0; alpn !== null && at < alpn.length; at += 1 + alpn[at]!) {
      const name = alpn.subarray(at + 1, at + 1 + alpn[at]!);
      if (name.length === protocol.length && name.latin1Slice() === protocol) return true;
    }
    return false;
  }
}

/** A number that clients send to see that it is ignored (RFC 8701). */
function isGrease(number: number): boolean {
  return (number & GREASE_MASK) === GREASE && number >> 8 === (number & 0xff);
}

/** The content of a vector whose length stands in `size` bytes at `at`; it must end by `limit`. */
function vector(bytes: Buffer, at: number, size: number, limit: number): Buffer {
  const start = at + size;
  if (start > limit) throw new RangeError('a ClientHello is cut off');
  const end = start + bytes.readUIntBE(at, size);
  if (end > limit) throw new RangeError('a ClientHello is cut off');
  return bytes.subarray(start, end);
}

/** The first identity of a pre_shared_key extension (RFC 8446, section 4.2.11). */
function firstIdentity(content: Buffer): Buffer {
  const list = vector(content, 0, 2, content.length);
  return vector(list, 0, 2, list.length);
}

/** The host name of a server_name extension (RFC 6066, section 3). */
function hostName(content: Buffer): string {
  const list = vector(content, 0, 2, content.length);
  for (let at = 0; at + 3 <= list.length; ) {
    const name = vector(list, at + 1, 2, list.length);
    if (list[at] === 0) return name.latin1Slice();
    at += 3 + name.length;
  }
  return '';
}

/**
 * Reads the ClientHello that `bytes` begin with, whatever follows it. `more`: it is not whole yet. `other`: something else, or malformed.
 */
export function readClientHello(bytes: Buffer): ClientHello | 'more' | 'other' {
  if (bytes.length > 0 && bytes[0] !== HANDSHAKE) return 'other';
  if (bytes.length > 1 && bytes[1] !== 3) return 'other';
  if (bytes.length > RECORD_HEADER && bytes[RECORD_HEADER] !== CLIENT_HELLO) return 'other';
  const messages = messagesIn(bytes);
  if (messages === null) return 'other';
  if (messages.length < MESSAGE_HEADER) return 'more';
  const length = MESSAGE_HEADER + messages.readUIntBE(1, 3);
  if (length > HELLO_MAX) return 'other';
  if (messages.length < length) return 'more';
  try {
    return new ClientHello(messages.subarray(MESSAGE_HEADER, length));
  } catch {
    return 'other';
  }
}

/** What there is so far of handshake messages, which may be spread over records; null when something else is between them. */
function messagesIn(bytes: Buffer): Buffer | null {
  const parts: Buffer[] = [];
  for (let at = 0; at + RECORD_HEADER <= bytes.length; ) {
    const size = bytes.readUInt16BE(at + 3);
    if (bytes[at] !== HANDSHAKE || size === 0) return null;
    parts.push(bytes.subarray(at + RECORD_HEADER, at + RECORD_HEADER + size));
    if (parts.length === 1 && isWhole(parts[0]!)) return parts[0]!;
    at += RECORD_HEADER + size;
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

function isWhole(message: Buffer): boolean {
  return message.length >= MESSAGE_HEADER && message.length >= MESSAGE_HEADER + message.readUIntBE(1, 3);
}
