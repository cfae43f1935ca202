/** Integer arithmetic on 64 bits that stops at the limits, and booleans of integers (HAProxy manual, section 7.3.1). */

import type { Convert, ConverterRow } from '../row.ts';
import { parseSint, SINT_MAX, type Sint, saturate, wrap } from '../sample.ts';
import { sintOrVar } from '../vars.ts';

type Exact = (a: bigint, b: bigint) => Sint;
type Fast = (a: number, b: number) => number;

/** A converter with one operand: `fast` when numbers and their result are exact, else `exact`. */
function operator(name: string, fast: Fast, exact: Exact): ConverterRow {
  return {
    name,
    args: 'string',
    in: 'sint',
    out: 'sint',
    compile: ([operand]) => {
      const read = sintOrVar(operand as string, parseSint(operand as string));
      if (typeof read !== 'function') return read;
      return (value, ctx) => {
        const other = read(ctx);
        if (other === undefined) return undefined;
        if (typeof value === 'number' && typeof other === 'number') {
          const result = fast(value, other);
          if (Number.isSafeInteger(result)) return result;
        }
        return exact(BigInt(value as Sint), BigInt(other as Sint));
      };
    },
  };
}

/** Bitwise operators work on 32 bits in JavaScript: NaN sends all else the exact way. */
function bitwise(operate: Fast): Fast {
  return (a, b) => ((a | 0) === a && (b | 0) === b ? operate(a, b) : Number.NaN);
}

const negate: Convert = (value) =>
  typeof value === 'number' ? (value === 0 ? 0 : -value) : saturate(-BigInt(value as Sint));

const isOdd = (value: Sint): boolean => (typeof value === 'number' ? value % 2 !== 0 : (value & 1n) === 1n);

/** A converter from an integer to a boolean. */
const test = (name: string, decide: (value: Sint) => boolean): ConverterRow => ({
  name,
  args: '',
  in: 'sint',
  out: 'bool',
  compile: () => (value) => decide(value as Sint),
});

export const arithmeticConverters: readonly ConverterRow[] = [
  operator(
    'add',
    (a, b) => a + b,
    (a, b) => saturate(a + b),
  ),
  operator(
    'sub',
    (a, b) => a - b,
    (a, b) => saturate(a - b),
  ),
  operator(
    'mul',
    (a, b) => a * b || 0,
    (a, b) => saturate(a * b),
  ),
  operator(
    'div',
    (a, b) => (b === 0 ? Number.NaN : Math.trunc(a / b) || 0),
    (a, b) => (b === 0n ? SINT_MAX : saturate(a / b)),
  ),
  operator(
    'mod',
    (a, b) => (b === 0 ? 0 : a % b || 0),
    (a, b) => (b === 0n ? 0 : saturate(a % b)),
  ),
  operator(
    'and',
    bitwise((a, b) => a & b),
    (a, b) => wrap(a & b),
  ),
  operator(
    'or',
    bitwise((a, b) => a | b),
    (a, b) => wrap(a | b),
  ),
  operator(
    'xor',
    bitwise((a, b) => a ^ b),
    (a, b) => wrap(a ^ b),
  ),
  { name: 'neg', args: '', in: 'sint', out: 'sint', compile: () => negate },
  {
    name: 'cpl',
    args: '',
    in: 'sint',
    out: 'sint',
    compile: () => (value) => (typeof value === 'number' ? -value - 1 : wrap(~BigInt(value as bigint))),
  },
  test('bool', (value) => Number(value) !== 0),
  test('not', (value) => Number(value) === 0),
  test('odd', isOdd),
  test('even', (value) => !isOdd(value)),
];
