/** The first bytes of an HTTP/2 connection (RFC 9113, 3.4). */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** Headers that belong to HTTP/1 connections only (RFC 9113, 8.2.2). */
export const CONNECTION_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Field names are lower-case tokens, values have no controls (RFC 9113, 8.2.1). Blanks around values are none of theirs, as in HTTP/1:
 * they are taken off first, since clients send them.
 */
const BAD_NAME = /[^!#$%&'*+\-.^_`|~0-9a-z]/;
const BAD_VALUE = /[\x00\n\r]/;

/** A field that makes its message malformed. */
export function badField(name: string, value: string): boolean {
  return name === '' || BAD_NAME.test(name) || BAD_VALUE.test(value);
}

/** Fields that trailers may not have: what frames a message or says where it goes comes in front of its body (RFC 9110, 6.5.1). */
const NO_TRAILERS: ReadonlySet<string> = new Set(['content-length', 'host', 'te']);

/** Whether no trailer has this name. */
export const noTrailer = (name: string): boolean => CONNECTION_HEADERS.has(name) || NO_TRAILERS.has(name);

/** A field that makes the trailers that it is in malformed. */
export function badTrailer([name, value]: readonly [string, string]): boolean {
  return badField(name, value) || noTrailer(name);
}

/** Frame types (RFC 9113, section 6). */
export const Frame = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const Flag = { endStream: 0x01, ack: 0x01, endHeaders: 0x04, padded: 0x08, priority: 0x20 } as const;

/** Settings (RFC 9113, 6.5.2). */
export const Setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
  /** RFC 8441, 3. */
  enableConnectProtocol: 8,
} as const;

/** Error codes (RFC 9113, section 7). */
export const H2Error = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  connect: 10,
  enhanceYourCalm: 11,
  inadequateSecurity: 12,
  http11Required: 13,
} as const;

export const FRAME_HEADER = 9;
/** Largest frame until settings say otherwise: the least that RFC 9113, 4.2 allows. */
export const FRAME_MAX = 16_384;
/** Window of connections and streams until settings say otherwise. */
export const DEFAULT_WINDOW = 65_535;
export const WINDOW_MAX = 0x7fff_ffff;

/** Writes a frame header; returns the offset behind it. */
export function writeFrameHeader(
  out: Buffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  stream: number,
): number {
  out[at] = length >>> 16;
  out[at + 1] = length >>> 8;
  out[at + 2] = length;
  out[at + 3] = type;
  out[at + 4] = flags;
  writeInt(out, at + 5, stream);
  return at + FRAME_HEADER;
}

export function writeInt(out: Buffer, at: number, value: number): void {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
}

/** 31 bits: the highest bit is reserved. */
export function readInt31(buf: Uint8Array, at: number): number {
  return ((buf[at]! & 0x7f) << 24) | (buf[at + 1]! << 16) | (buf[at + 2]! << 8) | buf[at + 3]!;
}
