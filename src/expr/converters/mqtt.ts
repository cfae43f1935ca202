/** CONNECT and CONNACK packets of MQTT 3.1, 3.1.1 and 5.0 (docs.oasis-open.org/mqtt/mqtt/v5.0, sections 3.1 and 3.2). */

export const MQTT_CONNECT = 1;
export const MQTT_CONNACK = 2;

const FLAG = { will: 4, willOptions: 0b111000, password: 64, username: 128 } as const;

/** A packet: the values of its fields by name, and of its properties by number. */
interface MqttPacket {
  readonly type: number;
  readonly fields: ReadonlyMap<string, string>;
  readonly properties: ReadonlyMap<number, string>;
}

/** Encodings of properties. */
type PropertyKind = 'byte' | 'word' | 'long' | 'varint' | 'text' | 'pair';

const PROPERTIES: Readonly<Record<number, PropertyKind>> = {
  1: 'byte',
  2: 'long',
  3: 'text',
  8: 'text',
  9: 'text',
  11: 'varint',
  17: 'long',
  18: 'text',
  19: 'word',
  21: 'text',
  22: 'text',
  23: 'byte',
  24: 'long',
  25: 'byte',
  26: 'text',
  28: 'text',
  31: 'text',
  33: 'word',
  34: 'word',
  36: 'byte',
  37: 'byte',
  38: 'pair',
  39: 'long',
  40: 'byte',
  41: 'byte',
  42: 'byte',
};

/** Properties of the message that is left behind, which are there only with one. */
const WILL_PROPERTIES: ReadonlySet<number> = new Set([1, 2, 24]);

const CONNECT_FIELDS = [
  'flags',
  'protocol_name',
  'protocol_version',
  'client_identifier',
  'will_topic',
  'will_payload',
  'username',
  'password',
  'keepalive',
];
const CONNACK_FIELDS = ['flags', 'protocol_version', 'reason_code'];

class Malformed extends Error {}

/** Reads a packet piece by piece. */
class Reader {
  readonly #bytes: string;
  #at = 0;
  #end: number;

  constructor(bytes: string) {
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  take(length: number): string {
    if (length > this.left) throw new Malformed();
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }

  number(size: number): number {
    let value = 0;
    for (const char of this.take(size)) value = value * 256 + char.charCodeAt(0);
    return value;
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.number(1);
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw new Malformed();
  }

  text(): string {
    return this.take(this.number(2));
  }

  /** Ends here: the rest belongs to something else. */
  limit(length: number): void {
    if (length > this.left) throw new Malformed();
    this.#end = this.#at + length;
  }
}

function readProperties(reader: Reader, properties: Map<number, string>): void {
  const inner = new Reader(reader.take(reader.varint()));
  while (inner.left > 0) {
    const id = inner.varint();
    switch (PROPERTIES[id]) {
      case 'byte':
        properties.set(id, String(inner.number(1)));
        break;
      case 'word':
        properties.set(id, String(inner.number(2)));
        break;
      case 'long':
        properties.set(id, String(inner.number(4)));
        break;
      case 'varint':
        properties.set(id, String(inner.varint()));
        break;
      case 'text':
        properties.set(id, inner.text());
        break;
      case 'pair':
        inner.text();
        inner.text();
        break;
      default:
        throw new Malformed();
    }
  }
}

function readConnect(reader: Reader, fields: Map<string, string>, properties: Map<number, string>): void {
  const name = reader.text();
  const version = reader.number(1);
  if (!(name === 'MQIsdp' && version === 3) && !(name === 'MQTT' && (version === 4 || version === 5))) {
    throw new Malformed();
  }
  const flags = reader.number(1);
  if ((flags & 1) !== 0 || ((flags & FLAG.will) === 0 && (flags & FLAG.willOptions) !== 0)) throw new Malformed();
  fields.set('protocol_name', name);
  fields.set('protocol_version', String(version));
  fields.set('flags', String(flags));
  fields.set('keepalive', String(reader.number(2)));
  if (version === 5) readProperties(reader, properties);
  fields.set('client_identifier', reader.text());
  if (flags & FLAG.will) {
    if (version === 5) readProperties(reader, properties);
    fields.set('will_topic', reader.text());
    fields.set('will_payload', reader.text());
  }
  if (flags & FLAG.username) fields.set('username', reader.text());
  if (flags & FLAG.password) fields.set('password', reader.text());
}

function readConnack(reader: Reader, fields: Map<string, string>, properties: Map<number, string>): void {
  const flags = reader.number(1);
  if (flags > 1) throw new Malformed();
  fields.set('flags', String(flags));
  fields.set('reason_code', String(reader.number(1)));
  // Only version 5 has properties, even if none are given.
  fields.set('protocol_version', reader.left > 0 ? '5' : '4');
  if (reader.left > 0) readProperties(reader, properties);
}

/** Whether all of the packet that bytes begin with is there, as far as its length tells, or enough to see that it is none of the two. */
export function mqttIsWhole(bytes: string): boolean {
  let length = 0;
  if (bytes.length > 1 && bytes[0] !== '\x10' && bytes[0] !== '\x20') return true;
  for (let at = 1; at <= 4; at++) {
    const byte = bytes.charCodeAt(at);
    if (Number.isNaN(byte)) return false;
    length += (byte & 127) * 2 ** (7 * (at - 1));
    if (byte < 128) return bytes.length > at + length;
  }
  return true;
}

let lastBytes = '';
let lastPacket: MqttPacket | null = null;

/** The CONNECT or CONNACK packet that bytes begin with, or null when they do not, or not wholly. */
export function parseMqtt(bytes: string): MqttPacket | null {
  // Several fields are usually asked of one packet.
  if (bytes === lastBytes) return lastPacket;
  lastBytes = bytes;
  lastPacket = readPacket(bytes);
  return lastPacket;
}

function readPacket(bytes: string): MqttPacket | null {
  const reader = new Reader(bytes);
  const fields = new Map<string, string>();
  const properties = new Map<number, string>();
  try {
    const first = reader.number(1);
    const length = reader.varint();
    const type = first >> 4;
    // Nothing comes at once behind a CONNACK of the versions before 5.
    if (type === MQTT_CONNACK && length === 2 && reader.left > 2) return null;
    reader.limit(length);
    if ((first & 15) !== 0) return null;
    if (type === MQTT_CONNECT) readConnect(reader, fields, properties);
    else if (type === MQTT_CONNACK) readConnack(reader, fields, properties);
    else return null;
    return reader.left === 0 ? { type, fields, properties } : null;
  } catch (problem) {
    if (problem instanceof Malformed) return null;
    throw problem;
  }
}

/** Reader of a field or property (by number) of a packet type, or null when there is none of that name. */
export function mqttField(type: number, name: string): ((packet: MqttPacket) => string | undefined) | null {
  const names = type === MQTT_CONNECT ? CONNECT_FIELDS : CONNACK_FIELDS;
  if (names.includes(name)) return (packet) => packet.fields.get(name) || undefined;
  const id = /^[0-9]+$/.test(name) ? Number(name) : -1;
  const kind = PROPERTIES[id];
  if (kind === undefined || kind === 'pair') return null;
  // A number that version 5 could say and does not is 0.
  const absent = kind === 'text' || WILL_PROPERTIES.has(id) ? undefined : '0';
  return ({ fields, properties }) =>
    properties.get(id) ?? (fields.get('protocol_version') === '5' ? absent : undefined);
}
