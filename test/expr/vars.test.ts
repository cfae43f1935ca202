import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileExpression, evaluateText } from '../../src/expr/compile.ts';
import { compileLogFormat } from '../../src/expr/log/format.ts';
import { place } from '../../src/expr/row.ts';
import { isError } from '../../src/expr/sample.ts';
import type { ExprContext } from '../../src/expr/types.ts';
import { describeVar, parseVarName, readVar, writeVar } from '../../src/expr/vars.ts';
import { context } from './context.ts';

const env = { places: place.frontendHttpRequest, proxy: 'fe' };

function textOf(expression: string, ctx: ExprContext): string | undefined {
  const parsed = compileExpression([expression], env);
  assert.ok(!isError(parsed), JSON.stringify(parsed));
  return evaluateText(parsed.compiled, ctx);
}

describe('variables', () => {
  test('have a scope and a name', () => {
    assert.deepEqual(parseVarName('txn.a.b'), { scope: 'txn', name: 'a.b' });
    assert.deepEqual(parseVarName('proc.x_1'), { scope: 'proc', name: 'x_1' });
    for (const bad of ['', 'a', 'foo.a', 'txn.', '.a', 'txn.a$']) assert.ok(isError(parseVarName(bad)), bad);
  });

  test('keep value and type through set-var and var', () => {
    for (const [expression, type, text] of [
      ['int(5)', 'sint', '5'],
      ['bool(true)', 'bool', '1'],
      ['src', 'ipv4', '192.0.2.7'],
      ['ipv6(2001:db8::1)', 'ipv6', '2001:db8::1'],
      ['method', 'meth', 'GET'],
      ['bin(6162)', 'bin', 'ab'],
      ['str(x)', 'str', 'x'],
    ] as const) {
      const ctx = context();
      assert.equal(textOf(`${expression},set-var(sess.v)`, ctx), text);
      assert.equal(ctx.vars('sess').get('v')?.type, type, expression);
      assert.equal(textOf('var(sess.v)', ctx), text);
      assert.equal(textOf('var(sess.v),set-var(txn.w)', ctx), text);
      assert.equal(ctx.vars('txn').get('w')?.type, type, `${expression} copied`);
    }
  });

  test('are cast to what the next step takes, or drop the sample', () => {
    const ctx = context();
    writeVar(ctx, { scope: 'txn', name: 'ip' }, '10.0.0.1', 'ipv4');
    assert.equal(textOf('var(txn.ip),ipmask(8)', ctx), '10.0.0.0');
    assert.equal(textOf('var(txn.ip),add(1)', ctx), '167772162');
    assert.equal(textOf('var(txn.ip),hex', ctx), '0A000001');
    writeVar(ctx, { scope: 'txn', name: 'bytes' }, '\x01\x02', 'bin');
    assert.equal(textOf('var(txn.bytes),add(1)', ctx), undefined);
    assert.equal(textOf('var(txn.bytes),hex', ctx), '0102');
  });

  test('have defaults, and can be unset', () => {
    const ctx = context();
    assert.equal(textOf('var(req.none,fallback)', ctx), 'fallback');
    writeVar(ctx, { scope: 'req', name: 'none' }, 1, 'sint');
    assert.equal(textOf('var(req.none,fallback)', ctx), '1');
    assert.equal(textOf('str(x),unset-var(req.none)', ctx), 'x');
    assert.equal(readVar(ctx, { scope: 'req', name: 'none' }), undefined);
  });

  test('are shown as the Runtime API shows them', () => {
    assert.equal(describeVar({ type: 'sint', value: 42 }), 'type=sint value=<42>');
    assert.equal(describeVar({ type: 'str', value: 'a3b' }), 'type=str value=<a3b>');
    assert.equal(describeVar({ type: 'bool', value: true }), 'type=bool value=<1>');
  });

  test('take texts of log-formats as they are', () => {
    const format = compileLogFormat('a%[int(3)]b%[str("x\\ny")]', env, { raw: true });
    assert.ok(!isError(format));
    assert.equal(format.format(context()), 'a3bx\ny');
  });
});
