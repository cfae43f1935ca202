/** Messages of FIX and MQTT (HAProxy manual, section 7.3.1). */

import type { Arg } from '../args.ts';
import type { Convert, ConverterRow } from '../row.ts';
import type { ExprError } from '../sample.ts';
import { asciiLower } from '../text.ts';
import { MQTT_CONNACK, MQTT_CONNECT, mqttField, parseMqtt } from './mqtt.ts';

const FIX_TAGS: Readonly<Record<string, number>> = {
  BeginString: 8,
  BodyLength: 9,
  MsgType: 35,
  SenderCompID: 49,
  TargetCompID: 56,
  CheckSum: 10,
};
const FIX_VERSIONS = new Set(['FIX.4.0', 'FIX.4.1', 'FIX.4.2', 'FIX.4.3', 'FIX.4.4', 'FIXT.1.1']);
const SOH = '\x01';

interface FixField {
  readonly tag: number;
  readonly value: string;
  /** Offset of the field in the message. */
  readonly at: number;
}

/** Fields of a FIX message up to its checksum, or null when it is malformed or not whole. */
function fixFields(message: string): FixField[] | null {
  const fields: FixField[] = [];
  let at = 0;
  while (at < message.length) {
    const end = message.indexOf(SOH, at);
    if (end === -1) return null;
    const match = /^([0-9]+)=(.+)$/s.exec(message.slice(at, end));
    if (match === null) return null;
    fields.push({ tag: Number(match[1]), value: match[2]!, at });
    at = end + 1;
    if (fields.at(-1)!.tag === FIX_TAGS['CheckSum']) return fields;
  }
  return null;
}

function isValidFix(message: string): boolean {
  const fields = fixFields(message);
  if (fields === null || fields.length < 4) return false;
  const [begin, length, type] = fields as [FixField, FixField, FixField];
  const last = fields.at(-1)!;
  if (begin.tag !== FIX_TAGS['BeginString'] || !FIX_VERSIONS.has(begin.value)) return false;
  if (length.tag !== FIX_TAGS['BodyLength'] || Number(length.value) !== last.at - type.at) return false;
  if (type.tag !== FIX_TAGS['MsgType']) return false;
  let sum = 0;
  for (let i = 0; i < last.at; i++) sum = (sum + message.charCodeAt(i)) & 255;
  return /^[0-9]{3}$/.test(last.value) && Number(last.value) === sum;
}

function fixValue(message: string, tag: number): string | undefined {
  const prefix = `${tag}=`;
  let at = 0;
  while (at < message.length) {
    const end = message.indexOf(SOH, at);
    if (end === -1) return undefined;
    if (message.startsWith(prefix, at)) return message.slice(at + prefix.length, end);
    at = end + 1;
  }
  return undefined;
}

function compileFixValue([tagArg]: readonly Arg[]): Convert | ExprError {
  const name = tagArg as string;
  const tag = FIX_TAGS[name] ?? (/^[0-9]+$/.test(name) ? Number(name) : null);
  if (tag === null) return { error: `Unknown FIX tag name '${name}'` };
  return (message) => fixValue(message as string, tag);
}

const MQTT_TYPES: Readonly<Record<string, number>> = {
  connect: MQTT_CONNECT,
  connack: MQTT_CONNACK,
  [String(MQTT_CONNECT)]: MQTT_CONNECT,
  [String(MQTT_CONNACK)]: MQTT_CONNACK,
};

function compileMqttField([typeArg, fieldArg]: readonly Arg[]): Convert | ExprError {
  const type = MQTT_TYPES[asciiLower(typeArg as string)];
  if (type === undefined) return { error: `Unknown MQTT type '${typeArg}'` };
  const read = mqttField(type, asciiLower(fieldArg as string));
  if (read === null) return { error: `unknown MQTT field name '${fieldArg}'` };
  return (bytes) => {
    const packet = parseMqtt(bytes as string);
    return packet === null || packet.type !== type ? undefined : read(packet);
  };
}

export const protocolConverters: readonly ConverterRow[] = [
  { name: 'fix_is_valid', args: '', in: 'bin', out: 'bool', compile: () => (message) => isValidFix(message as string) },
  { name: 'fix_tag_value', args: 'string', in: 'bin', out: 'bin', compile: compileFixValue },
  {
    name: 'mqtt_is_valid',
    args: '',
    in: 'bin',
    out: 'bool',
    compile: () => (bytes) => parseMqtt(bytes as string) !== null,
  },
  { name: 'mqtt_field_value', args: 'string,string', in: 'bin', out: 'str', compile: compileMqttField },
];
