import { createHash, X509Certificate } from 'node:crypto';
import type { CertificateFacts, NameFacts } from '../../expr/types.ts';
import { children, context, type Der, DerError, oidOf, readDer, TAG } from '../../model/certificates/der.ts';
import { CURVE_BITS, EC_KEY, KEY_ALGORITHMS, NAME_ATTRIBUTES, RSA_KEY, SIGNATURE_ALGORITHMS } from './oids.ts';

/** What goes before the escape of RFC 2253, section 2.4. */
const ESCAPED = /[,+"\\<>;]/g;

/** A distinguished name in DER. */
class Name implements NameFacts {
  /** Attributes with their values; which of them share a place (multi-valued) is told by `set`. */
  readonly #entries: readonly { readonly attribute: string; readonly value: string; readonly set: number }[];

  constructor(name: Der) {
    this.#entries = children(name).flatMap((one, set) =>
      children(one).map((pair) => {
        const [oid, value] = children(pair) as [Der, Der];
        const number = oidOf(oid);
        return { attribute: NAME_ATTRIBUTES[number] ?? number, value: value.content.latin1Slice(), set };
      }),
    );
  }

  text(format: 'oneline' | 'rfc2253'): string {
    if (format === 'oneline') return this.#entries.map(({ attribute, value }) => `/${attribute}=${value}`).join('');
    const sets: string[] = [];
    for (const { attribute, value, set } of this.#entries) {
      const pair = `${attribute}=${escaped(value)}`;
      sets[set] = sets[set] === undefined ? pair : `${pair}+${sets[set]}`;
    }
    return sets.reverse().join(',');
  }

  entry(attribute: string, occurrence: number): string | undefined {
    const wanted = attribute.toLowerCase();
    const values = this.#entries.filter((entry) => entry.attribute.toLowerCase() === wanted);
    return values.at(occurrence > 0 ? occurrence - 1 : occurrence)?.value;
  }
}

function escaped(value: string): string {
  return value
    .replace(ESCAPED, '\\$&')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ')
    .replace(/[\x00-\x1f\x7f]/g, (char) => `\\${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

const NOTHING: NameFacts = { text: () => '', entry: () => undefined };

/** Facts of a certificate, read when they are asked for. One that cannot be read has none. */
export class Certificate implements CertificateFacts {
  readonly #der: Buffer;
  #fields: readonly Der[] | null = null;

  constructor(der: Buffer) {
    this.#der = der;
  }

  /** serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, ... (RFC 5280, section 4.1); none of a broken one. */
  #field(index: number): Der | undefined {
    if (this.#fields === null) {
      try {
        const fields = children(children(readDer(this.#der))[0]!);
        this.#fields = fields[0]?.tag === context(0) ? fields : [readDer(Buffer.from([0xa0, 3, 2, 1, 0])), ...fields];
      } catch (error) {
        if (!(error instanceof DerError)) throw error;
        this.#fields = [];
      }
    }
    return this.#fields[index];
  }

  get der(): string {
    return this.#der.latin1Slice();
  }

  get version(): number {
    const number = this.#field(0)?.content;
    return number === undefined ? 0 : (number[2] ?? 0) + 1;
  }

  get serial(): string {
    const bytes = this.#field(1)?.content ?? Buffer.alloc(0);
    return bytes.subarray(bytes.length > 1 && bytes[0] === 0 ? 1 : 0).latin1Slice();
  }

  get signatureAlgorithm(): string {
    return algorithm(this.#field(2), SIGNATURE_ALGORITHMS);
  }

  get keyAlgorithm(): string {
    const info = this.#field(6);
    return info === undefined ? '' : algorithm(children(info)[0], KEY_ALGORITHMS);
  }

  /** Kind and length of the key as the PROXY protocol tells it (`RSA2048`, `EC256`); '' for other kinds. */
  get keyKind(): string {
    const info = this.#field(6);
    if (info === undefined) return '';
    const [identifier, key] = children(info) as [Der, Der];
    const [oid, parameters] = children(identifier) as [Der, Der?];
    if (oidOf(oid) === EC_KEY && parameters?.tag === TAG.oid) {
      const bits = CURVE_BITS[oidOf(parameters)];
      return bits === undefined ? '' : `EC${bits}`;
    }
    if (oidOf(oid) !== RSA_KEY) return '';
    // Behind the number of unused bits: modulus and exponent.
    const [modulus] = children(readDer(key.content, 1)) as [Der];
    const at = modulus.content.findIndex((byte) => byte !== 0);
    const bits = at < 0 ? 0 : (modulus.content.length - at) * 8 - Math.clz32(modulus.content[at]!) + 24;
    return `RSA${bits}`;
  }

  get issuer(): NameFacts {
    return nameOf(this.#field(3));
  }

  get subject(): NameFacts {
    return nameOf(this.#field(5));
  }

  get notBefore(): string {
    return this.#date(0);
  }

  get notAfter(): string {
    return this.#date(1);
  }

  /** Both forms in the shorter one. */
  #date(index: number): string {
    const validity = this.#field(4);
    const date = validity === undefined ? undefined : children(validity)[index];
    if (date === undefined) return '';
    const text = date.content.latin1Slice();
    return text.length > 13 ? text.slice(2) : text;
  }

  get sha1(): string {
    return createHash('sha1').update(this.#der).digest('latin1');
  }

  get alternativeNames(): string {
    return new X509Certificate(this.#der).subjectAltName ?? '';
  }
}

function nameOf(name: Der | undefined): NameFacts {
  return name === undefined ? NOTHING : new Name(name);
}

/** OpenSSL's short name of an AlgorithmIdentifier. */
function algorithm(identifier: Der | undefined, names: Readonly<Record<string, string>>): string {
  const oid = identifier === undefined ? undefined : children(identifier)[0];
  if (oid === undefined) return '';
  const number = oidOf(oid);
  return names[number] ?? number;
}
