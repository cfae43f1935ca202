import { type Answer, decode, encode, RECURSION_DESIRED } from 'dns-packet';

/** What is asked for. */
export type QueryType = 'A' | 'AAAA' | 'SRV';

/** A question as it was sent: answers must repeat it. */
export interface Query {
  readonly id: number;
  readonly name: string;
  readonly type: QueryType;
  readonly bytes: Uint8Array;
}

/** A record that answers: an address, or a service with the address that came along, if one did. */
export type AnswerRecord =
  | { readonly type: 'A' | 'AAAA'; readonly address: string }
  | {
      readonly type: 'SRV';
      readonly target: string;
      readonly port: number;
      readonly weight: number;
      readonly address: string | null;
    };

/** Why an answer is none, by the counter of the name server that it goes into. */
export type AnswerError = 'invalid' | 'nx' | 'refused' | 'any_err' | 'cname_error' | 'truncated' | 'other';

export type ReadAnswer = { readonly records: readonly AnswerRecord[] } | { readonly error: AnswerError };

const HEADER = 12;
/** Type and class at the end of a question. */
const QUESTION_END = 4;
/** The shortest record: a root name, type, class, time to live, length. */
const MIN_RECORD = 11;

/** Whether a name can be asked for: labels of 1 to 63 bytes, 253 in all (RFC 1035 section 2.3.4). */
export function isQueryName(name: string): boolean {
  if (name.length === 0 || name.length > 253 || !/^[\x21-\x7e]+$/.test(name)) return false;
  return name.split('.').every((label) => label.length > 0 && label.length <= 63);
}

/** A recursive query with an EDNS record that offers `payloadSize` (RFC 6891). */
export function buildQuery(id: number, name: string, type: QueryType, payloadSize: number): Query {
  const bytes = encode({
    type: 'query',
    id,
    flags: RECURSION_DESIRED,
    questions: [{ type, name, class: 'IN' }],
    additionals: [{ type: 'OPT', name: '.', udpPayloadSize: payloadSize, flags: 0, options: [] } as unknown as Answer],
  });
  return { id, name, type, bytes };
}

/**
 * Reads the answer to a query, whose id was compared already. The work is bounded by the length of the message.
 * `payloadSize` bounds the number of records, as in HAProxy. `stray`: no response to this query at all, the real one may still come.
 */
export function readAnswer(bytes: Uint8Array, query: Query, payloadSize: number): ReadAnswer | 'stray' {
  if (bytes.length < HEADER) return 'stray';
  const flags = (bytes[2]! << 8) | bytes[3]!;
  const code = flags & 0x0f;
  const questions = (bytes[4]! << 8) | bytes[5]!;
  // A response (QR) to a standard query (opcode 0).
  if ((flags & 0x8000) === 0 || (flags & 0x7800) !== 0) return 'stray';
  // Servers that refuse or fail may leave the question out.
  const mayLackQuestion = code !== 0 && code !== 3;
  if (questions === 0 ? !mayLackQuestion : questions !== 1 || !repeatsQuestion(bytes, query)) return 'stray';
  if (code !== 0) return { error: code === 3 ? 'nx' : code === 5 ? 'refused' : 'other' };
  if ((flags & 0x0200) !== 0) return { error: 'truncated' };
  const answers = (bytes[6]! << 8) | bytes[7]!;
  if (answers === 0) return { error: 'any_err' };
  if (answers > Math.max(payloadSize, bytes.length) / MIN_RECORD) return { error: 'invalid' };
  try {
    const packet = decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    const records = packet.answers ?? [];
    return query.type === 'SRV' ? services(records, packet.additionals ?? []) : addresses(records, query);
  } catch {
    return { error: 'invalid' };
  }
}

/** The question of a message is that of the query, byte by byte but for the case of letters. */
function repeatsQuestion(bytes: Uint8Array, query: Query): boolean {
  const end = query.bytes.indexOf(0, HEADER) + 1 + QUESTION_END;
  if (bytes.length < end) return false;
  for (let i = HEADER; i < end; i++) if (lower(bytes[i]!) !== lower(query.bytes[i]!)) return false;
  return true;
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

/** The addresses at the end of the chain of names that starts with the question, in the order of the records (as HAProxy). */
function addresses(answers: readonly Answer[], query: Query): ReadAnswer {
  let name = query.name.toLowerCase();
  let first = true;
  let pending = false;
  const found: AnswerRecord[] = [];
  for (const answer of answers) {
    if ((answer.type !== 'A' && answer.type !== 'AAAA' && answer.type !== 'CNAME') || answer.class !== 'IN') continue;
    if (answer.name.toLowerCase() !== name) return { error: first ? 'invalid' : 'cname_error' };
    first = false;
    pending = answer.type === 'CNAME';
    if (answer.type === 'CNAME') name = answer.data.toLowerCase();
    else if (answer.type === query.type) found.push({ type: answer.type, address: answer.data });
  }
  if (pending) return { error: 'cname_error' };
  return found.length > 0 ? { records: found } : { error: 'other' };
}

/** The services, each with the first address that the additional records have for its target. */
function services(answers: readonly Answer[], additionals: readonly Answer[]): ReadAnswer {
  const known = new Map<string, string>();
  for (const record of additionals) {
    const name = record.name.toLowerCase();
    if ((record.type === 'A' || record.type === 'AAAA') && !known.has(name)) known.set(name, record.data);
  }
  const found: AnswerRecord[] = [];
  for (const answer of answers) {
    if (answer.type !== 'SRV' || answer.class !== 'IN') continue;
    const target = answer.data.target.toLowerCase();
    // The root as target says that there is no such service (RFC 2782).
    if (!isQueryName(target)) continue;
    found.push({
      type: 'SRV',
      target,
      port: answer.data.port,
      weight: answer.data.weight ?? 0,
      address: known.get(target) ?? null,
    });
  }
  return found.length > 0 ? { records: found } : { error: 'other' };
}
