/** Messages of FIX and MQTT (HAProxy manual, section 7.3.1). */

import type { Arg } from '../args.ts';
import type { Convert, ConverterRow } from '../row.ts';
import type { ExprError } from '../sample.ts';
import { asciiLower } from '../text.ts';
import { MQTT_CONNACK, MQTT_CONNECT, mqttField, mqttIsWhole, parseMqtt } from './mqtt.ts';

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

/** The shortest message that can be told to be none. */
const SHORTEST = 26;

/** Fields of a FIX message up to its checksum; false when it is malformed, undefined when more of it is needed. */
function fixFields(message: string): FixField[] | false | undefined {
  const fields: FixField[] = [];
  for (let at = 0; ; ) {
    const equals = message.indexOf('=', at);
    const end = message.indexOf(SOH, equals);
    if (equals === -1 || end === -1) return undefined;
    const tag = message.slice(at, equals);
    if (!/^[0-9]+$/.test(tag)) return false;
    fields.push({ tag: Number(tag), value: message.slice(equals + 1, end), at });
    at = end + 1;
    if (fields.at(-1)!.tag === FIX_TAGS['CheckSum']) return fields;
  }
}

/** Whether a message is a valid one, or undefined when more of it is needed to tell. */
function isValidFix(message: string): boolean | undefined {
  if (message.length < SHORTEST) return undefined;
  if (!message.includes(SOH)) return undefined;
  if (!message.startsWith('8=') || !FIX_VERSIONS.has(message.slice(2, message.indexOf(SOH)))) return false;
  const fields = fixFields(message);
  if (fields === undefined || fields === false) return fields;
  if (fields.length < 4) return false;
  const [, length, type] = fields as [FixField, FixField, FixField];
  const last = fields.at(-1)!;
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
    if (message.startsWith(prefix, at)) return message.slice(at + prefix.length, end) || undefined;
    at = end + 1;
  }
  return undefined;
}

function compileFixValue([tagArg]: readonly Arg[]): Convert | ExprError {
  const name = tagArg as string;
  const tag = FIX_TAGS[name] ?? (/^[0-9]+$/.test(name) ? Number(name) : 0);
  if (tag === 0) return { error: `Unknown FIX tag name '${name}'` };
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

const isPartialFix = (message: string): boolean => isValidFix(message) === undefined;
const isPartialMqtt = (bytes: string): boolean => !mqttIsWhole(bytes);

export const protocolConverters: readonly ConverterRow[] = [
  {
    name: 'fix_is_valid',
    args: '',
    in: 'bin',
    out: 'bool',
    incomplete: isPartialFix,
    compile: () => (message) => isValidFix(message as string),
  },
  { name: 'fix_tag_value', args: 'string', in: 'bin', out: 'bin', incomplete: isPartialFix, compile: compileFixValue },
  {
    name: 'mqtt_is_valid',
    args: '',
    in: 'bin',
    out: 'bool',
    incomplete: isPartialMqtt,
    compile: () => (bytes) => (mqttIsWhole(bytes as string) ? parseMqtt(bytes as string) !== null : undefined),
  },
  {
    name: 'mqtt_field_value',
    args: 'string,string',
    in: 'bin',
    out: 'str',
    incomplete: isPartialMqtt,
    compile: compileMqttField,
  },
];
