import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { signed } from '../../src/discovery/aws/signature.ts';

/** Cases of AWS's published test suite for Signature Version 4 (aws4_testsuite), by their names. */
const CASES: readonly (readonly [
  name: string,
  method: string,
  target: string,
  headers: Record<string, string>,
  body: string,
  signature: string,
])[] = [
  ['get-vanilla', 'GET', '/', {}, '', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  ['post-vanilla', 'POST', '/', {}, '', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  [
    'get-vanilla-query-order-key-case',
    ...(['GET', '/?Param2=value2&Param1=value1', {}, ''] as const),
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  ],
  [
    'get-header-value-trim',
    ...(['GET', '/', { 'my-header1': ' value1', 'my-header2': ' "a   b   c" ' }, ''] as const),
    'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  ],
  [
    'post-x-www-form-urlencoded',
    ...(['POST', '/', { 'content-type': 'application/x-www-form-urlencoded' }, 'Param1=value1'] as const),
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  ],
];

const CREDENTIALS = { keyId: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', sessionToken: '' };
const PLACE = { region: 'us-east-1', service: 'service', now: new Date('2015-08-30T12:36:00Z') };

suite("AWS's signature", () => {
  for (const [name, method, target, headers, body, signature] of CASES)
    test(`of the published case ${name} is right`, () => {
      const url = new URL(target, 'https://example.amazonaws.com');
      const { authorization } = signed({ method, url, headers, body }, CREDENTIALS, PLACE);
      const names = [...Object.keys(headers), 'host', 'x-amz-date'].sort().join(';');
      assert.equal(
        authorization,
        `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${names}, Signature=${signature}`,
      );
    });

  test('is about the session token, too', () => {
    const url = new URL('https://example.amazonaws.com/');
    const headers = signed(
      { method: 'POST', url, headers: {}, body: '' },
      { ...CREDENTIALS, sessionToken: 'token' },
      PLACE,
    );
    assert.equal(headers['x-amz-security-token'], 'token');
    assert.match(headers['authorization']!, /SignedHeaders=host;x-amz-date;x-amz-security-token,/);
  });
});
