/** Fields of Protocol Buffers messages (protobuf.dev/programming-guides/encoding), bare and in gRPC frames. */

import type { Arg } from '../args.ts';
import type { Convert, ConverterRow } from '../row.ts';
import { dynamic, type ExprError, type Sint, saturate, wrap } from '../sample.ts';
import type { SampleValue } from '../types.ts';

const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** A field as found: its wire type and its bytes (for a varint, all of them). */
interface Field {
  readonly wire: number;
  readonly bytes: string;
}

/** End of the varint at `at`, or -1 when it is cut off or longer than ten bytes. */
function varintEnd(bytes: string, at: number): number {
  for (let i = at; i < bytes.length && i < at + 10; i++) if (bytes.charCodeAt(i) < 0x80) return i + 1;
  return -1;
}

function varint(bytes: string, at: number, end: number): bigint {
  let value = 0n;
  for (let i = end - 1; i >= at; i--) value = (value << 7n) | BigInt(bytes.charCodeAt(i) & 0x7f);
  return BigInt.asUintN(64, value);
}

/** The first field of that number in a message, or null. */
function findField(message: string, number: number): Field | null {
  let at = 0;
  while (at < message.length) {
    const keyEnd = varintEnd(message, at);
    if (keyEnd === -1) return null;
    const key = varint(message, at, keyEnd);
    const wire = Number(key & 7n);
    const content = contentOf(message, keyEnd, wire);
    if (content === null) return null;
    if (key >> 3n === BigInt(number)) return { wire, bytes: message.slice(content.start, content.end) };
    at = content.end;
  }
  return null;
}

function contentOf(message: string, at: number, wire: number): { start: number; end: number } | null {
  let start = at;
  let end: number;
  switch (wire) {
    case WIRE.varint:
      end = varintEnd(message, at);
      break;
    case WIRE.fixed64:
      end = at + 8;
      break;
    case WIRE.fixed32:
      end = at + 4;
      break;
    case WIRE.bytes: {
      start = varintEnd(message, at);
      if (start === -1) return null;
      end = start + Number(varint(message, at, start));
      break;
    }
    default:
      return null;
  }
  return end === -1 || end > message.length ? null : { start, end };
}

const bufferOf = (bytes: string): Buffer => Buffer.from(bytes, 'latin1');
const varintOf = (bytes: string): bigint => varint(bytes, 0, bytes.length);
const truncated = (value: number): Sint | undefined =>
  Number.isFinite(value) ? saturate(BigInt(Math.trunc(value))) : undefined;

/** Types of scalar fields: their wire type, and their value as an integer. */
const SCALARS: Readonly<Record<string, { wire: number; read: (bytes: string) => Sint | undefined }>> = {
  int32: { wire: WIRE.varint, read: (bytes) => Number(BigInt.asIntN(32, varintOf(bytes))) },
  uint32: { wire: WIRE.varint, read: (bytes) => Number(BigInt.asUintN(32, varintOf(bytes))) },
  sint32: { wire: WIRE.varint, read: (bytes) => Number(unzigzag(BigInt.asUintN(32, varintOf(bytes)))) },
  int64: { wire: WIRE.varint, read: (bytes) => wrap(varintOf(bytes)) },
  uint64: { wire: WIRE.varint, read: (bytes) => wrap(varintOf(bytes)) },
  sint64: { wire: WIRE.varint, read: (bytes) => wrap(unzigzag(varintOf(bytes))) },
  bool: { wire: WIRE.varint, read: (bytes) => (varintOf(bytes) === 0n ? 0 : 1) },
  enum: { wire: WIRE.varint, read: (bytes) => Number(BigInt.asIntN(32, varintOf(bytes))) },
  fixed64: { wire: WIRE.fixed64, read: (bytes) => wrap(bufferOf(bytes).readBigUInt64LE()) },
  sfixed64: { wire: WIRE.fixed64, read: (bytes) => wrap(bufferOf(bytes).readBigInt64LE()) },
  double: { wire: WIRE.fixed64, read: (bytes) => truncated(bufferOf(bytes).readDoubleLE()) },
  fixed32: { wire: WIRE.fixed32, read: (bytes) => bufferOf(bytes).readUInt32LE() },
  sfixed32: { wire: WIRE.fixed32, read: (bytes) => bufferOf(bytes).readInt32LE() },
  float: { wire: WIRE.fixed32, read: (bytes) => truncated(bufferOf(bytes).readFloatLE()) },
};

/** The largest field number there is (Protocol Buffers, "Assigning Field Numbers"). */
const FIELD_MAX = 536_870_911;

/** ZigZag: small absolute values have small codes. */
function unzigzag(value: bigint): bigint {
  return (value >> 1n) ^ -(value & 1n);
}

function compileField([pathArg, typeArg]: readonly Arg[]): Convert | ExprError {
  const path = (pathArg as string).split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : 0));
  if (path.some((number) => number < 1 || number > FIELD_MAX))
    return { error: `Wrong PB field number '${pathArg as string}'` };
  const typeName = (typeArg as string | undefined) ?? '';
  const scalar = typeName === '' ? null : SCALARS[typeName];
  if (scalar === undefined) return { error: `Wrong PB field type '${typeName}'` };
  return (value): SampleValue | undefined => {
    let message: string | null = value as string;
    for (let i = 0; message !== null && i < path.length; i++) {
      const field: Field | null = findField(message, path[i]!);
      if (field === null) return undefined;
      if (i < path.length - 1) {
        message = field.wire === WIRE.bytes ? field.bytes : null;
        continue;
      }
      if (scalar === null) {
        dynamic.type = 'bin';
        return field.bytes;
      }
      if (field.wire !== scalar.wire) return undefined;
      dynamic.type = 'sint';
      return scalar.read(field.bytes);
    }
    return undefined;
  };
}

/** Bytes in front of each message of gRPC: a flag for compression, four of length. */
const GRPC_HEADER = 5;

/** The field in the first message that has it; none in what is compressed, and in a message that is not there as a whole. */
function compileGrpcField(args: readonly Arg[]): Convert | ExprError {
  const find = compileField(args);
  if (typeof find !== 'function') return find;
  return (value, ctx, type) => {
    const bytes = value as string;
    for (let at = 0; bytes.length - at > GRPC_HEADER; ) {
      const length = Buffer.from(bytes.slice(at + 1, at + GRPC_HEADER), 'latin1').readUInt32BE();
      const begin = at + GRPC_HEADER;
      if (bytes.charCodeAt(at) !== 0 || length > bytes.length - begin) return undefined;
      const found = find(bytes.slice(begin, begin + length), ctx, type);
      if (found !== undefined) return found;
      at = begin + length;
    }
    return undefined;
  };
}

const ROW = { args: 'Protocol buffers field number[,string]', in: 'bin', out: 'bin', dynamic: true } as const;

export const protobufConverters: readonly ConverterRow[] = [
  { ...ROW, name: 'protobuf', compile: compileField },
  { ...ROW, name: 'ungrpc', compile: compileGrpcField },
];
