import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { DEFAULT_TOKEN_RULES, TOKEN_ALGORITHMS } from '../../src/config/token-algorithms.ts';
import { compileWhole, evaluateText } from '../../src/expr/compile.ts';
import { place } from '../../src/expr/row.ts';
import { context } from './context.ts';
import type { TokenAnswers, TokenCase } from './record-tokens.ts';

const golden: TokenAnswers = JSON.parse(readFileSync(new URL('golden/tokens.json', import.meta.url), 'utf8'));

/** Refused by RFC 7516 (sections 4.1.3, 4.1.13 and 5.2): HAProxy gives what it has decrypted. */
const REFUSED = ['compressed', 'critical', 'a key where none is wanted'];

describe('tokens give what they give in HAProxy 3.4', () => {
  const rules = [
    ['value', DEFAULT_TOKEN_RULES],
    ['allowed', { ...DEFAULT_TOKEN_RULES, algorithms: TOKEN_ALGORITHMS, unsigned: true }],
  ] as const;
  for (const [column, tokens] of rules) {
    const env = {
      ...{ places: place.frontendHttpRequest, tokens },
      readFile: (path: string) => golden.files[path] ?? null,
    };
    const valueOf = ({ token, converter, vars }: TokenCase) => {
      const ctx = context({ requestPayload: token });
      const run = (text: string) => {
        const compiled = compileWhole(text, env);
        if ('error' in compiled) throw new Error(compiled.error);
        return evaluateText(compiled, ctx);
      };
      for (const [name, value] of Object.entries(vars))
        run(`str(${Buffer.from(value).toString('base64')}),b64dec,set-var(txn.${name})`);
      return run(`req.body,${converter}`) ?? null;
    };
    for (const one of golden.cases)
      test(`${one.what}, ${column}`, () => {
        assert.equal(valueOf(one), REFUSED.includes(one.what) ? null : one[column]);
      });
    test(`a signature that is no two numbers of the curve is invalid, ${column}`, () => {
      const signed = golden.cases.find(({ what }) => what.startsWith('ES256 by ec.pem'))!;
      assert.equal(valueOf(signed), '1');
      assert.equal(valueOf({ ...signed, token: `${signed.token.slice(0, -4)}` }), '-3');
    });
  }
});
