/** A value of ASN.1 in DER (X.690): where it is in the bytes that it stands in. */
export interface Der {
  /** The first byte: class, constructed or not, number. */
  readonly tag: number;
  /** With tag and length. */
  readonly raw: Buffer;
  /** Without. */
  readonly content: Buffer;
}

/** Tags that OCSP, X.509 and PKCS #10 use. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Explicit or constructed tag `[n]`. */
export const context = (n: number): number => 0xa0 | n;

/** Longest value that is read: no certificate or response comes near. */
const LONGEST = 0x00ff_ffff;

/** What is wrong with the bytes. */
export class DerError extends Error {}

/** The value that begins at `at`. Throws DerError where the bytes end before it does. */
export function readDer(bytes: Buffer, at = 0): Der {
  const tag = bytes[at];
  let length = bytes[at + 1];
  if (tag === undefined || length === undefined || (tag & 0x1f) === 0x1f) throw new DerError('not DER');
  let start = at + 2;
  if (length >= 0x80) {
    const size = length & 0x7f;
    if (size === 0 || size > 3 || start + size > bytes.length) throw new DerError('not DER');
    length = bytes.readUIntBE(start, size);
    start += size;
  }
  const end = start + length;
  if (length > LONGEST || end > bytes.length) throw new DerError('cut off');
  return { tag, raw: bytes.subarray(at, end), content: bytes.subarray(start, end) };
}

/** The values inside of a constructed one. Throws DerError. */
export function children({ content }: Der): Der[] {
  const found: Der[] = [];
  for (let at = 0; at < content.length; ) {
    const one = readDer(content, at);
    found.push(one);
    at += one.raw.length;
  }
  return found;
}

/** A constructed value with this tag, else DerError. */
export function expectDer(value: Der | undefined, tag: number): Der {
  if (value === undefined || value.tag !== tag) throw new DerError('not what was expected');
  return value;
}

/** A value of these bytes. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const bytes =
    length < 0x100
      ? [length]
      : length < 0x1_0000
        ? [length >> 8, length & 0xff]
        : [length >> 16, (length >> 8) & 0xff, length & 0xff];
  return Buffer.concat([Buffer.from([tag, 0x80 | bytes.length, ...bytes]), content]);
}

/** An object identifier, from its numbers in dots (X.690, section 8.19). */
export function derOid(dots: string): Buffer {
  const [first, second, ...rest] = dots.split('.').map(Number);
  const bytes = [first! * 40 + second!, ...rest].flatMap((number) => {
    const groups = [number & 0x7f];
    for (let left = number >>> 7; left > 0; left >>>= 7) groups.unshift(0x80 | (left & 0x7f));
    return groups;
  });
  return der(TAG.oid, Buffer.from(bytes));
}

/** An object identifier in dots. */
export function oidOf({ content }: Der): string {
  const numbers: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    numbers.push(value);
    value = 0;
  }
  const first = Math.min(2, Math.floor((numbers[0] ?? 0) / 40));
  return [first, (numbers[0] ?? 0) - first * 40, ...numbers.slice(1)].join('.');
}

/** A GeneralizedTime or UTCTime, ms since the epoch. Throws DerError. */
export function dateOf({ tag, content }: Der): number {
  const text = content.latin1Slice();
  const match =
    tag === TAG.generalizedTime
      ? /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.\d+)?Z$/.exec(text)
      : /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) throw new DerError('not a date');
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const full = tag === TAG.generalizedTime ? year : year + (year < 50 ? 2000 : 1900);
  return Date.UTC(full, month - 1, day, hour, minute, second);
}

/** What OCSP needs of a certificate (RFC 5280, section 4.1). Throws DerError. */
export function certificateParts(certificate: Buffer): {
  readonly serial: Buffer;
  readonly issuer: Buffer;
  readonly subject: Buffer;
  /** The bits of subjectPublicKey. */
  readonly key: Buffer;
} {
  const tbs = expectDer(children(expectDer(readDer(certificate), TAG.sequence))[0], TAG.sequence);
  const fields = children(tbs);
  const [serial, , issuer, , subject, info] = fields[0]?.tag === context(0) ? fields.slice(1) : fields;
  const bits = expectDer(children(expectDer(info, TAG.sequence))[1], TAG.bitString);
  return {
    serial: expectDer(serial, TAG.integer).content,
    issuer: expectDer(issuer, TAG.sequence).raw,
    subject: expectDer(subject, TAG.sequence).raw,
    key: bits.content.subarray(1),
  };
}
