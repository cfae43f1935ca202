/** A block of a PEM text (RFC 7468). */
export interface PemBlock {
  /** `CERTIFICATE`, `PRIVATE KEY`, ... */
  readonly label: string;
  /** With its first and last line, and a line end behind. */
  readonly text: string;
}

const BEGIN = '-----BEGIN ';
const DASHES = '-----';

/** The blocks of a text, in order, up to one that has no end. What stands between them is left out. */
export function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  let from = text.indexOf(BEGIN);
  while (from >= 0) {
    const labelEnd = text.indexOf(DASHES, from + BEGIN.length);
    if (labelEnd < 0) break;
    const label = text.slice(from + BEGIN.length, labelEnd);
    if (!/^[A-Z0-9 ]{1,64}$/.test(label)) {
      from = text.indexOf(BEGIN, from + BEGIN.length);
      continue;
    }
    const last = `-----END ${label}-----`;
    const end = text.indexOf(last, labelEnd);
    if (end < 0) break;
    blocks.push({ label, text: `${text.slice(from, end + last.length)}\n` });
    from = text.indexOf(BEGIN, end);
  }
  return blocks;
}

/** The bytes of a block: what its base64 lines say. */
export function derOf(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----(BEGIN|END) [A-Z0-9 ]+-----/g, ''), 'base64');
}

const CERTIFICATES = ['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE'];

export function isCertificate({ label }: PemBlock): boolean {
  return CERTIFICATES.includes(label);
}

export function isPrivateKey({ label }: PemBlock): boolean {
  return /^((RSA|EC|DSA|ENCRYPTED) )?PRIVATE KEY$/.test(label);
}

/** It can be read with a pass phrase only. */
export function isEncrypted({ label, text }: PemBlock): boolean {
  return label === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type: 4,ENCRYPTED/m.test(text);
}
